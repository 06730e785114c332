"""What the SDK-backed models share: one timed send, and every way it can fail turned into a Failure.

The SDK makes the request, its auth and its error classes; its low-level `post` hands back the raw response,
of which only the few fields that evalkit needs are read. That costs about half of the SDK's typed `create`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Protocol

import msgspec

from evalkit.models.access import Access
from evalkit.models.base import ModelContext
from evalkit.models.droppable import Droppable, blamed
from evalkit.models.endings import unfinished
from evalkit.models.failures import ApiError, classify, not_the_api, transport_failure
from evalkit.models.fields import WRONG_SHAPE, decode
from evalkit.models.inside import error_inside, no_answer_in
from evalkit.models.registry import schema_for
from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Request

_CONNECT_S = 10.0


class Reader(Protocol):
    """Reads one API's answers."""

    def whole(self, data: Any, timing: Timing) -> Completion | Failure | None:
        """Read a complete JSON body; None, or an error of WRONG_SHAPE, if it is not this API's.

        A Failure where it is the API's and holds no finished answer.
        """

    def stream(self) -> StreamReader:
        """A fresh reader of one streamed answer."""


class StreamReader(Protocol):
    """Collects one streamed answer, event by event."""

    def feed(self, event: Any) -> bool:
        """Take an event; True when it carried visible answer text. What holds nothing of an answer is left out."""

    def completion(self, timing: Timing) -> Completion | Failure | None:
        """The whole answer, or None if the stream ended before it was complete; a Failure where it is none."""


def read_whole(reader: Reader, data: Any, timing: Timing) -> Completion | Failure:
    """What a decoded body says, be it live or a line of a batch: an answer, an error inside it, or neither."""
    failure = error_inside(data)
    if failure is not None:
        return failure
    try:
        outcome = reader.whole(data, timing)
    except WRONG_SHAPE:
        outcome = None
    return outcome or no_answer_in(data, "HTTP 200 with a body that is not the API's JSON")


def client_arguments(context: ModelContext, access: Access) -> dict[str, Any]:
    """How a vendor's client is made here: no retries of its own, our time-outs, a connection per request in flight.

    Raises WrongVariable where the environment names a proxy or certificates that cannot be used.
    """
    import httpx2

    from evalkit.models.http_client import LeanClient
    from evalkit.models.route import route_to

    return {
        "api_key": access.key,
        "base_url": access.url,
        "max_retries": 0,
        "timeout": httpx2.Timeout(context.timeout_s, connect=_CONNECT_S),
        "http_client": LeanClient(context.concurrency, route_to(access.url)),
    }


def url_of(client: Any, path: str) -> str:
    """The whole URL of a path of the client's API: told so, the SDK need not join the two for every request."""
    return str(client.base_url).rstrip("/") + path


@dataclass(slots=True)
class Wire:
    """One SDK client and how to talk to one URL with it: `headers` are sent besides the client's own.

    `on_headers` is given the headers of an answer, of whatever status, just before `send` returns. `stream_mark` is
    what asks for a stream in a body; `other_errors` are those of libraries that sign for the SDK.
    """

    sdk: Any
    client: Any
    url: str
    reader: Reader
    access: Access
    timeout_s: float
    stream: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    on_headers: Callable[[Mapping[str, str]], None] | None = None
    stream_mark: Mapping[str, Any] = field(default_factory=lambda: {"stream": True})
    other_errors: tuple[type[Exception], ...] = ()
    _options: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        import httpx2

        # A call has its time-out as a whole; clocks for each part of it would only cost.
        self._options = {"headers": self.headers, "timeout": httpx2.Timeout(None, connect=_CONNECT_S)}

    async def send(self, body: Mapping[str, Any]) -> Completion | Failure:
        """Send once; never raises for what an API or a network can do. No reason quotes the key."""
        redact = self.access.redact
        try:
            async with asyncio.timeout(self.timeout_s):
                return self._redacted(await (self._streamed(body) if self.stream else self._whole(body)))
        except TimeoutError:
            return Failure("infra", f"no answer within {self.timeout_s:g} s", retryable=True)
        except self.sdk.APIStatusError as error:
            if self.on_headers is not None:
                self.on_headers(error.response.headers)
            if error.status_code == 200:  # an error event inside a stream
                return self._redacted(_in_stream(error.body))
            failure = classify(_api_error(error, error.status_code, error.response.headers), redact)
            return replace(failure, blames=blamed(error.body, str(error.message), body))
        except self.sdk.APIError as error:
            # A stream's own error event has a body; a connection that broke has none.
            return self._redacted(_in_stream(error.body)) if error.body else transport_failure(error, redact)
        except self.transport_errors as error:
            return transport_failure(error, redact)

    def _redacted(self, outcome: Completion | Failure) -> Completion | Failure:
        """An outcome whose reason may quote what a server sent."""
        return replace(outcome, reason=self.access.redact(outcome.reason)) if isinstance(outcome, Failure) else outcome

    @property
    def transport_errors(self) -> tuple[type[Exception], ...]:
        """What the HTTP libraries raise where the SDK does not wrap it.

        For a stream that breaks off, for bytes that are not HTTP, for a redirect to nowhere (ValueError).
        """
        import aiohttp
        import httpx2

        return httpx2.HTTPError, httpx2.InvalidURL, aiohttp.ClientError, OSError, ValueError, *self.other_errors

    async def _whole(self, body: Mapping[str, Any]) -> Completion | Failure:
        import httpx2

        content = msgspec.json.encode(body)
        started = perf_counter()
        response = await self.client.post(self.url, content=content, cast_to=httpx2.Response, options=self._options)
        return self._read(response, response.content, Timing(latency_ms=(perf_counter() - started) * 1000))

    def _read(self, response: Any, content: bytes, timing: Timing) -> Completion | Failure:
        """The outcome that a whole body holds."""
        try:
            if self.on_headers is not None:
                self.on_headers(response.headers)
            data = decode(content)
        except WRONG_SHAPE:
            return not_the_api(response.status_code, response.headers.get("content-type"))
        return read_whole(self.reader, data, timing)

    async def _streamed(self, body: Mapping[str, Any]) -> Completion | Failure:
        reader = self.reader.stream()
        started = perf_counter()
        first: float | None = None
        stream = await self.client.post(
            self.url,
            content=msgspec.json.encode({**body, **self.stream_mark}),
            cast_to=object,
            stream=True,
            stream_cls=self.sdk.AsyncStream[object],
            options=self._options,
        )
        if not hasattr(stream, "__aiter__"):
            return not_the_api(200, None)
        try:
            if _is_json(stream.response):
                # Asked for a stream, the server answers in one piece: an error most often.
                content = await stream.response.aread()
                return self._read(stream.response, content, Timing((perf_counter() - started) * 1000))
            async for event in stream:
                if reader.feed(event) and first is None:
                    first = (perf_counter() - started) * 1000
            completion = reader.completion(Timing((perf_counter() - started) * 1000, first))
        except WRONG_SHAPE:
            return not_the_api(200, stream.response.headers.get("content-type"))
        finally:
            await stream.close()
        if self.on_headers is not None:
            self.on_headers(stream.response.headers)
        return completion or unfinished("the stream ended before the answer was complete")

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.close()


