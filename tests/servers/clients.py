"""One call through the real SDKs, for tests of the fakes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.servers.launch import FakeProvider

LONG = "x" * 4096  # 1,024 tokens: the shortest prefix that is cached

Call = Callable[[Any], Awaitable[Any]]


def with_anthropic(fake: FakeProvider, call: Call, *, key: str = "test-key", timeout_s: float = 20) -> Any:
    """Run `call(client)` with an AsyncAnthropic on the aiohttp transport, SDK retries off."""
    import anthropic

    async def run() -> Any:
        client = anthropic.AsyncAnthropic(
            api_key=key,
            base_url=fake.url,
            max_retries=0,
            timeout=timeout_s,
            http_client=anthropic.DefaultAioHttpClient(),
            open_telemetry=False,
        )
        async with client:
            return await call(client)

    return asyncio.run(run())


def with_openai(fake: FakeProvider, call: Call, *, key: str = "test-key", timeout_s: float = 20) -> Any:
    """Run `call(client)` with an AsyncOpenAI on the aiohttp transport, SDK retries off."""
    import openai

    async def run() -> Any:
        client = openai.AsyncOpenAI(
            api_key=key,
            base_url=fake.url,
            max_retries=0,
            timeout=timeout_s,
            http_client=openai.DefaultAioHttpClient(),
        )
        async with client:
            return await call(client)

    return asyncio.run(run())


def message(text: str = "hello", **more: Any) -> dict[str, Any]:
    """The arguments of `messages.create` for one user text; `more` overrides."""
    turns = [{"role": "user", "content": text}]
    return {"model": "claude-haiku-5-5", "max_tokens": 100, "messages": turns, **more}


def chat(text: str = "hello", **more: Any) -> dict[str, Any]:
    """The arguments of `chat.completions.create` for one user text; `more` overrides."""
    return {"model": "gpt-6-luna", "messages": [{"role": "user", "content": text}], **more}


async def stream_of(pending: Awaitable[Any]) -> list[Any]:
    """All events of a stream."""
    return [event async for event in await pending]


def ask(fake: FakeProvider, text: str = "hello", **more: Any) -> Any:
    """One answer of `messages.create`."""
    return with_anthropic(fake, lambda client: client.messages.create(**message(text, **more)))


def ask_openai(fake: FakeProvider, text: str = "hello", **more: Any) -> Any:
    """One answer of `chat.completions.create`."""
    return with_openai(fake, lambda client: client.chat.completions.create(**chat(text, **more)))


def marked(text: str = LONG, ttl: str = "5m") -> dict[str, Any]:
    """A text block that ends in a cache breakpoint."""
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}}


def buckets(answer: Any) -> tuple[int, int, int, int]:
    """(fresh, read, written 5 m, written 1 h) of a message, whose own sum of writes must agree."""
    usage = answer.usage
    split = usage.cache_creation
    written = split.ephemeral_5m_input_tokens, split.ephemeral_1h_input_tokens
    assert usage.cache_creation_input_tokens == sum(written)
    return usage.input_tokens, usage.cache_read_input_tokens, *written
