"""The prompt caches of the fakes."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.servers.anthropic_server import AnthropicApi
from tests.servers.clients import LONG, ask, ask_openai, buckets, marked, message, with_anthropic
from tests.servers.config import Config
from tests.servers.launch import FakeProvider
from tests.servers.openai_server import OpenAIApi

pytest_plugins = ("tests.servers.fixtures",)


def test_anthropic_cache_is_written_once_and_read_after(fake_anthropic: FakeProvider) -> None:
    prompt: dict[str, Any] = {"system": [marked()]}
    assert buckets(ask(fake_anthropic, "one", **prompt)) == (1, 0, 1024, 0)
    assert buckets(ask(fake_anthropic, "five six", **prompt)) == (2, 1024, 0, 0)
    assert buckets(ask(fake_anthropic, "one", model="claude-sonnet-5-5", **prompt)) == (1, 0, 1024, 0)
    assert buckets(ask(fake_anthropic, "one", system=[marked("yyyy" + LONG)])) == (1, 0, 1024 + 1, 0)
    tokens = fake_anthropic.stats()["tokens"]
    assert (tokens["input"], tokens["cache_read"], tokens["cache_write_5m"]) == (5, 1024, 3 * 1024 + 1)


def test_anthropic_ignores_a_short_prefix_and_an_unmarked_one(fake_anthropic: FakeProvider) -> None:
    for system in ([marked(LONG[4:])], LONG):
        for _ in range(2):
            assert buckets(ask(fake_anthropic, system=system))[1:] == (0, 0, 0)
    fake_anthropic.configure(min_cacheable_tokens=1023)
    assert buckets(ask(fake_anthropic, system=[marked(LONG[4:])])) == (2, 0, 1023, 0)


def test_anthropic_breakpoints_of_both_ttls_and_expiry(fake_anthropic: FakeProvider) -> None:
    turn = {"role": "user", "content": [marked("z" * 400)]}
    turns = [turn, {"role": "assistant", "content": "okay"}, {"role": "user", "content": "q"}]
    prompt: dict[str, Any] = {"system": [marked(ttl="1h")], "messages": turns}
    assert buckets(ask(fake_anthropic, **prompt)) == (2, 0, 100, 1024)
    assert buckets(ask(fake_anthropic, **prompt)) == (2, 1124, 0, 0)
    fake_anthropic.configure(clock_offset_s=299)
    assert buckets(ask(fake_anthropic, **prompt)) == (2, 1124, 0, 0)
    fake_anthropic.configure(clock_offset_s=299 + 299)  # alive by the refresh of the hit before
    assert buckets(ask(fake_anthropic, **prompt)) == (2, 1124, 0, 0)
    fake_anthropic.configure(clock_offset_s=299 + 299 + 301)
    assert buckets(ask(fake_anthropic, **prompt)) == (2, 1024, 100, 0)


def test_anthropic_entry_is_not_readable_before_the_first_response_begins(
    fake_anthropic: FakeProvider,
) -> None:
    fake_anthropic.configure(latency_ms=300)
    call = message("one", system=[marked()])

    async def together(client: Any) -> list[Any]:
        return list(await asyncio.gather(*(client.messages.create(**call) for _ in range(3))))

    assert {buckets(a) for a in with_anthropic(fake_anthropic, together)} == {(1, 0, 1024, 0)}
    assert buckets(ask(fake_anthropic, "one", system=[marked()])) == (1, 1024, 0, 0)
    stats = fake_anthropic.stats()
    assert (stats["in_flight_max"], stats["requests"], stats["distinct"]) == (3, 4, 1)
    assert stats["max_repeats"] == stats["max_answered"] == 4


def test_openai_caches_in_steps_of_128_from_1024(fake_openai: FakeProvider) -> None:
    def cached(*texts: str, **more: Any) -> tuple[int, int]:
        turns = [{"role": "system", "content": texts[0]}, {"role": "user", "content": texts[1]}]
        usage = ask_openai(fake_openai, messages=turns, **more).usage
        return usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens

    assert cached("x" * 4080, "q1") == (1021, 0)
    assert cached("x" * 4080, "q1") == (1021, 0)
    assert cached("x" * 4800, "q1") == (1201, 0)
    assert cached("x" * 4800, "q2") == (1201, 1152)
    assert cached("x" * 4600 + "y" * 200, "q2") == (1201, 1024)
    assert cached("x" * 4800, "q2", prompt_cache_key="other") == (1201, 0)
    assert cached("x" * 4800, "q2", model="gpt-6.1-sol") == (1201, 0)


def test_openai_usage_as_other_servers_tell_it(fake_openai: FakeProvider) -> None:
    fake_openai.configure(cache_write_tokens=True)
    first = ask_openai(fake_openai, "x" * 4800).usage
    second = ask_openai(fake_openai, "x" * 4800).usage
    assert (first.prompt_tokens, first.prompt_tokens_details.cache_write_tokens) == (1200, 1152)
    assert second.prompt_tokens_details.cache_write_tokens == 0
    assert second.prompt_tokens_details.cached_tokens == 1152
    fake_openai.configure(usage_details=False)
    bare = ask_openai(fake_openai, "x" * 4800).usage
    assert (bare.prompt_tokens, bare.prompt_tokens_details) == (1200, None)
    fake_openai.configure(report_usage=False)
    assert ask_openai(fake_openai).usage is None


BLOCKS = st.lists(st.tuples(st.integers(1, 3000), st.booleans()), min_size=1, max_size=6)


@given(st.lists(BLOCKS, min_size=1, max_size=4))
def test_buckets_add_up_to_the_prompt_and_a_repeat_reads_what_was_written(
    prompts: list[list[tuple[int, bool]]],
) -> None:
    hosted, other = AnthropicApi(), OpenAIApi()
    hosted.config = other.config = Config(min_cacheable_tokens=256, cache_write_tokens=True)
    for prompt in prompts:
        blocks = [marked("e" * n) if mark else {"type": "text", "text": "e" * n} for n, mark in prompt]
        total = -(-sum(n for n, _ in prompt) // 4)
        for api in (hosted, other):
            body = {"model": "m", "messages": [{"role": "user", "content": blocks}]}
            first, commit = api.look_up(body, 0.0)
            commit()
            again, _ = api.look_up(body, 1.0)
            assert first.prompt == again.prompt == total
            assert again.cache_read == first.cache_read + first.cache_write_5m
            assert again.cache_write_5m == 0
            assert min(first.input, first.cache_read, first.cache_write_5m) >= 0