@dataclass
class SdkModel(ABC):
    """A model behind an SDK: encodes once what all samples share, asks, adapts to what the server refuses."""

    spec: ModelSpec
    wire: Wire
    base_url: str
    droppable: Droppable
    max_concurrency: int | None = None
    cacheable: bool = True
    notes: list[str] = field(default_factory=list)
    _shared: tuple[Prefix, Parameters, dict[str, Any], list[msgspec.Raw]] | None = None

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, str | None]:
        """The parts of the request key that belong to the model."""

    @abstractmethod
    def encode(self, prefix: Prefix, parameters: Parameters) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The body without its messages, and the messages of the prefix."""

    @abstractmethod
    def not_sent(self, parameters: Parameters) -> set[str]:
        """Names of sampling parameters that the suite sets and this model does not take."""

    async def complete(self, request: Request) -> Completion | Failure:
        """Ask once; once more without a parameter that the server refuses, which is learned if that gets through."""
        tried: set[str] = set()
        while True:
            body = self._body(request, tried)
            outcome = await self.wire.send(body)
            if isinstance(outcome, Completion):
                self.droppable.dropped |= tried
                return self._marked(outcome, request.parameters)
            name = self.droppable.candidate(outcome, body, tried)
            if name is None:
                return outcome
            tried.add(name)

    def _marked(self, outcome: Completion, parameters: Parameters) -> Completion:
        left_out, not_sent = self.droppable.told(), self.not_sent(parameters)
        if not left_out and not not_sent:
            return outcome
        return replace(outcome, dropped=tuple(sorted(left_out | not_sent)), left_out=tuple(sorted(left_out)))

    def leave_out(self, names: Iterable[str]) -> None:
        """Send these parameters no more: an earlier run learned that the server refuses them."""
        self.droppable.leave_out(names)

    def sent_schema(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema that the provider is asked to enforce."""
        return schema_for(self.spec, schema).schema

    def encoded(self, request: Request) -> bytes:
        """The body that is sent for a request, as JSON."""
        return msgspec.json.encode(self._body(request))

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    def _body(self, request: Request, without: Iterable[str] = ()) -> dict[str, Any]:
        fixed, turns = self._fixed(request.prefix, request.parameters)
        messages = [*turns, {"role": "user", "content": request.suffix}]
        return self.droppable.apply({**fixed, "messages": messages}, without)

    def _fixed(self, prefix: Prefix, parameters: Parameters) -> tuple[dict[str, Any], list[msgspec.Raw]]:
        if self._shared is None or self._shared[0] is not prefix or self._shared[1] is not parameters:
            body, turns = self.encode(prefix, parameters)
            self._shared = (
                prefix,
                parameters,
                {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in body.items()},
                [msgspec.Raw(msgspec.json.encode(turn)) for turn in turns],
            )
        return self._shared[2], self._shared[3]


def _in_stream(body: Any) -> Failure:
    """An error event: some SDKs hand on the event, others only what stands under its `error`."""
    return error_inside(body) or no_answer_in({"error": body}, "an error inside the stream")


def _is_json(response: Any) -> bool:
    kind = str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _api_error(error: Any, status: int | None, headers: Mapping[str, str]) -> ApiError:
    return ApiError(status=status, body=error.body, message=str(error.message), headers=headers)
