"""The Messages API as a fake: its errors, usage, prompt cache and event stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import ClassVar

from evalkit.records.completion import Usage
from tests.servers.anthropic_rules import TTL_S, bad, parts_of, refusal
from tests.servers.batches import Answering, AnthropicBatches
from tests.servers.config import Kind, Then
from tests.servers.counters import Bucket
from tests.servers.wire import (
    THOUGHT,
    Answer,
    Api,
    Ask,
    Body,
    Problem,
    Stop,
    encode,
    last_user_texts,
    tokens,
)

_THINKS_WHEN_ASKED = re.compile(r"claude-(3|\w+-4)\b")
_LOOKBACK = 20  # blocks before a breakpoint in which an earlier entry is still found
_STATUS_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class AnthropicApi(Api):
    """Messages. A cache entry is a prefix of blocks, per model, and lives for its breakpoint's TTL."""

    path = "/v1/messages"
    stops: ClassVar[Mapping[Stop, str]] = {
        "end": "end_turn",
        "max_tokens": "max_tokens",
        "refusal": "refusal",
    }
    request_id_header = "request-id"
    limits_cache_reads = False

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[float, int]] = {}  # prefix digest → (expires at, TTL in s)

    def forget(self) -> None:
        self._entries.clear()

    def batches(self, answer: Answering) -> AnthropicBatches:
        return AnthropicBatches(answer)

    def key(self, headers: Mapping[str, str]) -> str | None:
        bearer = headers.get("Authorization", "")
        return headers.get("x-api-key") or (bearer[7:] if bearer.startswith("Bearer ") else None)

    def check(self, body: Body, headers: Mapping[str, str]) -> Problem | None:
        return refusal(body, headers.get("anthropic-version"), self.config.strict)

    def read(self, body: Body) -> Ask:
        output_format = (body.get("output_config") or {}).get("format") or {}
        thinking = (body.get("thinking") or {}).get("type")
        return Ask(
            body=body,
            model=body["model"],
            texts=last_user_texts(body["messages"]),
            stream=bool(body.get("stream")),
            max_tokens=body["max_tokens"],
            thinks=thinking != "disabled" if thinking else not _THINKS_WHEN_ASKED.match(body["model"]),
            schema=output_format.get("schema"),
        )

    def look_up(self, body: Body, now: float) -> tuple[Usage, Callable[[], None]]:
        parts = list(parts_of(body))
        if not any(control for _, _, control in parts):
            return Usage(input=tokens(sum(len(data) for _, data, _ in parts))), _nothing
        sums, digests = [0], [b""]
        hasher = blake2b(body["model"].encode(), digest_size=16)
        for role, data, _ in parts:
            hasher.update(b"%s %d " % (role.encode(), len(data)) + data)
            sums.append(sums[-1] + len(data))
            digests.append(hasher.digest())
        marks = [
            (i, TTL_S[control.get("ttl", "5m")])
            for i, (_, _, control) in enumerate(parts, 1)
            if control and tokens(sums[i]) >= self.config.min_cacheable_tokens
        ]
        read = max((self._found(digests, i, now) for i, _ in marks), default=0)
        written = [(i, ttl) for i, ttl in marks if i > read]
        split = dict.fromkeys(TTL_S.values(), 0)
        for before, (i, ttl) in zip([read, *(i for i, _ in written)], written, strict=False):
            split[ttl] += tokens(sums[i]) - tokens(sums[before])
        refreshed = [digests[i] for i in {read, *(i for i, _ in marks if i <= read)}]

        def commit() -> None:
            for digest in refreshed:
                if digest in self._entries:
                    ttl = self._entries[digest][1]
                    self._entries[digest] = (now + ttl, ttl)
            for i, ttl in written:
                self._entries[digests[i]] = (now + ttl, ttl)

        last = written[-1][0] if written else read
        fresh = tokens(sums[-1]) - tokens(sums[last])
        return Usage(fresh, tokens(sums[read]), split[300], split[3600]), commit

    def _found(self, digests: list[bytes], mark: int, now: float) -> int:
        """The end of the longest live entry that this breakpoint finds, in blocks; 0 for none."""
        for i in range(mark, max(0, mark - _LOOKBACK), -1):
            entry = self._entries.get(digests[i])
            if entry is not None and now < entry[0]:
                return i
        return 0

    def problem(self, kind: Kind | int, body: Body, then: Then) -> Problem:
        model = body.get("model")
        if isinstance(kind, int):
            usual = "invalid_request_error" if kind < 500 else "api_error"
            name = _STATUS_TYPES.get(kind, usual)
            return Problem(kind, name, name.replace("_", " ").capitalize())
        problems: dict[Kind, Problem] = {
            "context_too_long": bad("prompt is too long: 210000 tokens > 200000 maximum"),
            "content_filter": bad("Output blocked by content filtering policy"),
            "insufficient_quota": Problem(
                402, "billing_error", "Your credit balance is too low to access the Anthropic API."
            ),
            "spend_limit": Problem(
                429,
                "rate_limit_error",
                "You have reached your specified API usage limits.",
                "enforced_spend_limit_reached",
            ),
            "bad_key": Problem(401, "authentication_error", "invalid x-api-key"),
            "model_not_found": Problem(404, "not_found_error", f"model: {model}"),
            "unsupported_parameter": bad(f"{then.parameter}: Extra inputs are not permitted"),
            "overloaded_midstream": Problem(529, "overloaded_error", "Overloaded"),
        }
        return problems[kind]

    def error(self, problem: Problem, request_id: str) -> Body:
        error: Body = {"type": problem.type, "message": problem.message}
        if problem.code is not None:
            error["details"] = {"error_code": problem.code}
        return {"type": "error", "error": error, "request_id": request_id}

    def rate_headers(self, requests: Bucket | None, tokens: Bucket | None, now: float) -> dict[str, str]:
        headers = {}
        for bucket, name in ((requests, "requests"), (tokens, "tokens"), (tokens, "input-tokens")):
            if bucket is not None:
                full = datetime.now(UTC) + timedelta(seconds=bucket.until_full(now))
                start = f"anthropic-ratelimit-{name}"
                headers[f"{start}-limit"] = str(round(bucket.rate * 60))
                headers[f"{start}-remaining"] = str(int(bucket.level(now)))
                headers[f"{start}-reset"] = full.strftime("%Y-%m-%dT%H:%M:%SZ")
        return headers

    def whole(self, answer: Answer) -> Body:
        message = _envelope(answer)
        if answer.thinking:
            thought = THOUGHT * answer.thinking
            message["content"].append({"type": "thinking", "thinking": thought, "signature": "c2ln"})
        if answer.text:
            message["content"].append({"type": "text", "text": answer.text})
        message |= _stop(answer)
        message["usage"] = {**_prompt_usage(answer.usage), **_output_usage(answer)}
        return message

    def opening(self, answer: Answer) -> bytes:
        message = _envelope(answer)
        message["usage"] = {**_prompt_usage(answer.usage), "output_tokens": min(1, answer.usage.output)}
        events = [_event("message_start", message=message), _event("ping")]
        if answer.thinking:
            block = {"type": "thinking", "thinking": "", "signature": ""}
            events.append(_event("content_block_start", index=0, content_block=block))
            thought = {"type": "thinking_delta", "thinking": THOUGHT}
            events += [_event("content_block_delta", index=0, delta=thought)] * answer.thinking
            signature = {"type": "signature_delta", "signature": "c2ln"}
            events.append(_event("content_block_delta", index=0, delta=signature))
            events.append(_event("content_block_stop", index=0))
        if answer.text:
            block = {"type": "text", "text": ""}
            events.append(_event("content_block_start", index=_text_index(answer), content_block=block))
        return b"".join(events)

    def delta(self, answer: Answer, piece: str) -> bytes:
        text = {"type": "text_delta", "text": piece}
        return _event("content_block_delta", index=_text_index(answer), delta=text)

    def closing(self, answer: Answer) -> bytes:
        # The split of the cache writes by TTL is told in message_start only.
        usage = {k: v for k, v in _prompt_usage(answer.usage).items() if k != "cache_creation"}
        end = _event("message_delta", delta=_stop(answer), usage={**usage, **_output_usage(answer)})
        stop = _event("content_block_stop", index=_text_index(answer)) if answer.text else b""
        return stop + end + _event("message_stop")

    def midstream_error(self) -> bytes:
        return _event("error", error={"type": "overloaded_error", "message": "Overloaded"})


def _nothing() -> None:
    pass


def _event(kind: str, **fields: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), encode({"type": kind, **fields}))


def _text_index(answer: Answer) -> int:
    return 1 if answer.thinking else 0


def _envelope(answer: Answer) -> Body:
    return {
        "id": f"msg_{answer.number:09d}",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _stop(answer: Answer) -> Body:
    refusal = {"type": "refusal", "category": None, "explanation": None}
    return {
        "stop_reason": answer.stop,
        "stop_sequence": None,
        "stop_details": refusal if answer.refused else None,
    }


def _prompt_usage(usage: Usage) -> Body:
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
    }


def _output_usage(answer: Answer) -> Body:
    usage = answer.usage
    return {
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.thinking},
        "service_tier": "standard",
    }
