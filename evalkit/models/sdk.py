"""What the SDK-backed models share: one timed send, and every way it can fail turned into a Failure.

The SDK makes the request, its auth and its error classes; its low-level `post` hands back the raw response,
of which only the few fields that evalkit needs are read. That costs about half of the SDK's typed `create`.
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Protocol
from urllib.request import getproxies

import msgspec

from evalkit.models.access import Access
from evalkit.models.base import ModelContext
from evalkit.models.failures import ApiError, classify, not_the_api, transport_failure
from evalkit.models.fields import WRONG_SHAPE, decode
from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Request

_CONNECT_S = 10.0
ANSWER_PARAMETERS = frozenset({"temperature", "seed", "reasoning_effort", "thinking"})


class Reader(Protocol):
    """Reads one API's answers."""

    def whole(self, data: Any, timing: Timing) -> Completion | None:
        """Read a complete JSON body; None, or an error of WRONG_SHAPE, if it is not this API's."""

    def stream(self) -> StreamReader:
        """A fresh reader of one streamed answer."""


class StreamReader(Protocol):
    """Collects one streamed answer, event by event."""

    def feed(self, event: Any) -> bool:
        """Take an event; True when it carried visible answer text."""

    def completion(self, timing: Timing) -> Completion | None:
        """The whole answer, or None if the stream ended before it was complete."""


def client_arguments(sdk: Any, context: ModelContext, access: Access) -> dict[str, Any]:
    """How a vendor's client is made here: no retries of its own, our time-outs, a connection per request in flight.

    Streams, and whatever goes through a proxy of the environment, take the SDK's own HTTP client.
    """
    import httpx2

    return {
        "api_key": access.key,
        "base_url": access.url,
        "max_retries": 0,
        "timeout": httpx2.Timeout(context.timeout_s, connect=_CONNECT_S),
        "http_client": _http_client(sdk, context),
    }


def _http_client(sdk: Any, context: ModelContext) -> Any:
    if context.stream or getproxies():
        import httpx2

        n = context.concurrency
        return sdk.DefaultAioHttpClient(limits=httpx2.Limits(max_connections=n, max_keepalive_connections=n))
    from evalkit.models.http_client import LeanClient

    return LeanClient(context.concurrency)


def url_of(client: Any, path: str) -> str:
    """The whole URL of a path of the client's API: told so, the SDK need not join the two for every request."""
    return str(client.base_url).rstrip("/") + path


@dataclass(slots=True)
class Wire:
    """One SDK client and how to talk to one URL with it: `headers` are sent besides the client's own.

    `on_headers` is given the headers of an answer, of whatever status, just before `send` returns.
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
                return await (self._streamed(body) if self.stream else self._whole(body))
        except TimeoutError:
            return Failure("infra", f"no answer within {self.timeout_s:g} s", retryable=True)
        except self.sdk.APIStatusError as error:
            if self.on_headers is not None:
                self.on_headers(error.response.headers)
            return classify(_api_error(error, error.status_code, error.response.headers), redact)
        except self.sdk.APIError as error:
            # A stream's own error event has a body; a connection that broke has none.
            return classify(_api_error(error, None, {}), redact) if error.body else transport_failure(error, redact)
        except self.transport_errors as error:
            return transport_failure(error, redact)

    @property
    def transport_errors(self) -> tuple[type[Exception], ...]:
        """What the HTTP libraries raise where the SDK does not wrap it.

        For a stream that breaks off, for bytes that are not HTTP, for a redirect to nowhere (ValueError).
        """
        import aiohttp
        import httpx2

        return httpx2.HTTPError, httpx2.InvalidURL, aiohttp.ClientError, OSError, ValueError

    async def _whole(self, body: Mapping[str, Any]) -> Completion | Failure:
        import httpx2

        content = msgspec.json.encode(body)
        started = perf_counter()
        response = await self.client.post(self.url, content=content, cast_to=httpx2.Response, options=self._options)
        timing = Timing(latency_ms=(perf_counter() - started) * 1000)
        try:
            if self.on_headers is not None:
                self.on_headers(response.headers)
            completion = self.reader.whole(decode(response.content), timing)
        except WRONG_SHAPE:
            completion = None
        return completion or not_the_api(response.status_code, response.headers.get("content-type"))

    async def _streamed(self, body: Mapping[str, Any]) -> Completion | Failure:
        reader = self.reader.stream()
        started = perf_counter()
        first: float | None = None
        stream = await self.client.post(
            self.url,
            content=msgspec.json.encode({**body, "stream": True}),
            cast_to=object,
            stream=True,
            stream_cls=self.sdk.AsyncStream[object],
            options=self._options,
        )
        if not hasattr(stream, "__aiter__"):
            return not_the_api(200, None)
        try:
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
        return completion or Failure("infra", "the stream ended before the answer was complete", retryable=True)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.close()


@dataclass(slots=True)
class Droppable:
    """Parameters that a server may refuse and the job can do without, and what replaces them.

    A server that answers 400 and names one of them is asked again without it; the name is remembered, so that
    this costs one extra request per run, and is told in the run.
    """

    replacements: dict[str, str | None]
    dropped: set[str] = field(default_factory=set)

    def apply(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body without what was dropped before."""
        for name in self.dropped & body.keys():
            value, other = body.pop(name), self.replacements.get(name)
            if other:
                body[other] = value
        return body

    def told(self) -> set[str]:
        """The dropped names that the suite asked for; a mere change of name is not worth a word."""
        return {name for name in self.dropped if self.replacements[name] is None and name in ANSWER_PARAMETERS}

    def learn(self, failure: Failure, body: Mapping[str, Any]) -> bool:
        """Whether the failure blames a parameter of the body that can go; if so, remember it.

        Requests that are under way at once are refused alike: each of them is told to try again.
        """
        if failure.http_status not in (400, 422):
            return False
        for name, other in self.replacements.items():
            if name not in body or other in self.dropped:
                continue
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", failure.reason):
                self.dropped.add(name)
                return True
        return False


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
        """Ask once; once more without a parameter that the server names as not accepted."""
        while True:
            body = self._body(request)
            outcome = await self.wire.send(body)
            if isinstance(outcome, Completion):
                dropped = self.droppable.told() | self.not_sent(request.parameters)
                return replace(outcome, dropped=tuple(sorted(dropped))) if dropped else outcome
            if not self.droppable.learn(outcome, body):
                return outcome

    def encoded(self, request: Request) -> bytes:
        """The body that is sent for a request, as JSON."""
        return msgspec.json.encode(self._body(request))

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    def _body(self, request: Request) -> dict[str, Any]:
        fixed, turns = self._fixed(request.prefix, request.parameters)
        messages = [*turns, {"role": "user", "content": request.suffix}]
        return self.droppable.apply({**fixed, "messages": messages})

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


def _api_error(error: Any, status: int | None, headers: Mapping[str, str]) -> ApiError:
    return ApiError(status=status, body=error.body, message=str(error.message), headers=headers)
