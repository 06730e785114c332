"""Whatever a provider sends: an answer, an error inside, or neither; read alike whole, streamed and in a batch."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.models.anthropic.answers import MessagesReader
from evalkit.models.anthropic.answers import usage_of as anthropic_usage
from evalkit.models.content import ONLY_THOUGHT
from evalkit.models.endings import ENDINGS, NO_ANSWER
from evalkit.models.fields import WRONG_SHAPE
from evalkit.models.openai.answers import CACHE_READ, CACHE_WRITTEN, ChatReader, usage_of
from evalkit.models.sdk import Reader, read_whole
from evalkit.records.completion import Completion, Failure, Timing, Usage
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from tests.models.wire import JSON

NOW = Timing(1.0)
READERS: dict[str, Reader] = {"openai": ChatReader(), "anthropic": MessagesReader()}


def chat(message: Any, finish: Any = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish, **more}]}


def message(content: Any, stop: Any = "end_turn", **more: Any) -> dict[str, Any]:
    return {"type": "message", "content": content, "stop_reason": stop, **more}


def read(api: str, data: Any) -> Completion | Failure:
    return read_whole(READERS[api], data, NOW)


def failure(api: str, data: Any) -> Failure:
    outcome = read(api, data)
    assert isinstance(outcome, Failure), outcome
    return outcome


def streamed(api: str, events: list[Any]) -> Completion | Failure | None:
    stream = READERS[api].stream()
    for event in events:
        stream.feed(event)
    return stream.completion(NOW)


# An error in the place of an answer: body, kind of failure, what its reason says.
ERRORS: dict[str, tuple[Any, str, str]] = {
    "openrouter": ({"error": {"code": 402, "message": "No credits"}}, "fatal", "No credits"),
    "code as text": ({"error": {"code": "429", "message": "Slow down"}}, "infra", "Slow down"),
    "by its name": ({"error": {"type": "overloaded_error", "message": "Busy"}}, "infra", "Busy"),
    "anthropic": ({"type": "error", "error": {"type": "authentication_error", "message": "Bad"}}, "fatal", "Bad"),
    "a list": ([{"error": {"code": 503, "message": "Down", "status": "UNAVAILABLE"}}], "infra", "Down"),
    "errors in a list": ({"error": [{"message": "First"}]}, "infra", "First"),
    "text": ({"error": "It broke"}, "infra", "It broke"),
    "vllm": ({"object": "error", "message": "Engine died", "code": 500}, "infra", "Engine died"),
    "fastapi": ({"detail": "Try later"}, "infra", "Try later"),
    "minimax": ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "Wait"}}, "infra", "Wait"),
    "beside choices": ({**chat({"content": "x"}), "error": {"message": "Upstream"}}, "infra", "Upstream"),
    "beside content": ({**message([{"type": "text", "text": "x"}]), "error": {"message": "Up"}}, "infra", "Up"),
}


@pytest.mark.parametrize("api", READERS)
@pytest.mark.parametrize(("body", "kind", "words"), ERRORS.values(), ids=ERRORS)
def test_an_error_inside_a_200_is_judged_as_one(api: str, body: Any, kind: str, words: str) -> None:
    found = failure(api, body)
    assert found.kind == kind and words in found.reason


@pytest.mark.parametrize("nothing", [None, "", {}, False, {"message": None, "code": None}, []])
def test_an_error_that_says_nothing_is_none(nothing: Any) -> None:
    assert isinstance(read("openai", {**chat({"content": "x"}), "error": nothing}), Completion)


def test_an_error_of_a_choice_is_told_whole_and_streamed() -> None:
    error = {"code": 502, "message": "upstream failed"}
    assert "upstream failed" in failure("openai", chat({"content": ""}, "error", error=error)).reason
    events = [{"choices": [{"delta": {"content": "par"}}]}, {"choices": [{"delta": {}, "error": error}]}]
    found = streamed("openai", events)
    assert isinstance(found, Failure) and "upstream failed" in found.reason


@pytest.mark.parametrize("choices", [[], None])
def test_no_choices_is_no_answer(choices: Any) -> None:
    found = failure("openai", {"choices": choices})
    assert (found.kind, found.retryable) == ("infra", True) and "no choices" in found.reason


def test_a_choice_without_a_message() -> None:
    assert "without a message" in failure("openai", {"choices": [{"finish_reason": "stop"}]}).reason
    azure = {"hate": {"filtered": True, "severity": "high"}, "jailbreak": {"filtered": False}}
    for finish in ("content_filter", "stop", None):
        found = read("openai", {"choices": [{"finish_reason": finish, "content_filter_results": azure}]})
        assert isinstance(found, Completion) and found.stop == "refusal"
    events = [{"choices": [{"delta": None, "content_filter_results": azure}]}]
    filtered = streamed("openai", events)
    assert isinstance(filtered, Completion) and filtered.stop == "refusal"


def test_a_refusal_without_content_is_a_refusal() -> None:
    for content in (None, []):
        found = read("anthropic", message(content, "refusal"))
        assert isinstance(found, Completion) and found.stop == "refusal"
    found = read("openai", chat({"content": None, "refusal": "I cannot"}))
    assert isinstance(found, Completion) and (found.stop, found.text) == ("refusal", "I cannot")


@pytest.mark.parametrize("api", READERS)
def test_null_is_no_text_and_an_empty_text_is_one(api: str) -> None:
    make = chat if api == "openai" else message
    null, empty = ({"content": None}, {"content": ""}) if api == "openai" else (None, [])
    assert "null" in failure(api, make(null)).reason
    found = read(api, make(empty))
    assert isinstance(found, Completion) and (found.text, found.stop) == ("", "end")
    cut = read(api, make(null, "length"))
    assert isinstance(cut, Completion) and cut.stop == "max_tokens"


THOUGHTS: dict[str, tuple[str, Any]] = {
    "reasoning_content": ("openai", chat({"content": "", "reasoning_content": "It is yes"})),
    "reasoning": ("openai", chat({"content": None, "reasoning": "It is yes"})),
    "mistral": ("openai", chat({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "yes"}]}]})),
    "anthropic": ("anthropic", message([{"type": "thinking", "thinking": "yes"}])),
}


@pytest.mark.parametrize(("api", "data"), THOUGHTS.values(), ids=THOUGHTS)
def test_an_answer_that_is_all_thinking_is_told_and_not_scored(api: str, data: Any) -> None:
    found = failure(api, data)
    assert (found.reason, found.retryable) == (ONLY_THOUGHT, False)


PARTS = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
    {"type": "text", "text": "ye"},
    {"type": "reference", "reference_ids": [1]},
    "s",
]


def test_parts_are_joined_and_thinking_is_left_out() -> None:
    found = read("openai", chat({"content": PARTS}))
    assert isinstance(found, Completion) and found.text == "yes"
    events = [{"choices": [{"delta": {"content": [part]}}]} for part in PARTS]
    end = {"choices": [{"delta": {"content": []}, "finish_reason": "stop"}]}
    piecewise = streamed("openai", [*events, end])
    assert isinstance(piecewise, Completion) and piecewise.text == "yes"


@pytest.mark.parametrize("part", [{"type": "hologram", "says": "yes"}, {"type": None, "in": [{}]}, {"text": "yes"}])
def test_a_part_of_an_unknown_kind_may_be_the_answer(part: Any) -> None:
    assert "not known" in failure("openai", chat({"content": [part, "x"]})).reason
    assert "not known" in failure("anthropic", message([part, {"type": "text", "text": "x"}])).reason


@pytest.mark.parametrize("part", [{"type": "note", "id": "p1", "tokens": 3}, {"type": "text", "text": None}])
def test_a_part_without_words_costs_only_itself(part: Any) -> None:
    for api, answer_ in (("openai", chat({"content": [part, "x"]})), ("anthropic", message([part, TEXT_PART]))):
        found = read(api, answer_)
        assert isinstance(found, Completion) and found.text == "x"


TEXT_PART = {"type": "text", "text": "x"}


def test_chunks_that_hold_nothing_cost_nothing() -> None:
    said, end = {"choices": [{"delta": {"content": "yes"}}]}, {"choices": [{"delta": None, "finish_reason": "stop"}]}
    usage = {"prompt_tokens": 5, "completion_tokens": 1}
    noise: list[Any] = [{}, None, [], "ping", {"choices": None}, {"choices": []}, {"status": "waiting", "message": "…"},
                        {"choices": [{"delta": None}]}, {"choices": [{"delta": {"content": None}}]}]  # fmt: skip
    found = streamed("openai", [*noise, said, *noise, end, *noise, {"usage": usage}])
    assert isinstance(found, Completion) and found.text == "yes"
    assert found.usage == Usage(5, None, output=1)
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 0}}}
    block = {"type": "content_block_start", "content_block": {"type": "text"}}
    delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "yes"}}
    over = [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": None}, {"type": "message_stop"}]
    quiet: list[Any] = [{"type": "ping"}, {}, None, {"type": "content_block_delta", "delta": None}, {"type": "new"}]
    whole = streamed("anthropic", [start, *quiet, block, *quiet, delta, *quiet, *over])
    assert isinstance(whole, Completion) and whole.text == "yes"


def test_thinking_that_is_counted_beside_the_completion_is_output() -> None:
    """The total tells; the bill has it."""
    beside = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115}
    assert usage_of(beside) == Usage(10, None, output=105, thinking=100)
    told = {**beside, "completion_tokens_details": {"reasoning_tokens": 100}}
    assert usage_of(told) == Usage(10, None, output=105, thinking=100)
    inside = {"prompt_tokens": 10, "completion_tokens": 105, "total_tokens": 115}
    assert usage_of({**inside, "completion_tokens_details": {"reasoning_tokens": 100}}) == Usage(
        10, None, output=105, thinking=100
    )


def test_a_usage_of_zeros_is_none_at_all() -> None:
    """Some gateways fill it in: a call for nothing would be the price."""
    assert usage_of({"prompt_tokens": 0, "completion_tokens": 0}) is None
    assert anthropic_usage({"input_tokens": 0, "output_tokens": 5}) is None
    assert anthropic_usage({"input_tokens": 0, "output_tokens": 5, "cache_read_input_tokens": 9}) is not None


def test_kimi_puts_the_usage_of_a_stream_into_the_choice() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "cached_tokens": 4}
    found = streamed("openai", [{"choices": [{"delta": {"content": "x"}, "finish_reason": "stop", "usage": usage}]}])
    assert isinstance(found, Completion) and found.usage == Usage(5, 4, output=1)


def placed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A usage with a counter at a place of the table."""
    told: Any = value
    for name in reversed(path):
        told = {name: told}
    return {"prompt_tokens": 100, "completion_tokens": 1, **told}


