"""Chat completions: the body that is sent, every kind of answer, and what a compatible server refuses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import ModelUnavailable, WrongVariable
from evalkit.models.droppable import Droppable
from evalkit.models.fields import WRONG_SHAPE
from evalkit.models.openai.answers import ChatReader, usage_of
from evalkit.models.openai.model import OpenAIModel
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure, Timing, Usage
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Reasoning, Request
from evalkit.suite.prompts.template import make_prefix
from tests.conftest import TEST_KEY, TEST_KEY_ENV
from tests.engine.asking import LONG_PREFIX, context, request, spec
from tests.models.wire import JSON, SHORT, answer, ask, sent, well_typed
from tests.servers.launch import FakeProvider

PLAIN = Parameters(max_tokens=16)


@pytest.fixture
def openai_itself(fake_openai: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    """The fake in the place of OpenAI's own server."""
    monkeypatch.setenv("OPENAI_BASE_URL", fake_openai.url)
    monkeypatch.setenv("OPENAI_API_KEY", TEST_KEY)
    return fake_openai


OWN: dict[str, Any] = {"base_url": None, "api_key_env": None}


def encode(parameters: Parameters = PLAIN, prefix: Prefix = SHORT, **model: Any) -> dict[str, Any]:
    """The body that a model would send, without asking."""
    opened = open_model(spec("openai", model.pop("base_url", "http://127.0.0.1:1/v1"), **model), context())
    assert isinstance(opened, OpenAIModel)
    return opened.encode(prefix, parameters)[0]


def test_the_prefix_goes_first(fake_openai: FakeProvider) -> None:
    fake_openai.configure(strict=False)
    ask(fake_openai, "openai")
    messages = sent(fake_openai)[0]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert messages[-1]["content"] == "third?"


def test_the_cache_key_is_one_per_prefix() -> None:
    first, again = encode()["prompt_cache_key"], encode(replace(PLAIN, max_tokens=99))["prompt_cache_key"]
    assert first == again != encode(prefix=make_prefix("Be long.", []))["prompt_cache_key"]
    assert len(first) <= 64
    assert "prompt_cache_key" not in encode(replace(PLAIN, cache_ttl="off"))


def test_openais_own_server_takes_the_new_limit(openai_itself: FakeProvider) -> None:
    outcome = ask(openai_itself, "openai", **OWN)[0]
    assert answer(outcome).text == "unknown"
    body = sent(openai_itself)[0]
    assert "max_completion_tokens" in body and "max_tokens" not in body
    assert openai_itself.stats()["requests"] == 1


def test_a_compatible_server_takes_the_old_limit(fake_openai: FakeProvider) -> None:
    fake_openai.configure(strict=False)
    ask(fake_openai, "openai", provider_model="openai/my-7b")
    body = sent(fake_openai)[0]
    assert body["max_tokens"] == 16 and "max_completion_tokens" not in body


def test_a_limit_that_is_refused_by_name_is_renamed_without_a_word(fake_openai: FakeProvider) -> None:
    fake_openai.configure(reject_parameters=["max_tokens"])
    outcomes = ask(fake_openai, "openai", provider_model="openai/gpt-4o", texts=("a", "b"))
    assert [answer(outcome).dropped for outcome in outcomes] == [(), ()]
    assert [body.get("max_completion_tokens") for body in sent(fake_openai)] == [None, 16, 16]


def test_both_limits_refused_ends(fake_openai: FakeProvider) -> None:
    fake_openai.configure(strict=False, reject_parameters=["max_tokens", "max_completion_tokens"])
    outcome = ask(fake_openai, "openai", provider_model="openai/my-7b")[0]
    assert isinstance(outcome, Failure) and outcome.kind == "ambiguous"
    assert fake_openai.stats()["requests"] == 2


