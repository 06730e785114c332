"""Every fault, as the real SDKs see it."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2
import openai
import pytest

from tests.servers.clients import chat, message, stream_of, with_anthropic, with_openai
from tests.servers.launch import FakeProvider

pytest_plugins = ("tests.servers.fixtures",)


def rule(then: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"faults": [{"then": then, **more}]}


ANTHROPIC_ERRORS = [
    ({"status": 400}, anthropic.BadRequestError, 400, "invalid_request_error"),
    ({"status": 401}, anthropic.AuthenticationError, 401, "authentication_error"),
    ({"status": 402}, anthropic.PaymentRequiredError, 402, "billing_error"),
    ({"status": 403}, anthropic.PermissionDeniedError, 403, "permission_error"),
    ({"status": 404}, anthropic.NotFoundError, 404, "not_found_error"),
    ({"status": 408}, anthropic.RequestTimeoutError, 408, "timeout_error"),
    ({"status": 409}, anthropic.ConflictError, 409, "conflict_error"),
    ({"status": 413}, anthropic.ContentTooLargeError, 413, "request_too_large"),
    ({"status": 422}, anthropic.UnprocessableEntityError, 422, "invalid_request_error"),
    ({"status": 429}, anthropic.RateLimitError, 429, "rate_limit_error"),
    ({"status": 500}, anthropic.InternalServerError, 500, "api_error"),
    ({"status": 503}, anthropic.ServiceUnavailableError, 503, "api_error"),
    ({"status": 504}, anthropic.GatewayTimeoutError, 504, "timeout_error"),
    ({"status": 529}, anthropic.OverloadedError, 529, "overloaded_error"),
    ({"kind": "overloaded_midstream"}, anthropic.OverloadedError, 529, "overloaded_error"),
    ({"kind": "context_too_long"}, anthropic.BadRequestError, 400, "invalid_request_error"),
    ({"kind": "content_filter"}, anthropic.BadRequestError, 400, "invalid_request_error"),
    ({"kind": "insufficient_quota"}, anthropic.PaymentRequiredError, 402, "billing_error"),
    ({"kind": "bad_key"}, anthropic.AuthenticationError, 401, "authentication_error"),
    ({"kind": "model_not_found"}, anthropic.NotFoundError, 404, "not_found_error"),
    ({"kind": "unsupported_parameter"}, anthropic.BadRequestError, 400, "invalid_request_error"),
]


@pytest.mark.parametrize(("then", "error_class", "status", "error_type"), ANTHROPIC_ERRORS)
def test_anthropic_error(
    fake_anthropic: FakeProvider,
    then: dict[str, Any],
    error_class: type[anthropic.APIStatusError],
    status: int,
    error_type: str,
) -> None:
    fake_anthropic.configure(**rule(then))
    with pytest.raises(error_class) as caught:
        with_anthropic(fake_anthropic, lambda client: client.messages.create(**message()))
    assert (caught.value.status_code, caught.value.type) == (status, error_type)
    assert caught.value.request_id is not None


def test_anthropic_spend_limit_is_a_429_of_its_own_class(fake_anthropic: FakeProvider) -> None:
    fake_anthropic.configure(**rule({"kind": "spend_limit"}))
    with pytest.raises(anthropic.RateLimitError) as caught:
        with_anthropic(fake_anthropic, lambda client: client.messages.create(**message()))
    assert caught.value.error_code == "enforced_spend_limit_reached"


OPENAI_ERRORS = [
    ({"status": 400}, openai.BadRequestError, 400, None),
    ({"status": 408}, openai.APIStatusError, 408, None),
    ({"status": 409}, openai.ConflictError, 409, None),
    ({"status": 413}, openai.APIStatusError, 413, None),
    ({"status": 429}, openai.RateLimitError, 429, "rate_limit_exceeded"),
    ({"status": 500}, openai.InternalServerError, 500, None),
    ({"kind": "overloaded_midstream"}, openai.InternalServerError, 503, None),
    ({"kind": "context_too_long"}, openai.BadRequestError, 400, "context_length_exceeded"),
    ({"kind": "content_filter"}, openai.BadRequestError, 400, "content_filter"),
    ({"kind": "insufficient_quota"}, openai.RateLimitError, 429, "insufficient_quota"),
    ({"kind": "bad_key"}, openai.AuthenticationError, 401, "invalid_api_key"),
    ({"kind": "model_not_found"}, openai.NotFoundError, 404, "model_not_found"),
    ({"kind": "unsupported_parameter"}, openai.BadRequestError, 400, "unsupported_parameter"),
]


@pytest.mark.parametrize(("then", "error_class", "status", "code"), OPENAI_ERRORS)
def test_openai_error(
    fake_openai: FakeProvider,
    then: dict[str, Any],
    error_class: type[openai.APIStatusError],
    status: int,
    code: str | None,
) -> None:
    fake_openai.configure(**rule(then))
    with pytest.raises(openai.APIStatusError) as caught:
        with_openai(fake_openai, lambda client: client.chat.completions.create(**chat()))
    assert type(caught.value) is error_class  # 408 and 413 have no class of their own
    assert (caught.value.status_code, caught.value.code) == (status, code)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["drop", "drop_midway"])
def test_broken_connection(fake_anthropic: FakeProvider, fake_openai: FakeProvider, kind: str, stream: bool) -> None:
    async def call(create: Any, arguments: dict[str, Any]) -> Any:
        return await (stream_of(create(**arguments, stream=True)) if stream else create(**arguments))

    for fake in (fake_anthropic, fake_openai):
        fake.configure(echo_label="a longer answer", **rule({"kind": kind}))
    # In a stream the Anthropic SDK lets the transport's own error through (over aiohttp: ReadError).
    midway = stream and kind == "drop_midway"
    with pytest.raises(httpx2.TransportError if midway else anthropic.APIConnectionError):
        with_anthropic(fake_anthropic, lambda client: call(client.messages.create, message()))
    with pytest.raises(openai.APIConnectionError):
        with_openai(fake_openai, lambda client: call(client.chat.completions.create, chat()))
    assert fake_anthropic.stats()["by_status"] == fake_openai.stats()["by_status"] == {"dropped": 1}


def test_hang_ends_with_the_clients_patience(fake_anthropic: FakeProvider) -> None:
    fake_anthropic.configure(**rule({"kind": "hang"}))
    with pytest.raises(anthropic.APITimeoutError):
        with_anthropic(fake_anthropic, lambda client: client.messages.create(**message()), timeout_s=0.2)
    fake_anthropic.configure(faults=[])
    with_anthropic(fake_anthropic, lambda client: client.messages.create(**message()))
    stats = fake_anthropic.stats()
    assert (stats["in_flight"], stats["by_status"]) == (0, {"aborted": 1, "200": 1})


def test_overload_midstream(fake_anthropic: FakeProvider, fake_openai: FakeProvider) -> None:
    for fake in (fake_anthropic, fake_openai):
        fake.configure(echo_label="a longer answer", **rule({"kind": "overloaded_midstream"}))
    seen: list[Any] = []

    async def drain(pending: Any) -> None:
        async for event in await pending:
            seen.append(event)

    with pytest.raises(anthropic.APIStatusError) as caught:
        with_anthropic(fake_anthropic, lambda c: drain(c.messages.create(**message(), stream=True)))
    assert (caught.value.status_code, caught.value.type) == (200, "overloaded_error")
    assert [e.type for e in seen][-1] == "content_block_delta"
    seen.clear()
    with pytest.raises(openai.APIError) as broken:
        with_openai(fake_openai, lambda c: drain(c.chat.completions.create(**chat(), stream=True)))
    assert type(broken.value) is openai.APIError
    assert seen[-1].choices[0].delta.content
    assert fake_anthropic.stats()["answered"] == fake_openai.stats()["answered"] == 0


def test_a_200_that_is_not_the_api(fake_anthropic: FakeProvider, fake_openai: FakeProvider) -> None:
    for fake in (fake_anthropic, fake_openai):
        fake.configure(**rule({"kind": "html_200"}))
    assert "<html>" in with_anthropic(fake_anthropic, lambda c: c.messages.create(**message()))
    assert "<html>" in with_openai(fake_openai, lambda c: c.chat.completions.create(**chat()))
    # Worse in a stream: the SDK finds no event in the page and ends without a word.
    events = with_anthropic(fake_anthropic, lambda c: stream_of(c.messages.create(**message(), stream=True)))
    assert events == []
    for fake in (fake_anthropic, fake_openai):
        fake.configure(**rule({"kind": "not_api_json"}))
    assert with_anthropic(fake_anthropic, lambda c: c.messages.create(**message())).content is None
    assert with_openai(fake_openai, lambda c: c.chat.completions.create(**chat())).choices is None


ANSWERS = [
    ({"kind": "refusal"}, "refusal", [], "stop", None),
    ({"kind": "max_tokens"}, "max_tokens", ["bil"], "length", "bil"),
    ({"kind": "empty"}, "end_turn", [], "stop", ""),
    ({"stop_reason": "content_filter"}, "content_filter", ["billing"], "content_filter", "billing"),
]


@pytest.mark.parametrize(("then", "stop", "texts", "finish", "content"), ANSWERS)
def test_odd_answers(
    fake_anthropic: FakeProvider,
    fake_openai: FakeProvider,
    then: dict[str, Any],
    stop: str,
    texts: list[str],
    finish: str,
    content: str | None,
) -> None:
    for fake in (fake_anthropic, fake_openai):
        fake.configure(echo_label="billing", **rule(then))
    whole = with_anthropic(fake_anthropic, lambda c: c.messages.create(**message()))
    assert (whole.stop_reason, [block.text for block in whole.content]) == (stop, texts)
    events = with_anthropic(fake_anthropic, lambda c: stream_of(c.messages.create(**message(), stream=True)))
    streamed = "".join(e.delta.text for e in events if e.type == "content_block_delta")
    assert (events[-2].delta.stop_reason, streamed) == (stop, "".join(texts))
    choice = with_openai(fake_openai, lambda c: c.chat.completions.create(**chat())).choices[0]
    assert (choice.finish_reason, choice.message.content) == (finish, content)
    assert (choice.message.refusal is not None) == (then.get("kind") == "refusal")


def test_thinking_comes_first_and_is_counted_inside_output(
    fake_anthropic: FakeProvider, fake_openai: FakeProvider
) -> None:
    for fake in (fake_anthropic, fake_openai):
        fake.configure(echo_label="billing", **rule({"kind": "thinking", "tokens": 5}))
    whole = with_anthropic(fake_anthropic, lambda c: c.messages.create(**message()))
    assert [block.type for block in whole.content] == ["thinking", "text"]
    assert (whole.usage.output_tokens, whole.usage.output_tokens_details.thinking_tokens) == (7, 5)
    events = with_anthropic(fake_anthropic, lambda c: stream_of(c.messages.create(**message(), stream=True)))
    deltas = [event.delta.type for event in events if event.type == "content_block_delta"]
    assert deltas == ["thinking_delta"] * 5 + ["signature_delta"] + ["text_delta"] * 2
    usage = with_openai(fake_openai, lambda c: c.chat.completions.create(**chat())).usage
    assert (usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens) == (7, 5)
    cut = with_anthropic(fake_anthropic, lambda c: c.messages.create(**message(max_tokens=4)))
    assert (cut.stop_reason, [block.type for block in cut.content]) == ("max_tokens", ["thinking"])


def test_which_requests_a_rule_takes(fake_openai: FakeProvider) -> None:
    then = {"status": 429, "headers": {"retry-after": "3"}, "body": {"error": {"message": "slow down"}}}

    async def outcomes(client: Any, texts: str) -> list[bool]:
        """For every text, whether the fault took it."""
        taken = []
        for text in texts:
            try:
                await client.chat.completions.create(**chat(text))
                taken.append(False)
            except openai.RateLimitError as error:
                told = error.response.headers["retry-after"], error.body
                taken.append(told == ("3", {"message": "slow down"}))
        return taken

    def ask(texts: str, **conditions: Any) -> list[bool]:
        fake_openai.configure(**rule(then, **conditions))
        taken: list[bool] = with_openai(fake_openai, lambda c: outcomes(c, texts))
        return taken

    assert ask("aaaa", every=2) == [False, True, False, True]
    assert ask("aaa", first=2) == [True, True, False]
    assert ask("abab", per_key_first=1) == [True, True, False, False]
    assert ask("abab", match="b") == [False, True, False, True]
    assert ask("aaaa", every=2, first=2) == [False, True, False, False]


def test_the_first_rule_that_applies_wins(fake_openai: FakeProvider) -> None:
    fake_openai.configure(faults=[{"then": {"status": 503}, "first": 1}, {"then": {"status": 429}, "first": 1}])
    for expected in (openai.InternalServerError, openai.RateLimitError):
        with pytest.raises(expected):
            with_openai(fake_openai, lambda c: c.chat.completions.create(**chat()))
    with_openai(fake_openai, lambda c: c.chat.completions.create(**chat()))
