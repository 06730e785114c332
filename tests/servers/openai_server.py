"""Chat completions as a fake: errors, usage, automatic prompt cache and chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import ClassVar

from evalkit.records.completion import Usage
from tests.servers.batches import Answering, OpenAIBatches
from tests.servers.config import Kind, Then
from tests.servers.counters import Bucket
from tests.servers.openai_rules import bad, refusal
from tests.servers.wire import THOUGHT, Answer, Api, Ask, Body, Problem, Stop, encode, last_user_texts, tokens

_STEP = 128  # tokens: cache hits come in multiples of this
_TTL_S = 1800
_CREATED = 1_790_000_000
_REFUSAL = "I'm sorry, but I can't help with that."

_STATUS_PROBLEMS = {
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "permission_denied"),
    404: ("invalid_request_error", "not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


class OpenAIApi(Api):
    """Chat completions. The prompt cache is per model and `prompt_cache_key`."""

    path = "/v1/chat/completions"
    stops: ClassVar[Mapping[Stop, str]] = {"end": "stop", "max_tokens": "length", "refusal": "stop"}
    request_id_header = "x-request-id"
    limits_cache_reads = True

    def __init__(self) -> None:
        self._entries: dict[bytes, float] = {}  # prefix digest → expires at

    def forget(self) -> None:
        self._entries.clear()

    def batches(self, answer: Answering) -> OpenAIBatches:
        return OpenAIBatches(answer)

    def key(self, headers: Mapping[str, str]) -> str | None:
        bearer = headers.get("Authorization", "")
        return bearer[7:] if bearer.startswith("Bearer ") else None

    def check(self, body: Body, headers: Mapping[str, str]) -> Problem | None:
        return refusal(body, self.config.strict)

    def read(self, body: Body) -> Ask:
        wanted = body.get("response_format") or {}
        stream = bool(body.get("stream"))
        return Ask(
            body=body,
            model=body["model"],
            texts=last_user_texts(body["messages"]),
            stream=stream,
            max_tokens=body.get("max_completion_tokens", body.get("max_tokens")),
            thinks=body.get("reasoning_effort") != "none" and not body["model"].startswith("gpt-4"),
            schema=(wanted.get("json_schema") or {}).get("schema"),
            with_usage=not stream or bool((body.get("stream_options") or {}).get("include_usage")),
        )

    def look_up(self, body: Body, now: float) -> tuple[Usage, Callable[[], None]]:
        parts = [(str(m.get("role")), _text(m).encode()) for m in body["messages"]]
        total = tokens(sum(len(data) for _, data in parts))
        least = self.config.min_cacheable_tokens
        if total < least:
            return Usage(input=total), _nothing
        namespace = f"{body['model']} {body.get('prompt_cache_key')}"
        steps = {n: d for n, d in _digests(namespace, parts).items() if n >= least}
        read = max((n for n, digest in steps.items() if now < self._entries.get(digest, now)), default=0)
        written = max(steps, default=0) - read if self.config.cache_write_tokens else 0

        def commit() -> None:
            self._entries.update(dict.fromkeys(steps.values(), now + _TTL_S))

        return Usage(input=total - read - written, cache_read=read, cache_write_5m=written), commit

    def problem(self, kind: Kind | int, body: Body, then: Then) -> Problem:
        model, name = body.get("model"), then.parameter
        if isinstance(kind, int):
            usual = ("server_error", None) if kind >= 500 else ("invalid_request_error", None)
            error_type, code = _STATUS_PROBLEMS.get(kind, usual)
            return Problem(kind, error_type, f"The server answered {kind}.", code)
        quota = Problem(
            429,
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
        )
        problems: dict[Kind, Problem] = {
            "context_too_long": bad(
                "This model's maximum context length is 128000 tokens. However, your messages resulted in "
                "210000 tokens. Please reduce the length of the messages.",
                "context_length_exceeded",
                "messages",
            ),
            "content_filter": bad(
                "The response was filtered due to the prompt triggering the content management policy.",
                "content_filter",
                "prompt",
            ),
            "insufficient_quota": quota,
            "spend_limit": quota,
            "bad_key": Problem(401, "invalid_request_error", "Incorrect API key provided: sk-****.", "invalid_api_key"),
            "model_not_found": Problem(
                404,
                "invalid_request_error",
                f"The model `{model}` does not exist or you do not have access to it.",
                "model_not_found",
            ),
            "unsupported_parameter": bad(
                f"Unsupported parameter: '{name}' is not supported with this model.",
                "unsupported_parameter",
                name,
            ),
            "overloaded_midstream": Problem(
                503, "server_error", "The engine is currently overloaded, please try again later."
            ),
        }
        return problems[kind]

    def error(self, problem: Problem, request_id: str) -> Body:
        return {
            "error": {
                "message": problem.message,
                "type": problem.type,
                "param": problem.param,
                "code": problem.code,
            }
        }

    def rate_headers(self, requests: Bucket | None, tokens: Bucket | None, now: float) -> dict[str, str]:
        headers = {}
        for bucket, name in ((requests, "requests"), (tokens, "tokens")):
            if bucket is not None:
                headers[f"x-ratelimit-limit-{name}"] = str(round(bucket.rate * 60))
                headers[f"x-ratelimit-remaining-{name}"] = str(int(bucket.level(now)))
                headers[f"x-ratelimit-reset-{name}"] = _duration(bucket.until_full(now))
        return headers

    def whole(self, answer: Answer) -> Body:
        message: Body = {"role": "assistant", "content": answer.text, "refusal": None}
        if answer.refused:
            message |= {"content": None, "refusal": _REFUSAL}
        if answer.thinking and not self.config.strict:
            message["reasoning_content"] = THOUGHT * answer.thinking
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.stop}
        completion = {**_envelope(answer, "chat.completion"), "choices": [choice]}
        if answer.with_usage:
            completion["usage"] = self._usage(answer.usage)
        return completion

    def opening(self, answer: Answer) -> bytes:
        events = [_chunk(answer, {"role": "assistant", "content": "", "refusal": None})]
        if answer.thinking and not self.config.strict:
            events += [_chunk(answer, {"reasoning_content": THOUGHT})] * answer.thinking
        if answer.refused:
            events.append(_chunk(answer, {"refusal": _REFUSAL}))
        return b"".join(events)

    def delta(self, answer: Answer, piece: str) -> bytes:
        return _chunk(answer, {"content": piece})

    def closing(self, answer: Answer) -> bytes:
        events = [_chunk(answer, {}, answer.stop)]
        if answer.with_usage:
            last = {**_envelope(answer, "chat.completion.chunk"), "choices": []}
            events.append(_event({**last, "usage": self._usage(answer.usage)}))
        return b"".join([*events, b"data: [DONE]\n\n"])

    def midstream_error(self) -> bytes:
        message = "The server had an error while processing your request."
        return _event({"error": {"message": message, "type": "server_error", "param": None, "code": None}})

    def _usage(self, usage: Usage) -> Body:
        told: Body = {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.output,
            "total_tokens": usage.prompt + usage.output,
        }
        if self.config.usage_details:
            written = {"cache_write_tokens": usage.cache_write_5m} if self.config.cache_write_tokens else {}
            told["prompt_tokens_details"] = {"cached_tokens": usage.cache_read, "audio_tokens": 0, **written}
            told["completion_tokens_details"] = {"reasoning_tokens": usage.thinking, "audio_tokens": 0}
        return told


def _nothing() -> None:
    pass


def _text(message: Body) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(b.get("text", "") for b in content)


def _digests(namespace: str, parts: list[tuple[str, bytes]]) -> dict[int, bytes]:
    """Digest of the prompt's first n tokens (a role's change counts, but not as text), n in whole steps."""
    found, n_bytes, step = {}, 0, 4 * _STEP
    hasher = blake2b(namespace.encode(), digest_size=16)
    for role, data in parts:
        hasher.update(b"\0" + role.encode() + b"\0")
        start = 0
        while start < len(data):
            piece = data[start : start + step - n_bytes % step]
            hasher.update(piece)
            start, n_bytes = start + len(piece), n_bytes + len(piece)
            if n_bytes % step == 0:
                found[n_bytes // 4] = hasher.digest()
    return found


def _envelope(answer: Answer, kind: str) -> Body:
    return {
        "id": f"chatcmpl-{answer.number:09d}",
        "object": kind,
        "created": _CREATED,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _event(data: Body) -> bytes:
    return b"data: %s\n\n" % encode(data)


def _chunk(answer: Answer, delta: Body, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = {**_envelope(answer, "chat.completion.chunk"), "choices": [choice]}
    return _event({**chunk, "usage": None} if answer.with_usage else chunk)


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms" if seconds < 1 else f"{seconds:.3f}s"