def test_a_refused_parameter_is_dropped_once_and_told(fake_openai: FakeProvider) -> None:
    fake_openai.configure(strict=False, reject_parameters=["temperature", "prompt_cache_key"])
    parameters = Parameters(16, temperature=0.5, seed=3)
    outcomes = ask(fake_openai, "openai", provider_model="openai/my-7b", parameters=parameters, texts=("a", "b", "c"))
    assert [answer(outcome).dropped for outcome in outcomes] == [("temperature",)] * 3
    assert fake_openai.stats()["requests"] == 3 + 2
    last = sent(fake_openai)[-1]
    assert last["seed"] == 3 and not {"temperature", "prompt_cache_key"} & last.keys()


def test_requests_under_way_at_once_are_all_asked_again(fake_openai: FakeProvider) -> None:
    fake_openai.configure(strict=False, reject_parameters=["temperature"])
    model = open_model(spec("openai", fake_openai.url, provider_model="openai/my-7b"), context())

    async def run() -> list[Any]:
        each = [request(str(i), parameters=Parameters(16, temperature=0.0)) for i in range(16)]
        try:
            return await asyncio.gather(*(model.complete(r) for r in each))
        finally:
            await model.aclose()

    assert {answer(outcome).text for outcome in asyncio.run(run())} == {"unknown"}


@given(st.lists(st.sampled_from(["temperature", "max_tokens", "max_completion_tokens", "seed"]), max_size=12))
def test_dropping_ends(blamed: list[str]) -> None:
    droppable = Droppable({"temperature": None, "seed": None, "max_tokens": "max_completion_tokens"})
    droppable.replacements["max_completion_tokens"] = "max_tokens"
    fixed = {"temperature": 0, "seed": 1, "max_tokens": 5}
    for name in blamed:
        before = droppable.apply(dict(fixed))
        if droppable.learn(Failure("ambiguous", "refused", http_status=400, blames=(name,)), before):
            assert droppable.apply(dict(fixed)) != before


def test_only_a_refusal_of_a_request_is_learned_from() -> None:
    droppable = Droppable({"seed": None})
    failure = Failure("ambiguous", "refused", http_status=400, blames=("seed",))
    assert not droppable.learn(replace(failure, http_status=500), {"seed": 1})
    assert not droppable.learn(replace(failure, blames=()), {"seed": 1})
    assert not droppable.learn(failure, {"temperature": 1})
    assert droppable.learn(failure, {"seed": 1})


@pytest.mark.parametrize("level", [None, "off", "low", "medium", "high"])
def test_levels_leave_room_for_the_answer(openai_itself: FakeProvider, level: Reasoning | None) -> None:
    openai_itself.configure(thinking_tokens=2000, default_answer="a" * 64)
    found = answer(ask(openai_itself, "openai", parameters=Parameters(16, reasoning=level), **OWN)[0])
    assert (found.text, found.stop) == ("a" * 64, "end")
    assert found.usage is not None and (found.usage.thinking > 0) is (level != "off")
    body = sent(openai_itself)[0]
    assert body.get("reasoning_effort") == {None: None, "off": "none"}.get(level, level)


def test_reasoning_models_are_sent_no_temperature_and_it_is_told(openai_itself: FakeProvider) -> None:
    outcome = ask(openai_itself, "openai", parameters=Parameters(16, temperature=0.0), **OWN)[0]
    assert answer(outcome).dropped == ("temperature",)
    assert "temperature" not in sent(openai_itself)[0]
    old: dict[str, Any] = {"provider_model": "openai/gpt-4o", **OWN}
    outcome = ask(openai_itself, "openai", parameters=Parameters(16, temperature=0.0), **old)[0]
    assert answer(outcome).dropped == ()
    assert sent(openai_itself)[-1]["temperature"] == 0.0


