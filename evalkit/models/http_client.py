"""The HTTP client that the SDKs are given for answers that are read whole.

A run sends thousands of requests that differ in their body only, and wants each answer in one piece. The SDKs'
usual client builds URL, headers and timeouts anew for each and hands the answer through six layers of streams;
here they are built once, and aiohttp is asked directly. What is unusual takes the usual way of httpx2: redirects,
authentication, streams, another URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import yarl
from httpx2 import USE_CLIENT_DEFAULT

_KEEP_ALIVE_S = 5.0


class WholeAnswers(httpx2.AsyncBaseTransport):
    """Sends by aiohttp and reads the whole answer. Raises httpx2.TransportError for what a network can do.

    It keeps no cookies: an API key is all the state that an API needs.
    """

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._url = httpx2.URL()
        self._target = yarl.URL()
        self._limits: Any = None
        self._timeout = aiohttp.ClientTimeout()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One answer, read and decompressed."""
        try:
            body = request.content
        except httpx2.RequestNotRead:  # an upload, or a redirected request
            body = await request.aread()
            request.headers.pop("Transfer-Encoding", None)
        try:
            async with self._opened(request).request(
                request.method,
                self._target,
                headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
                data=body or None,
                allow_redirects=False,
                timeout=self._timeout,
            ) as answer:
                content = await answer.read()
        except TimeoutError as error:
            raise httpx2.ReadTimeout(str(error), request=request) from error
        except aiohttp.ClientConnectionError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        except aiohttp.ClientError as error:
            raise httpx2.ReadError(str(error), request=request) from error
        return await _response(answer, content, request)

    def _opened(self, request: httpx2.Request) -> aiohttp.ClientSession:
        """The session, with target and timeout set for this request: nearly always those of the last one."""
        if request.url is not self._url:
            self._url, self._target = request.url, yarl.URL(str(request.url))
        limits = request.extensions.get("timeout", {})
        if limits is not self._limits:
            self._limits = limits
            self._timeout = aiohttp.ClientTimeout(
                connect=limits.get("pool"), sock_connect=limits.get("connect"), sock_read=limits.get("read")
            )
        if self._session is None:
            # The certificates of SSL_CERT_FILE or certifi; reading them costs more than a hundred requests.
            secure = httpx2.create_ssl_context() if request.url.scheme == "https" else True
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


async def _response(answer: aiohttp.ClientResponse, content: bytes, request: httpx2.Request) -> httpx2.Response:
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": (answer.reason or "").encode()}
    headers = answer.raw_headers
    if "content-encoding" not in answer.headers:
        return httpx2.Response(answer.status, headers=headers, content=content, request=request, extensions=extensions)
    packed = httpx2.ByteStream(content)
    response = httpx2.Response(answer.status, headers=headers, stream=packed, request=request, extensions=extensions)
    await response.aread()
    return response


@dataclass(frozen=True, slots=True)
class _Built:
    """How the last request was asked for, and what came of it."""

    asked: tuple[Any, ...]
    url: httpx2.URL
    headers: httpx2.Headers
    extensions: Any


class LeanClient(httpx2.AsyncClient):
    """An httpx2 client for many requests to one URL with the same headers."""

    def __init__(self, connections: int) -> None:
        self._direct = WholeAnswers(connections)
        self._built: _Built | None = None
        super().__init__(transport=self._direct, follow_redirects=True)

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
