"""The HTTP client of whole answers: what it shares between requests, and what it leaves to httpx2."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.http_client import LeanClient
from evalkit.models.registry import open_model
from tests.engine.asking import context, request, spec

HEADERS = [("Authorization", "Bearer k"), ("Content-Type", "application/json"), ("x-name", "e")]
TIMEOUT = httpx2.Timeout(9, connect=3)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def built(client: httpx2.AsyncClient, content: bytes, **more: Any) -> httpx2.Request:
    given = {"method": "POST", "url": "http://h:1/v1/x", "headers": HEADERS, "timeout": TIMEOUT, **more}
    return client.build_request(content=content, **given)


def usual_client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(200)))


def parts(request: httpx2.Request) -> tuple[Any, ...]:
    return request.method, str(request.url), sorted(request.headers.raw), request.content, request.extensions


@given(st.lists(st.binary(), min_size=1, max_size=4))
def test_a_request_is_what_httpx2_builds(bodies: list[bytes]) -> None:
    lean, usual = LeanClient(1), usual_client()
    for body in bodies:
        assert parts(built(lean, body)) == parts(built(usual, body))


@pytest.mark.parametrize(
    "other",
    [
        {"url": "http://h:1/v1/y"},
        {"headers": [*HEADERS, ("x-more", "1")]},
        {"method": "PUT"},
        {"timeout": httpx2.Timeout(1)},
        {"params": {"a": "b"}},
        {"cookies": {"c": "d"}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_request_of_another_kind_shares_nothing(other: dict[str, Any]) -> None:
    lean, usual = LeanClient(1), usual_client()
    for more in ({}, other, {}):
        assert parts(built(lean, b"{}", **more)) == parts(built(usual, b"{}", **more))


def test_requests_do_not_share_what_may_be_changed() -> None:
    lean = LeanClient(1)
    first = built(lean, b"1")
    built(lean, b"2").headers["x-signed"] = "yes"
    first.headers["x-first"] = "yes"
    assert not {"x-signed", "x-first"} & built(lean, b"3").headers.keys()


def answers_of(handler: Handler, ask: Callable[[LeanClient, str], Awaitable[Any]], connections: int = 2) -> Any:
    """What `ask(client, url)` gives against a server with one handler for everything."""

    async def run() -> Any:
        async with served(handler) as url, LeanClient(connections) as client:
            return await ask(client, url)

    return asyncio.run(run())


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(handler))  # type: ignore[arg-type]
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def echo(request: web.Request) -> web.Response:
    return web.json_response({"body": (await request.read()).decode(), "type": request.headers.get("Content-Type")})


async def post(client: LeanClient, url: str) -> httpx2.Response:
    return await client.send(client.build_request("POST", url, content=b"hello"))


def test_a_packed_answer_is_unpacked() -> None:
    async def packed(_: web.BaseRequest) -> web.Response:
        return web.Response(body=gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"})

    assert answers_of(packed, post).json() == [1]


def test_a_redirect_is_followed_with_the_body() -> None:
    async def moved(request: web.Request) -> web.Response:
        return await echo(request) if request.path == "/new" else web.Response(status=307, headers={"Location": "/new"})

    response = answers_of(moved, post)
    assert (response.status_code, response.json()["body"]) == (200, "hello")


def test_an_upload_arrives() -> None:
    async def upload(client: LeanClient, url: str) -> Any:
        return await client.post(url, files={"file": ("a.jsonl", b"{}\n")})

    found = answers_of(echo, upload).json()
    assert "{}" in found["body"]
    assert found["type"].startswith("multipart/form-data")


def test_an_upload_of_unknown_length_arrives() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    async def upload(client: LeanClient, url: str) -> Any:
        return await client.post(url, content=pieces())

    assert answers_of(echo, upload).json()["body"] == "one two"


def test_a_streamed_answer_can_be_read_in_pieces() -> None:
    async def ask(client: LeanClient, url: str) -> list[str]:
        async with client.stream("POST", url, content=b"a\nb\n") as response:
            return [line async for line in response.aiter_lines()]

    async def lines(request: web.BaseRequest) -> web.Response:
        return web.Response(body=await request.read())

    assert answers_of(lines, ask) == ["a", "b"]


def test_there_are_no_more_connections_than_asked_for() -> None:
    seen = set()

    async def slow(request: web.BaseRequest) -> web.Response:
        seen.add(request.transport)
        await asyncio.sleep(0.01)
        return web.Response()

    async def ask(client: LeanClient, url: str) -> None:
        await asyncio.gather(*(post(client, url) for _ in range(12)))

    answers_of(slow, ask, connections=3)
    assert len(seen) == 3


def test_a_cookie_is_not_sent_back() -> None:
    async def cookie(request: web.BaseRequest) -> web.Response:
        return web.Response(text=request.headers.get("Cookie", "none"), headers={"Set-Cookie": "a=b"})

    async def ask(client: LeanClient, url: str) -> list[str]:
        return [(await post(client, url)).text for _ in range(2)]

    assert answers_of(cookie, ask) == ["none", "none"]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    asked = []

    async def proxy(request: web.BaseRequest) -> web.Response:
        asked.append(str(request.url))
        return web.Response(status=418)

    async def run() -> Any:
        async with served(proxy) as url:
            monkeypatch.setenv("HTTP_PROXY", url)
            model = open_model(spec(provider, "http://api.invalid/v1"), context())
            try:
                return await model.complete(request("hi"))
            finally:
                await model.aclose()

    assert asyncio.run(run()).http_status == 418
    assert asked[0].startswith("http://api.invalid/v1")
