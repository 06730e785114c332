"""The table of failures: every row, and what the headers ask for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.error_body import codes_of, words_of
from evalkit.models.failures import ApiError, Row, advice, classify, retry_after, table
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure, FailureKind
from tests.engine.asking import ask_all, context, request, spec
from tests.servers.refusals import EXAMPLES, Said

_STREAMED = None  # OpenAI's errors inside a stream have no status, Anthropic's have 200


def error(status: int | None, code: str | None = None, message: str = "boo", **headers: str) -> ApiError:
    body = {"error": {"type": code or "x", "message": message}}
    return ApiError(status, body, message, {name.replace("_", "-"): value for name, value in headers.items()})


def told(said: Said) -> ApiError:
    """An example as the wire gives it: decoded where it is JSON."""
    try:
        body = json.loads(said.body) if isinstance(said.body, str) else said.body
    except ValueError:
        body = said.body
    return ApiError(said.status, body, f"Error code: {said.status}")


@pytest.mark.parametrize("said", EXAMPLES, ids=str)
def test_what_servers_say(said: Said) -> None:
    failure = classify(told(said))
    assert (failure.kind, failure.cause, failure.retryable) == (said.kind, said.cause, said.retry)
    assert failure.http_status == said.status and failure.reason.startswith(f"HTTP {said.status}: ")
    assert "Error code" not in failure.reason, "its own message is kept"
    assert bool(advice(failure.cause)) == (failure.cause is not None)


def _row(given: ApiError) -> Row | None:
    codes, words = codes_of(given.body), words_of(given.body, given.message)
    return next((row for row in table() if row.applies(given.status, codes, words)), None)


def test_no_row_is_left_untested() -> None:
    known = [*(told(said) for said in EXAMPLES), error(_STREAMED)]
    missing = [row for row in table() if row not in [_row(each) for each in known]]
    assert not missing


def test_what_no_row_names() -> None:
    for status in (501, 507, 599):
        assert (classify(error(status)).kind, classify(error(status)).retryable) == ("infra", True)
    for status in (400, 403, 406, 409, 418, 422, 423, 426, 451, 499):
        assert classify(error(status)).kind == "ambiguous"
    assert classify(error(301)).kind == "fatal"


INSIDE_A_STREAM: list[tuple[ApiError, FailureKind, bool]] = [
    (error(_STREAMED, "insufficient_quota"), "fatal", False),
    (error(_STREAMED, "context_length_exceeded"), "rejected", False),
    (error(200, "content_filter"), "rejected", False),
    (error(200, "overloaded_error"), "infra", True),
    (error(200, "invalid_request_error"), "infra", True),
    (error(_STREAMED, "server_error"), "infra", True),
]


@pytest.mark.parametrize(("given_error", "kind", "retryable"), INSIDE_A_STREAM, ids=lambda v: str(v)[:60])
def test_errors_inside_a_stream(given_error: ApiError, kind: FailureKind, retryable: bool) -> None:
    failure = classify(given_error)
    assert (failure.kind, failure.retryable) == (kind, retryable)


def test_a_spend_limit_is_named_in_the_details() -> None:
    details = {"error_code": "enforced_spend_limit_reached"}
    body = {"error": {"type": "rate_limit_error", "message": "limits", "details": details}}
    assert classify(ApiError(429, body, "limits")).kind == "fatal"


def test_what_a_gateway_quotes_of_another_is_read() -> None:
    raw = json.dumps({"error": {"message": "Your credit balance is too low"}})
    body = {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": raw}}}
    failure = classify(ApiError(400, body, ""))
    assert (failure.kind, failure.cause) == ("fatal", "spend")
    assert failure.reason == "HTTP 400: Provider returned error: Your credit balance is too low"


def test_a_quotation_of_the_sample_decides_nothing() -> None:
    quoting = error(
        400, message='The text "my credit balance is too low, and the model does not exist" is not allowed here'
    )
    assert classify(quoting).kind == "ambiguous"


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Please retry in 45.5s.", 45.5),
        ("Please try again in 9m38.016s. Thank you", 578.016),
        ("try again in 644ms", 0.644),
        ("retry after 20 seconds", 20.0),
        ("try again in 2 hours, 3 minutes", 7380.0),
        ("try again later", None),
    ],
)
def test_a_wait_in_the_message_is_read(message: str, seconds: float | None) -> None:
    assert classify(error(429, message=f"Slow down. {message}")).retry_after_s == seconds
    assert classify(error(429, message=message, retry_after="7")).retry_after_s == 7


def test_a_daily_quota_is_named_in_the_details() -> None:
    violation = {"quotaId": "GenerateRequestsPerDayPerProject"}
    body = [{"error": {"message": "Quota exceeded. Please retry in 40s.", "details": [{"violations": [violation]}]}}]
    assert classify(ApiError(429, body, "")).cause == "quota"


def test_secrets_go_before_a_reason_is_shortened() -> None:
    key = "sk-" + "k" * 60
    failure = classify(error(400, message="x" * 265 + " " + key), lambda text: text.replace(key, "[key]"))
    assert "kkk" not in failure.reason and failure.reason.endswith("[key]")


@pytest.mark.parametrize(("wish", "retryable"), [("false", False), ("true", True), ("maybe", True)])
def test_x_should_retry_decides_for_infrastructure(wish: str, retryable: bool) -> None:
    assert classify(error(503, x_should_retry=wish)).retryable is retryable


def test_x_should_retry_does_not_repeat_what_is_final() -> None:
    assert not classify(error(401, x_should_retry="true")).retryable
    assert not classify(error(400, x_should_retry="true")).retryable


def test_milliseconds_come_before_seconds() -> None:
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert retry_after({"retry-after-ms": "soon", "retry-after": "9"}) == 9
    assert retry_after({"retry-after": "1.5"}) == 1.5


@pytest.mark.parametrize("zone", ["GMT", "-0000"])
def test_a_date_is_read_as_seconds_from_now(zone: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True).replace("GMT", zone)
    assert retry_after({"retry-after": date}) == pytest.approx(60, abs=5)


@pytest.mark.parametrize(
    "text",
    ["", "0", "-3", "nan", "inf", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 0001 23:59:59 -0000"],
)
def test_a_wish_that_asks_for_nothing_is_none(text: str) -> None:
    assert retry_after({"retry-after": text}) is None
    assert retry_after({"retry-after-ms": text}) is None


@given(st.text(), st.one_of(st.text(), st.floats().map(str), st.datetimes().map(format_datetime)))
def test_no_header_breaks_it(ms: str, seconds: str) -> None:
    wait = retry_after({"retry-after-ms": ms, "retry-after": seconds})
    assert wait is None or wait > 0


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "type", "code", "x"]), inner),
    max_leaves=8,
)


@given(st.one_of(st.none(), st.integers(100, 999)), _JSON, st.text())
def test_any_body_is_classified(status: int | None, body: Any, message: str) -> None:
    failure = classify(ApiError(status, body, message))
    assert failure.kind in ("rejected", "infra", "ambiguous", "fatal")
    assert len(failure.reason) <= 300
    assert "\n" not in failure.reason


# Below the API: what a broken proxy or a stranger's server sends. Nothing of it may end a run.
_OK, _SSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"Content-Type: text/event-stream\r\n\r\n"
_BODY = b"Content-Type: application/json\r\n\r\n"
HOSTILE = {
    "nothing": b"",
    "garbage": b"\x00\x01\x02garbage\r\n\r\n",
    "bad status": b"HTTP/1.1 abc OK\r\n\r\n",
    "bad header": b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    "not gzip": _OK + b"Content-Encoding: gzip\r\n" + _BODY + b"abcde",
    "bad chunk": _OK + b"Transfer-Encoding: chunked\r\n" + _BODY + b"ZZ\r\nabc",
    "deep json": _OK + _BODY + b"[" * 100_000,
    "deep event": _OK + _SSE + b"event: message_start\ndata: " + b"[" * 100_000 + b"\n\n",
    "not utf-8": _OK + _BODY + b'"\xff\xfe"',
    "events of other shapes": _OK + _SSE + b'event: message_start\ndata: []\n\ndata: "x"\n\ndata: 5\n\n',
    "choices of another shape": _OK + _SSE + b'data: {"choices": {"a": 1}}\n\n',
    "an error event that is text": _OK + _SSE + b'event: error\ndata: {"error": "boo"}\n\n',
    "an error event that is empty": _OK + _SSE + b'event: error\ndata: {}\n\ndata: {"error": 5}\n\n',
    "redirect to nowhere": b"HTTP/1.1 307 Found\r\nLocation: http://[bad\r\nContent-Length: 0\r\n\r\n",
    "redirect with a password": b"HTTP/1.1 307 Found\r\nLocation: http://u:hidden@127.0.0.1:1/\r\n\r\n",
    "no content": b"HTTP/1.1 204 No\r\n\r\n",
    "503 of another shape": b"HTTP/1.1 503 No\r\nContent-Length: 3\r\nContent-Type: application/json\r\n\r\n[1]",
    "429, broken wishes": b"HTTP/1.1 429 No\r\nRetry-After: \xff\r\nRetry-After-Ms: nan\r\nContent-Length: 0\r\n\r\n",
}


def ask_raw(replies: Sequence[bytes], provider: str, stream: bool) -> list[Completion | Failure]:
    """One request to a server on loopback for each reply, which it sends as it is."""
    reply = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, StopIteration):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(reply)
            await writer.drain()
        writer.close()

    async def run() -> list[Completion | Failure]:
        nonlocal reply
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}" + ("/v1" if provider == "openai" else "")
        model = open_model(spec(provider, url), context(stream=stream, timeout_s=5))
        outcomes = []
        async with server:
            for each in replies:
                reply = each
                outcomes.append(await model.complete(request("hi")))
            await model.aclose()
        return outcomes

    return asyncio.run(run())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_hostile_bytes_are_infrastructure(provider: str, stream: bool) -> None:
    outcomes = ask_raw(list(HOSTILE.values()), provider, stream)
    for name, failure in zip(HOSTILE, outcomes, strict=True):
        assert isinstance(failure, Failure), name
        assert (failure.kind, failure.retryable) == ("infra", True), name
        assert "hidden" not in failure.reason


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_a_refused_connection_is_infrastructure(provider: str) -> None:
    failure = ask_all(open_model(spec(provider, "http://127.0.0.1:1/v1"), context()), [request("hi")])[0]
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.retryable) == ("infra", True)
    assert failure.reason.startswith("connection failed: 127.0.0.1:1 refuses the connection")
    assert failure.cause == "unreachable"


def test_an_answer_that_was_cut_inside_a_character_is_kept() -> None:
    half = rb'"a\ud83d"'
    chat = b'{"choices":[{"message":{"content":' + half + b'},"finish_reason":"length"}]}'
    message = b'{"type":"message","content":[{"type":"text","text":' + half + b'}],"stop_reason":"max_tokens"}'
    for provider, body in (("openai", chat), ("anthropic", message)):
        (answer,) = ask_raw([_OK + _BODY + body], provider, False)
        assert isinstance(answer, Completion)
        assert (answer.text, answer.stop) == ("a�", "max_tokens")


def test_a_character_that_comes_in_two_events_is_whole() -> None:
    def event(piece: bytes, finish: bytes) -> bytes:
        return b'data: {"choices":[{"delta":{"content":"' + piece + b'"},"finish_reason":' + finish + b"}]}\n\n"

    events = event(rb"a\ud83d", b"null") + event(rb"\ude00", b'"stop"') + b"data: [DONE]\n\n"
    (answer,) = ask_raw([_OK + _SSE + events], "openai", True)
    assert isinstance(answer, Completion)
    assert answer.text == "a😀"


def test_a_date_far_in_the_future_is_a_long_wait() -> None:
    assert (retry_after({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}) or 0) > 1e11