def test_native_output(openai_itself: FakeProvider) -> None:
    label = {"type": "string", "enum": ["yes", "no"]}
    schema = {"type": "object", "properties": {"l": label}, "required": ["l"], "additionalProperties": False}
    openai_itself.configure(echo_label="yes")
    outcome = ask(openai_itself, "openai", parameters=Parameters(16, schema=schema), **OWN)[0]
    assert answer(outcome).text == '{"l": "yes"}'
    assert sent(openai_itself)[0]["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("writes", [False, True])
def test_usage_is_the_servers_own_counting(openai_itself: FakeProvider, writes: bool, stream: bool) -> None:
    openai_itself.configure(thinking_tokens=30, cache_write_tokens=writes)
    outcomes = ask(openai_itself, "openai", prefix=LONG_PREFIX, texts=("one", "two"), stream=stream, **OWN)
    usages = [answer(outcome).usage or Usage() for outcome in outcomes]
    total, tokens = usages[0] + usages[1], openai_itself.stats()["tokens"]
    assert {name: getattr(total, name) for name in tokens} == tokens
    assert (usages[1].cache_read or 0) > 0 and (usages[0].cache_write_5m > 0) is writes
    assert usages[0].prompt == usages[1].prompt


@pytest.mark.parametrize("stream", [False, True])
def test_usage_without_details_and_without_usage(fake_openai: FakeProvider, stream: bool) -> None:
    fake_openai.configure(strict=False, usage_details=False)
    own: dict[str, Any] = {"provider_model": "openai/my-7b", "stream": stream}
    usage = answer(ask(fake_openai, "openai", prefix=LONG_PREFIX, texts=("a", "b"), **own)[1]).usage
    assert usage is not None and usage.input > 2000 and usage.cache_read is None
    fake_openai.configure(report_usage=False)
    assert answer(ask(fake_openai, "openai", **own)[0]).usage is None


def test_counts_that_make_no_sense_are_unknown() -> None:
    assert usage_of({"prompt_tokens": 5, "completion_tokens": None}) is None
    assert usage_of({"prompt_tokens": 5, "completion_tokens": True}) is None
    assert usage_of({"prompt_tokens": 5, "completion_tokens": 10**30}) is None
    assert usage_of([]) is None
    details = {"prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": None}
    assert usage_of({"prompt_tokens": 5, "completion_tokens": 3, **details}) == Usage(1, 4, output=3)


@pytest.mark.parametrize("stream", [False, True])
def test_stops(fake_openai: FakeProvider, stream: bool) -> None:
    own: dict[str, Any] = {"provider_model": "openai/gpt-4o", "stream": stream}
    cases = {"refusal": "refusal", "max_tokens": "max_tokens", "empty": "end"}
    for kind, stop in cases.items():
        fake_openai.configure(default_answer="abcd", strict=False, faults=[{"then": {"kind": kind}}])
        found = answer(ask(fake_openai, "openai", **own)[0])
        assert found.stop == stop
        assert ("sorry" in found.text) is (kind == "refusal")


def test_first_token_time_leaves_thinking_out(fake_openai: FakeProvider) -> None:
    fake_openai.configure(strict=False, ttft_ms=80, thinking_tokens=5, default_answer="abcdefgh", delta_ms=20)
    found = answer(ask(fake_openai, "openai", stream=True, provider_model="openai/my-7b")[0])
    assert found.text == "abcdefgh"
    assert found.timing.ttft_ms is not None and 80 <= found.timing.ttft_ms < found.timing.latency_ms


@settings(max_examples=100)
@given(JSON, st.lists(JSON, max_size=4))
def test_any_shape_is_read_or_refused(data: Any, events: list[Any]) -> None:
    reader = ChatReader()
    for shape in (data, {"choices": [{"message": {"content": "x"}}], "usage": data, "model": data}):
        try:
            whole = reader.whole(shape, Timing(1.0))
        except WRONG_SHAPE:
            continue
        assert well_typed(whole)
    stream = reader.stream()
    last = {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}], "usage": data}
    try:
        for event in [*events, last]:
            stream.feed(event)
        completion = stream.completion(Timing(1.0))
    except WRONG_SHAPE:
        return
    assert well_typed(completion)


def test_a_servers_own_url_gets_nothing_of_the_vendors(
    fake_openai: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", f"sk-vendor-{name}")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer sk-vendor-gateway")
    ask(fake_openai, "openai", api_key_env=None)
    ask(fake_openai, "openai")
    recorded = fake_openai.stats()["recorded"]
    assert "sk-vendor" not in str(recorded)
    assert recorded[-1]["key"] == TEST_KEY


