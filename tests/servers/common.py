"""The server that both fake providers share: the way of a request, faults, delays, control."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import count
from math import ceil
from random import Random
from time import monotonic
from typing import NoReturn

from aiohttp import web

from evalkit.records.completion import Usage
from tests.servers.batches import BatchApi, Fate
from tests.servers.config import Then, read_config
from tests.servers.counters import Bucket, Rules, Stats
from tests.servers.wire import Answer, Api, Ask, Body, Problem, Stop, decode, encode, tokens, wrap

_JSON = "application/json"
_HTML = b"<!doctype html><html><body><h1>Sign in to the network</h1></body></html>"
_NO_FAULT = Then(stop_reason="")  # empty: the vendor's own stop reason stands
_ERRORS = frozenset(
    {
        "context_too_long",
        "content_filter",
        "insufficient_quota",
        "spend_limit",
        "bad_key",
        "model_not_found",
        "unsupported_parameter",
    }
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer on its way: to whom, with which headers and fault; `commit` fills the prompt cache."""

    request: web.BaseRequest
    answer: Answer
    then: Then
    headers: dict[str, str]
    commit: Callable[[], None]


class Server:
    """Answers requests as `api` would; its config tells what to say and what to break."""

    def __init__(self, api: Api, settings: Body) -> None:
        self.api = api
        self.batches: BatchApi = api.batches(self._answer_in_batch)
        self._initial, self._settings = settings, Body()
        self._slots: AbstractAsyncContextManager[None]
        self._numbers = count(1)
        self.configure(settings)
        self._stats = Stats(self._config)

    def configure(self, settings: Body) -> None:
        """Change the given settings; raises ValueError or OSError and keeps the old ones.

        Fault counts and rate limits start anew; prompt cache and counters stay.
        """
        merged = {**self._settings, **settings}
        self._config = self.api.config = self.batches.config = read_config(merged)
        self._settings = merged
        self._start_counting()

    def _start_counting(self) -> None:
        c, now = self._config, monotonic()
        self._rules = Rules(c.faults)
        self._random = Random(c.seed)
        self._requests = self._tokens = None
        self._slots = nullcontext() if c.slots is None else asyncio.Semaphore(c.slots)
        if c.rate_limit_rps is not None:
            self._requests = Bucket(c.rate_limit_rps, c.rate_limit_burst or max(1.0, c.rate_limit_rps), now)
        if c.rate_limit_tpm is not None:
            self._tokens = Bucket(c.rate_limit_tpm / 60, c.rate_limit_tpm, now)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Route one HTTP request."""
        route = request.method, request.path
        if route == ("POST", self.api.path):
            return await self._count(request)
        if route == ("GET", "/__stats"):
            return web.json_response({**self._stats.report(), "batches": self.batches.report()})
        if route == ("POST", "/__control"):
            try:
                self.configure(json.loads(await request.content.read()))
            except (ValueError, OSError) as error:
                return web.Response(status=400, text=str(error))
            self._stats.configure(self._config)
            return web.json_response({"ok": True})
        if route == ("POST", "/__reset"):
            if json.loads(await request.content.read() or b"{}").get("config"):
                self._settings = {}
            self.configure(self._settings or self._initial)
            self._stats = Stats(self._config)
            self.api.forget()
            self.batches.forget()
            return web.json_response({"ok": True})
        if (answer := await self.batches.handle(request)) is not None:
            return answer
        return self._send(Problem(404, "not_found_error", f"no such path: {request.path}"), "req_none", {})

    async def _count(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.content.read()
        stats = self._stats  # a reset while this request is under way must not count it again
        digest = stats.arrive(raw)
        outcome = "aborted"
        try:
            response = await self._answer(request, raw, digest, stats)
            outcome = str(response.status)
            return response
        except _HungUp:
            outcome = "dropped"
            raise
        finally:
            stats.leave(outcome)

    async def _answer(self, request: web.BaseRequest, raw: bytes, digest: bytes, stats: Stats) -> web.StreamResponse:
        config, api = self._config, self.api
        number = next(self._numbers)
        request_id = f"req_{number:09d}"
        key = api.key(request.headers)
        try:
            body = decode(raw)
        except ValueError:
            body = None
        stats.seen(request.headers, body, key)
        if (problem := self._refuse(body, key, request.headers)) is not None:
            return self._send(problem, request_id, {})
        ask = api.read(body)
        usage, commit = api.look_up(body, monotonic() + config.clock_offset_s)
        headers, limited = self._limit(usage)
        if limited:
            return self._send(api.problem(429, body, _NO_FAULT), request_id, headers)
        then = _NO_FAULT
        if config.faults and (fault := self._rules.pick(ask.texts[0], digest)) is not None:
            then = fault.then
            headers |= then.headers
            if (broken := await self._break(request, ask, then, request_id, headers)) is not None:
                return broken
        headers[api.request_id_header] = request_id
        delivery = Delivery(request, self._compose(ask, then, usage, number), then, headers, commit)
        async with self._slots:
            response = await (self._stream(delivery) if ask.stream else self._whole(delivery))
        if then.kind != "overloaded_midstream":
            stats.answered(digest, delivery.answer.usage, ask.stream)
        return response

    def _answer_in_batch(self, body: Body, headers: Mapping[str, str]) -> tuple[Fate, int, Body]:
        """What one request of a batch comes to: the same as live, without limits and delays."""
        config, api = self._config, self.api
        number = next(self._numbers)
        problem = self._refuse(body, api.key(headers), headers)
        then = _NO_FAULT
        if problem is None:
            ask = api.read(body)
            digest = blake2b(encode(body), digest_size=12).digest()
            if config.faults and (fault := self._rules.pick(ask.texts[0], digest)) is not None:
                then = fault.then
            if then.kind == "expired":
                return "expired", 0, {}
            if then.status is not None and isinstance(then.body, Mapping):
                return "errored", then.status, dict(then.body)
            if then.status is not None or then.kind in _ERRORS:
                problem = api.problem(then.status or then.kind or 500, body, then)
        if problem is not None:
            return "errored", problem.status, api.error(problem, f"req_{number:09d}")
        usage, commit = api.look_up(body, monotonic() + config.clock_offset_s)
        commit()
        return "succeeded", 200, api.whole(self._compose(ask, then, usage, number))

    def _refuse(self, body: object, key: str | None, headers: Mapping[str, str]) -> Problem | None:
        config, api = self._config, self.api
        if config.require_key is not None and key != config.require_key:
            return api.problem("bad_key", {}, _NO_FAULT)
        if not isinstance(body, dict):
            return Problem(400, "invalid_request_error", "The request body is not a JSON object")
        for name in config.reject_parameters:
            if name in body:
                return api.problem("unsupported_parameter", body, replace(_NO_FAULT, parameter=name))
        if (problem := api.check(body, headers)) is not None:
            return problem
        if config.models is not None and body.get("model") not in config.models:
            return api.problem("model_not_found", body, _NO_FAULT)
        return None

    def _limit(self, usage: Usage) -> tuple[dict[str, str], bool]:
        """The rate headers, and whether a limit is reached."""
        if not self._requests and not self._tokens:
            return {}, False
        now, wait = monotonic(), 0.0
        if self._requests:
            wait = self._requests.take(1, now)
        if self._tokens and not wait:
            free = 0 if self.api.limits_cache_reads else usage.cache_read
            wait = self._tokens.take(usage.prompt - free, now)
        headers = self.api.rate_headers(self._requests, self._tokens, now) if self._config.rate_headers else {}
        if wait:
            headers |= {"retry-after": str(ceil(wait)), "retry-after-ms": str(ceil(wait * 1000))}
        return headers, wait > 0

    async def _break(
        self, request: web.BaseRequest, ask: Ask, then: Then, request_id: str, headers: dict[str, str]
    ) -> web.Response | None:
        """Do what a fault does instead of answering; None where the fault lies in the answer itself."""
        kind = then.kind
        if then.status is not None and then.body is not None:
            if isinstance(then.body, str):
                return _response(then.body.encode(), then.status, headers, "text/plain; charset=utf-8")
            return _response(encode(then.body), then.status, headers, _JSON)
        if then.status is not None:
            return self._send(self.api.problem(then.status, ask.body, then), request_id, headers)
        if kind == "html_200":
            return _response(_HTML, 200, headers, "text/html; charset=utf-8")
        if kind == "not_api_json":
            return _response(b'{"ok":true,"service":"gateway"}', 200, headers, _JSON)
        if kind == "hang":
            await asyncio.Event().wait()  # ends when the client goes away, which cancels this handler
        if kind == "drop":
            _hang_up(request)
        if kind in _ERRORS or (kind == "overloaded_midstream" and not ask.stream):
            return self._send(self.api.problem(kind, ask.body, then), request_id, headers)
        return None

    def _send(self, problem: Problem, request_id: str, headers: Mapping[str, str]) -> web.Response:
        named = {self.api.request_id_header: request_id, **headers}
        return _response(encode(self.api.error(problem, request_id)), problem.status, named, _JSON)

    def _compose(self, ask: Ask, then: Then, prompt: Usage, number: int) -> Answer:
        config, kind = self._config, then.kind
        stop: Stop = "end"
        text = config.echo_label
        if text is None:
            found = (config.answers[t] for t in ask.texts if t in config.answers)
            text = next(found, config.default_answer)
        if ask.schema is not None and not config.ignore_schema:
            text = wrap(ask.schema, text)
        if kind == "max_tokens":
            text, stop = text[: len(text) // 2], "max_tokens"
        elif kind in ("refusal", "empty"):
            text, stop = "", "refusal" if kind == "refusal" else "end"
        thinking = then.tokens if kind == "thinking" else config.thinking_tokens if ask.thinks else 0
        n_text = tokens(len(text.encode()))
        if ask.max_tokens is not None and thinking + n_text > ask.max_tokens:
            thinking = min(thinking, ask.max_tokens)
            n_text, stop = ask.max_tokens - thinking, "max_tokens"
            text = text.encode()[: 4 * n_text].decode(errors="ignore")
        return Answer(
            number=number,
            model=config.served_model or ask.model,
            text=text,
            thinking=thinking,
            stop=then.stop_reason or self.api.stops[stop],
            refused=stop == "refusal",
            usage=replace(prompt, output=thinking + n_text, thinking=thinking),
            with_usage=ask.with_usage and config.report_usage,
        )

    def _seconds(self) -> float:
        c = self._config
        return (c.latency_ms + (self._random.uniform(0, c.jitter_ms) if c.jitter_ms else 0)) / 1000

    async def _whole(self, to: Delivery) -> web.StreamResponse:
        if seconds := self._seconds():
            await asyncio.sleep(seconds)
        to.commit()
        content = encode(self.api.whole(to.answer))
        if to.then.kind == "drop_midway":
            to.headers.update({"Content-Type": _JSON, "Content-Length": str(len(content))})
            response = web.StreamResponse(headers=to.headers)
            await response.prepare(to.request)
            await response.write(content[: len(content) // 2])
            _hang_up(to.request)
        return _response(content, 200, to.headers, _JSON)

    async def _stream(self, to: Delivery) -> web.StreamResponse:
        config, api, answer, kind = self._config, self.api, to.answer, to.then.kind
        end = monotonic() + self._seconds()
        await asyncio.sleep(config.ttft_ms / 2000)
        to.commit()
        to.headers.update({"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"})
        response = web.StreamResponse(headers=to.headers)
        await response.prepare(to.request)
        waiting = [api.opening(answer)]

        async def pause(seconds: float) -> None:
            """Send what is waiting, then wait; without a wait, what follows goes into the same write."""
            if seconds > 0:
                await response.write(b"".join(waiting))
                waiting.clear()
                await asyncio.sleep(seconds)

        await pause(config.ttft_ms / 2000)
        size = config.delta_chars
        pieces = [answer.text[i : i + size] for i in range(0, len(answer.text), size)]
        broken = kind in ("overloaded_midstream", "drop_midway")
        for piece in pieces[: ceil(len(pieces) / 2)] if broken else pieces:
            waiting.append(api.delta(answer, piece))
            await pause(config.delta_ms / 1000)
        if kind == "drop_midway":
            await response.write(b"".join(waiting))
            _hang_up(to.request)
        if kind == "overloaded_midstream":
            waiting.append(api.midstream_error())
        else:
            await pause(end - monotonic())
            waiting.append(api.closing(answer))
        await response.write(b"".join(waiting))
        await response.write_eof()
        return response


class _HungUp(ConnectionResetError):
    """Tells aiohttp that there is nobody left to answer."""


def _hang_up(request: web.BaseRequest) -> NoReturn:
    """Close the connection after what was written so far."""
    if request.transport is not None:
        request.transport.close()
    raise _HungUp


def _response(content: bytes, status: int, headers: Mapping[str, str], content_type: str) -> web.Response:
    return web.Response(body=content, status=status, headers={"Content-Type": content_type, **headers})