@pytest.mark.parametrize("path", CACHE_READ, ids=".".join)
def test_every_spelling_of_cache_reads_is_read(path: tuple[str, ...]) -> None:
    assert usage_of(placed(path, 60)) == Usage(40, 60, output=1)
    assert usage_of(placed(path, 0)) == Usage(100, 0, output=1)
    for unknown in (None, -1, "sixty", 1.5, True):
        assert usage_of(placed(path, unknown)) == Usage(100, None, output=1)


@pytest.mark.parametrize("path", CACHE_WRITTEN, ids=".".join)
def test_every_spelling_of_cache_writes_is_read(path: tuple[str, ...]) -> None:
    assert usage_of(placed(path, 60)) == Usage(40, None, 60, output=1)


def test_counters_of_several_servers() -> None:
    plain = {"prompt_tokens": 100, "completion_tokens": 1}
    assert usage_of({**plain, "prompt_tokens_details": None}) == Usage(100, None, output=1)
    deepseek = {
        "prompt_cache_hit_tokens": 80,
        "prompt_cache_miss_tokens": 20,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    assert usage_of({**plain, **deepseek}) == Usage(20, 80, output=1)
    assert usage_of({**plain, "prompt_cache_miss_tokens": 30}) == Usage(30, 70, output=1)
    apart = {"cache_read_input_tokens": 900, "cache_creation_input_tokens": 50}
    assert usage_of({**plain, **apart}) == Usage(100, 900, 50, output=1)


def test_an_unknown_counter_is_unknown_in_sums_until_one_tells() -> None:
    silent, told = Usage(10, None, output=1), Usage(4, 6, output=1)
    assert (silent + silent).cache_read is None
    assert (silent + told).cache_read == 6
    assert silent.prompt == 10
    price = Price((Tier(Rates(input=1.0, output=0.0, cache_read=0.1)),), None, "test")
    assert price.cost(silent) == pytest.approx(10e-6)


FINISHED = [row.word for row in ENDINGS]
WORDS = st.sampled_from([*FINISHED, *NO_ANSWER, "", "odd"]) | st.none() | st.integers() | st.text(max_size=5)
CONTENT = st.none() | st.text(max_size=4) | st.lists(JSON, max_size=2) | JSON
MESSAGE = st.fixed_dictionaries({}, optional={"content": CONTENT, "refusal": JSON, "reasoning_content": JSON})


@settings(max_examples=300, deadline=None)
@given(MESSAGE | JSON, WORDS | JSON, JSON)
def test_no_completion_without_a_known_ending_and_a_text(said: Any, ending: Any, usage: Any) -> None:
    """Whatever the JSON: a figure is computed only from what a person would call an answer."""
    content = said.get("content") if isinstance(said, dict) else said
    bodies = {"openai": chat(said, ending), "anthropic": message(content, ending)}
    for api, body in bodies.items():
        outcome = read(api, {**body, "usage": usage})
        if isinstance(outcome, Failure):
            assert outcome.reason and outcome.kind in ("infra", "ambiguous", "fatal", "rejected")
            continue
        word = (
            ending.strip().casefold().replace("-", "_").replace(" ", "_").split(":")[0]
            if isinstance(ending, str)
            else None
        )
        assert word in FINISHED
        outcome.text.encode()
        if outcome.stop == "end":
            assert content is not None
            assert outcome.text in ("", content) or isinstance(content, list)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_body_has_an_outcome(data: Any) -> None:
    for api in READERS:
        assert isinstance(read(api, data), Completion | Failure)


@settings(max_examples=200, deadline=None)
@given(st.lists(JSON, max_size=5))
def test_events_alone_make_no_answer(events: list[Any]) -> None:
    for api in READERS:
        try:
            outcome = streamed(api, events)
        except WRONG_SHAPE:
            continue
        if isinstance(outcome, Completion):
            assert outcome.stop in ("end", "max_tokens", "refusal")
