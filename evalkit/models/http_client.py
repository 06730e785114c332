"""The HTTP client that the SDKs are given.

A run sends thousands of requests that differ in their body only, and wants each answer in one piece. The SDKs'
usual client builds URL, headers and timeouts anew for each and hands the answer through six layers of streams;
here they are built once, and aiohttp is asked directly. What is unusual takes the usual way of httpx2: redirects,
authentication, streams, another URL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import yarl
from httpx2 import USE_CLIENT_DEFAULT

from evalkit.models.route import Route, route_to
from evalkit.models.unreachable import was_cut_off, why

_KEEP_ALIVE_S = 5.0
_DIRECTLY = Route()


@contextmanager
def _told(request: httpx2.Request) -> Iterator[None]:
    """What a network can do as httpx2.TransportError, in words that a person understands."""
    host = request.url.netloc.decode("ascii", "replace")
    try:
        yield
    except TimeoutError as error:
        raise httpx2.ReadTimeout(why(error, host), request=request) from error
    except aiohttp.ClientConnectionError as error:
        raise httpx2.ConnectError(f"{why(error, host)}{_by_proxy(request, error)}", request=request) from error
    except aiohttp.ClientHttpProxyError as error:
        raise httpx2.ProxyError(why(error, host), request=request) from error
    except aiohttp.ClientError as error:
        raise httpx2.ReadError(why(error, host), request=request) from error


def _by_proxy(request: httpx2.Request, error: BaseException) -> str:
    """The variable of the proxy, where it may be the name that nobody knows."""
    if not isinstance(error, aiohttp.ClientConnectorDNSError):
        return ""
    proxy = route_to(str(request.url)).proxy
    return f" (asked through the proxy of {proxy.variable})" if proxy is not None else ""


class Sender:
    """Sends by aiohttp, by the route that the environment says; it keeps the connections.

    It keeps no cookies: an API key is all the state that an API needs.
    """

    def __init__(self, connections: int, route: Route) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._url = httpx2.URL()
        self._target = yarl.URL()
        self._limits: Any = None
        self._timeout = aiohttp.ClientTimeout()
        self._proxy = route.proxy
        self._through: dict[str, Any] = {}
        if route.proxy is not None:
            self._through["proxy"] = route.proxy.url
            if route.proxy.user is not None:
                auth = aiohttp.BasicAuth(route.proxy.user, route.proxy.password or "", encoding="utf-8")
                self._through["proxy_auth"] = auth

    async def ask(self, request: httpx2.Request, body: bytes) -> aiohttp.ClientResponse:
        """The answer's head.

        A server may close a connection that was kept just when it is used again. What it cannot have read whole is
        sent once more, by another one.
        """
        try:
            return await self._asked(request, body)
        except aiohttp.ClientOSError as error:
            if not was_cut_off(error):
                raise
            return await self._asked(request, body)

    async def _asked(self, request: httpx2.Request, body: bytes) -> aiohttp.ClientResponse:
        return await self._opened(request).request(
            request.method,
            self._target,
            headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
            data=body or None,
            allow_redirects=False,
            timeout=self._timeout,
            **self._through,
        )

    def _opened(self, request: httpx2.Request) -> aiohttp.ClientSession:
        """The session, with target and timeout set for this request: nearly always those of the last one."""
        if request.url is not self._url:
            self._url, self._target = request.url, yarl.URL(str(request.url), encoded=True)
        limits = request.extensions.get("timeout", {})
        if limits is not self._limits:
            self._limits = limits
            self._timeout = aiohttp.ClientTimeout(
                connect=limits.get("pool"), sock_connect=limits.get("connect"), sock_read=limits.get("read")
            )
        if self._session is None:
            # The certificates of SSL_CERT_FILE or certifi; reading them costs more than a hundred requests.
            needed = request.url.scheme == "https" or (self._proxy is not None and self._proxy.url.startswith("https"))
            secure = httpx2.create_ssl_context() if needed else True
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_KEEP_ALIVE_S, ssl=secure),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


async def _body(request: httpx2.Request) -> bytes:
    try:
        return request.content
    except httpx2.RequestNotRead:  # an upload, or a redirected request
        body = await request.aread()
        request.headers.pop("Transfer-Encoding", None)
        return body


class WholeAnswers(httpx2.AsyncBaseTransport):
    """Reads the whole answer. Raises httpx2.TransportError for what a network can do."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One answer, read and decompressed."""
        body = await _body(request)
        with _told(request):
            async with await self._sender.ask(request, body) as answer:
                content = await answer.read()
        return await _response(answer, content, request)