def test_the_vendors_own_url_gets_what_the_sdk_defines(
    openai_itself: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    openai_itself.configure(require_key=TEST_KEY)
    assert answer(ask(openai_itself, "openai", **OWN)[0]).text == "unknown"
    assert openai_itself.stats()["recorded"][0]["headers"]["openai-organization"] == "org-1"


@pytest.mark.parametrize(
    "value",
    ["", " \n", "\u200b\ufeff", "\u00a0"],
)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_key_of_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch, provider: str, value: str) -> None:
    monkeypatch.setenv(TEST_KEY_ENV, value)
    with pytest.raises(ModelUnavailable, match=f"{TEST_KEY_ENV} is not set"):
        open_model(spec(provider, "http://127.0.0.1:1"), context())


@pytest.mark.parametrize("value", ["sk-a\nb", "sk-é", "sk-\u200ba", "two words"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_key_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch, provider: str, value: str) -> None:
    monkeypatch.setenv(TEST_KEY_ENV, value)
    with pytest.raises(WrongVariable, match=f"{TEST_KEY_ENV} holds no key") as caught:
        open_model(spec(provider, "http://127.0.0.1:1"), context())
    assert value not in caught.value.render()


def test_white_space_around_a_key_is_no_part_of_it(fake_openai: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEST_KEY_ENV, f"{TEST_KEY}\n")
    fake_openai.configure(require_key=TEST_KEY)
    assert answer(ask(fake_openai, "openai", provider_model="openai/gpt-4o")[0]).text == "unknown"


def test_without_any_key_openai_is_skipped_and_an_own_server_is_not() -> None:
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY is not set"):
        open_model(ModelSpec("m", "openai/gpt-6-luna", "frontier"), context())
    open_model(ModelSpec("m", "openai/my-7b", "fine_tuned", base_url="http://127.0.0.1:1/v1"), context())


@pytest.mark.parametrize("url", ["here", "ftp://h/v1", "http://", "http://[bad", "http://h:99999", "http:///v1"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_an_address_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch, provider: str, url: str) -> None:
    with pytest.raises(WrongVariable, match="base_url is not a URL"):
        open_model(spec(provider, url), context())
    monkeypatch.setenv(f"{provider.upper()}_BASE_URL", url)
    with pytest.raises(WrongVariable, match="_BASE_URL is not a URL"):
        open_model(spec(provider, None), context())


@pytest.mark.parametrize("password", ["hidden", "hid@den", "hid:den"])
def test_a_password_in_an_address_is_never_shown(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    for url in (f"http://user:{password}@127.0.0.1:1/v1", f"ftp://user:{password}@h/v1"):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        for address in (url, None):
            with pytest.raises(WrongVariable) as caught:
                open_model(spec("openai", address), context())
            assert "hidden" not in caught.value.render().replace("[hidden]", "")
            assert "hid:" not in caught.value.render() and "den@" not in caught.value.render()


def test_a_key_that_a_server_quotes_is_not_passed_on(fake_openai: FakeProvider) -> None:
    body = {"error": {"message": f"Invalid key {TEST_KEY} at http://u:hidden@h/v1", "type": "x"}}
    fake_openai.configure(strict=False, faults=[{"then": {"status": 401, "body": body}}])
    failure = ask(fake_openai, "openai")[0]
    assert isinstance(failure, Failure)
    assert failure.reason == "HTTP 401: Invalid key [key] at http://h/v1"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_closing_twice_is_safe(fake_openai: FakeProvider, stream: bool) -> None:
    model = open_model(spec("openai", fake_openai.url), context(stream=stream))

    async def run() -> Completion | Failure:
        outcome = await model.complete(Request(SHORT, "a", PLAIN, "1"))
        await model.aclose()
        await model.aclose()
        return outcome

    assert isinstance(asyncio.run(run()), Completion)
    assert model.wire.client.is_closed()  # type: ignore[attr-defined]
