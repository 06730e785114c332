"""The Messages API: the body that is sent, and every kind of answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import ModelUnavailable
from evalkit.models.anthropic.answers import MessagesReader, usage_of
from evalkit.models.anthropic.model import AnthropicModel
from evalkit.models.fields import WRONG_SHAPE
from evalkit.models.registry import open_model
from evalkit.records.completion import Failure, Timing, Usage
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Reasoning
from evalkit.suite.prompts.template import make_prefix
from tests.conftest import TEST_KEY
from tests.engine.asking import LONG_PREFIX, context, spec
from tests.models.wire import JSON, SHORT, TURNS, answer, ask, sent, well_typed
from tests.servers.anthropic_rules import parts_of
from tests.servers.launch import FakeProvider

PLAIN = Parameters(max_tokens=16)
MARK_5M = {"type": "ephemeral", "ttl": "5m"}


def encode(model: str, parameters: Parameters = PLAIN, prefix: Prefix = SHORT) -> dict[str, Any]:
    """The body that a model would send, without asking."""
    opened = open_model(spec("anthropic", "http://127.0.0.1:1", provider_model=f"anthropic/{model}"), context())
    assert isinstance(opened, AnthropicModel)
    body, turns = opened.encode(prefix, parameters)
    return {**body, "messages": turns}


def marks(body: dict[str, Any]) -> list[tuple[str, bytes, Any]]:
    """(role, content, cache_control) of the blocks with a breakpoint."""
    return [part for part in parts_of(body) if part[2]]


def test_the_only_breakpoint_ends_the_prefix(fake_anthropic: FakeProvider) -> None:
    ask(fake_anthropic, "anthropic")
    (body,) = sent(fake_anthropic)
    assert marks(body) == [("assistant", b"two", MARK_5M)]
    assert [role for role, _, _ in parts_of(body)] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert body["messages"][-1] == {"role": "user", "content": "third?"}


def test_without_examples_the_breakpoint_ends_the_system_text() -> None:
    body = encode("claude-haiku-5-5", prefix=make_prefix("Be brief.", []))
    assert marks(body) == [("system", b"Be brief.", MARK_5M)]


def test_without_a_prefix_there_is_no_breakpoint_and_no_system() -> None:
    body = encode("claude-haiku-5-5", prefix=make_prefix("", []))
    assert marks(body) == [] and "system" not in body and body["messages"] == []


def test_the_ttl_is_the_suites() -> None:
    assert marks(encode("claude-haiku-5-5", replace(PLAIN, cache_ttl="1h")))[0][2]["ttl"] == "1h"
    assert marks(encode("claude-haiku-5-5", replace(PLAIN, cache_ttl="off"))) == []


OLD = ["claude-3-7-sonnet-latest", "claude-3-5-haiku-20241022", "claude-sonnet-4-20250514", "claude-haiku-4-5"]
BY_EFFORT = ["claude-opus-4-7", "claude-opus-4-8"]
NEW = ["claude-opus-5", "claude-sonnet-5", "claude-haiku-5-5", "claude-opus-5-5", "claude-sonnet-10"]


@pytest.mark.parametrize("model", OLD + BY_EFFORT)
def test_older_models_take_a_temperature(model: str) -> None:
    assert encode(model, replace(PLAIN, temperature=0.0))["temperature"] == 0.0


@pytest.mark.parametrize("model", NEW)
def test_newer_models_are_sent_none_and_it_is_told(model: str, fake_anthropic: FakeProvider) -> None:
    parameters = Parameters(max_tokens=16, temperature=0.0, seed=7)
    outcome = ask(fake_anthropic, "anthropic", parameters=parameters, provider_model=f"anthropic/{model}")[0]
    assert answer(outcome).dropped == ("seed", "temperature")
    assert "temperature" not in sent(fake_anthropic)[0]


def test_an_older_model_that_thinks_takes_no_temperature() -> None:
    thinking = replace(PLAIN, temperature=0.0, reasoning="low")
    assert "temperature" not in encode("claude-haiku-4-5", thinking)
    assert "temperature" in encode("claude-haiku-4-5", replace(thinking, reasoning="off"))


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-4-7", "claude-haiku-5-5"])
@pytest.mark.parametrize("level", [None, "off", "low", "medium", "high"])
@pytest.mark.parametrize("stream", [False, True])
def test_every_level_is_taken_and_leaves_room_for_the_answer(
    fake_anthropic: FakeProvider, model: str, level: Reasoning | None, stream: bool
) -> None:
    fake_anthropic.configure(thinking_tokens=2000, default_answer="a" * 4 * 16)
    parameters = Parameters(16, temperature=0.0, reasoning=level)
    outcome = ask(
        fake_anthropic, "anthropic", parameters=parameters, stream=stream, provider_model=f"anthropic/{model}"
    )[0]
    found = answer(outcome)
    assert (found.text, found.stop) == ("a" * 4 * 16, "end")
    assert len(sent(fake_anthropic)) == 1  # nothing had to be dropped
    thought = level not in (None, "off") if model.startswith("claude-haiku-4") else level != "off"
    if not model.startswith("claude-opus-4-7"):
        assert found.usage is not None and (found.usage.thinking > 0) is thought


def test_levels_are_budgets_up_to_4_5_and_efforts_later() -> None:
    high = replace(PLAIN, reasoning="high")
    assert encode("claude-haiku-4-5", high)["thinking"] == {"type": "enabled", "budget_tokens": 16384}
    assert encode("claude-haiku-4-5", high)["max_tokens"] > 16384
    for model in (*BY_EFFORT, *NEW):
        body = encode(model, high)
        assert body["thinking"] == {"type": "adaptive"} and body["output_config"] == {"effort": "high"}
    assert encode("claude-haiku-5-5", replace(PLAIN, reasoning="off"))["thinking"] == {"type": "disabled"}
    assert "thinking" not in encode("claude-haiku-4-5", replace(PLAIN, reasoning="off"))
    assert "thinking" not in encode("claude-haiku-5-5")


def test_native_output_keeps_the_effort(fake_anthropic: FakeProvider) -> None:
    label = {"type": "string", "enum": ["yes", "no"]}
    schema = {"type": "object", "properties": {"l": label}, "required": ["l"], "additionalProperties": False}
    fake_anthropic.configure(echo_label="yes")
    parameters = Parameters(16, reasoning="low", schema=schema)
    assert answer(ask(fake_anthropic, "anthropic", parameters=parameters)[0]).text == '{"l": "yes"}'
    expected = {"effort": "low", "format": {"type": "json_schema", "schema": schema}}
    assert sent(fake_anthropic)[0]["output_config"] == expected


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("ttl", "bucket"), [("5m", "cache_write_5m"), ("1h", "cache_write_1h")])
def test_usage_is_the_servers_own_counting(fake_anthropic: FakeProvider, ttl: Any, bucket: str, stream: bool) -> None:
    fake_anthropic.configure(thinking_tokens=30)
    parameters = Parameters(16, cache_ttl=ttl)
    texts = ("one", "two", "three")
    outcomes = ask(fake_anthropic, "anthropic", prefix=LONG_PREFIX, parameters=parameters, texts=texts, stream=stream)
    usages = [answer(outcome).usage or Usage() for outcome in outcomes]
    total = usages[0] + usages[1] + usages[2]
    tokens = fake_anthropic.stats()["tokens"]
    assert {name: getattr(total, name) for name in tokens} == tokens
    assert getattr(usages[0], bucket) == usages[1].cache_read > 0
    assert usages[0].cache_write_5m + usages[0].cache_write_1h == getattr(usages[0], bucket)
    assert usages[1].prompt == usages[0].prompt  # texts of as many tokens


def test_first_token_time_leaves_thinking_out(fake_anthropic: FakeProvider) -> None:
    fake_anthropic.configure(ttft_ms=80, thinking_tokens=5, default_answer="abcdefgh", delta_ms=20)
    timing = answer(ask(fake_anthropic, "anthropic", stream=True)[0]).timing
    assert timing.ttft_ms is not None and 80 <= timing.ttft_ms < timing.latency_ms
    assert answer(ask(fake_anthropic, "anthropic")[0]).timing.ttft_ms is None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("kind", "stop"), [("refusal", "refusal"), ("max_tokens", "max_tokens"), ("empty", "end")])
def test_stops(fake_anthropic: FakeProvider, kind: str, stop: str, stream: bool) -> None:
    fake_anthropic.configure(default_answer="abcd", faults=[{"then": {"kind": kind}}])
    found = answer(ask(fake_anthropic, "anthropic", stream=stream)[0])
    assert (found.text, found.stop) == ("ab" if kind == "max_tokens" else "", stop)


def test_no_usage_is_unknown_and_not_zero() -> None:
    assert usage_of(None) is None
    assert usage_of({"input_tokens": None, "output_tokens": 3}) is None
    assert usage_of({"input_tokens": 5}) is None
    assert usage_of({"input_tokens": "5", "output_tokens": 3}) is None
    assert usage_of({"input_tokens": 5, "output_tokens": -1}) is None
    assert usage_of({"input_tokens": 5, "output_tokens": 3}) == Usage(input=5, cache_read=None, output=3)


@settings(max_examples=100)
@given(JSON, st.lists(JSON, max_size=4))
def test_any_shape_is_read_or_refused(data: Any, events: list[Any]) -> None:
    reader = MessagesReader()
    for shape in (data, {"type": "message", "content": [], "stop_reason": "end_turn", "usage": data, "model": data}):
        try:
            whole = reader.whole(shape, Timing(1.0))
        except WRONG_SHAPE:
            continue
        assert well_typed(whole)
    stream = reader.stream()
    end = [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": data}, {"type": "message_stop"}]
    try:
        for event in [*events, *end]:
            stream.feed(event)
        completion = stream.completion(Timing(1.0))
    except WRONG_SHAPE:
        return
    assert well_typed(completion)


def test_a_refused_parameter_is_dropped_once(fake_anthropic: FakeProvider) -> None:
    fake_anthropic.configure(reject_parameters=["thinking"])
    parameters = Parameters(16, reasoning="low")
    outcomes = ask(fake_anthropic, "anthropic", parameters=parameters, texts=("a", "b"))
    assert [answer(outcome).dropped for outcome in outcomes] == [("thinking",)] * 2
    assert fake_anthropic.stats()["requests"] == 3


def test_base_url_of_the_environment(fake_anthropic: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", fake_anthropic.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", TEST_KEY)
    fake_anthropic.configure(require_key=TEST_KEY)
    outcome = ask(fake_anthropic, "anthropic", base_url=None, api_key_env=None)[0]
    assert answer(outcome).text == "unknown"


def test_a_servers_own_url_gets_nothing_of_the_vendors(
    fake_anthropic: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-vendor-key")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "sk-vendor-token")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Gateway: sk-vendor-gateway")
    ask(fake_anthropic, "anthropic", api_key_env=None)
    ask(fake_anthropic, "anthropic")
    first, second = fake_anthropic.stats()["recorded"]
    assert "sk-vendor" not in str(first) + str(second)
    assert second["key"] == TEST_KEY


def test_no_key_is_a_skip() -> None:
    with pytest.raises(ModelUnavailable, match="ANTHROPIC_API_KEY is not set"):
        open_model(ModelSpec("m", "anthropic/claude-haiku-5-5", "frontier"), context())


def test_identity_names_version_and_address(fake_anthropic: FakeProvider) -> None:
    old = open_model(spec("anthropic", fake_anthropic.url, provider_model="anthropic/claude-haiku-4-5"), context())
    new = open_model(spec("anthropic", fake_anthropic.url, revision="r1"), context())
    assert old.identity["api_version"] == "2023-06-01" < str(new.identity["api_version"])
    assert (new.identity["base_url"], new.identity["revision"]) == (fake_anthropic.url, "r1")
    with_slash = open_model(spec("anthropic", fake_anthropic.url + "/", revision="r1"), context())
    assert with_slash.identity == new.identity


def test_turns_are_what_the_model_should_have_said() -> None:
    roles = [turn["role"] for turn in encode("claude-haiku-5-5")["messages"]]
    assert roles == ["user", "assistant"] * len(TURNS)


def test_a_midstream_overload_is_tried_again_and_a_broken_stream_too(fake_anthropic: FakeProvider) -> None:
    for kind in ("overloaded_midstream", "drop_midway"):
        fake_anthropic.configure(default_answer="abcdefgh", faults=[{"then": {"kind": kind}}])
        outcome = ask(fake_anthropic, "anthropic", stream=True)[0]
        assert isinstance(outcome, Failure)
        assert (outcome.kind, outcome.retryable) == ("infra", True)