class StreamedAnswers(WholeAnswers):
    """Hands the answer on as it comes."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The head of one answer; its body is read by whoever wants it."""
        body = await _body(request)
        with _told(request):
            answer = await self._sender.ask(request, body)
        return httpx2.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Stream(answer, request),
            request=request,
            extensions=_extensions(answer),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sender.aclose()


class _Stream(httpx2.AsyncByteStream):
    """The body of an answer that is under way."""

    def __init__(self, answer: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._answer, self._request = answer, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told(self._request):
            async for chunk in self._answer.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        """Give the connection back; one whose answer was not read to its end is closed."""
        self._answer.release()


async def _response(answer: aiohttp.ClientResponse, content: bytes, request: httpx2.Request) -> httpx2.Response:
    extensions = _extensions(answer)
    headers = answer.raw_headers
    if "content-encoding" not in answer.headers:
        return httpx2.Response(answer.status, headers=headers, content=content, request=request, extensions=extensions)
    packed = httpx2.ByteStream(content)
    response = httpx2.Response(answer.status, headers=headers, stream=packed, request=request, extensions=extensions)
    await response.aread()
    return response


def _extensions(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    return {"http_version": b"HTTP/1.1", "reason_phrase": (answer.reason or "").encode()}


@dataclass(frozen=True, slots=True)
class _Built:
    """How the last request was asked for, and what came of it."""

    asked: tuple[Any, ...]
    url: httpx2.URL
    headers: httpx2.Headers
    extensions: Any


class LeanClient(httpx2.AsyncClient):
    """An httpx2 client for many requests to one URL with the same headers, by the route that leads there."""

    def __init__(self, connections: int, route: Route = _DIRECTLY) -> None:
        sender = Sender(connections, route)
        self._direct = WholeAnswers(sender)
        self._built: _Built | None = None
        super().__init__(transport=StreamedAnswers(sender), follow_redirects=True)

    def build_request(self, method: str, url: httpx2.URL | str, **more: Any) -> httpx2.Request:
        """As httpx2 builds it; a request that differs from the last one in its bytes only, from that one."""
        content = more.pop("content", None)
        if not isinstance(content, bytes):
            return super().build_request(method, url, content=content, **more)
        asked = (method, url, more)
        known = self._built
        if known is None or known.asked != asked:
            request = super().build_request(method, url, content=content, **more)
            headers = httpx2.Headers(request.headers, request.headers.encoding)
            self._built = _Built(asked, request.url, headers, request.extensions)
            return request
        headers = httpx2.Headers(known.headers, known.headers.encoding)
        headers["Content-Length"] = str(len(content))
        stream = httpx2.ByteStream(content)
        request = httpx2.Request(method, known.url, headers=headers, stream=stream, extensions=known.extensions)
        request.read()
        return request

    async def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,
        auth: Any = USE_CLIENT_DEFAULT,
        follow_redirects: Any = USE_CLIENT_DEFAULT,
    ) -> httpx2.Response:
        """Send and read the answer. Raises httpx2.HTTPError."""
        if not stream and auth is USE_CLIENT_DEFAULT:
            response = await self._direct.handle_async_request(request)
            if not 300 <= response.status_code < 400:
                return response
        # A redirect is asked once more, by the client that can follow it.
        return await super().send(request, stream=stream, auth=auth, follow_redirects=follow_redirects)
