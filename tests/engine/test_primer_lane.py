"""A lane primes a prefix again that lapsed at the provider: between requests, and while they waited for a limit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

import pytest

from evalkit.engine.primer import Primers
from evalkit.engine.throttle import Throttle
from evalkit.models.registry import open_model
from evalkit.store.cache import ResponseCache
from tests.engine.asking import LONG_PREFIX, QUICK, context, lane_of, request, spec
from tests.servers.launch import FakeProvider

N = 64
CONFIG = replace(QUICK, concurrency=N)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("waiting", [False, True], ids=["between", "at the throttle"])
@pytest.mark.parametrize("pause", [100.0, 295.0, 400.0])
def test_a_pause_costs_one_write_at_most(
    fake_anthropic: FakeProvider, tmp_path: Path, pause: float, waiting: bool
) -> None:
    fake_anthropic.configure(latency_ms=30)
    clock, cache = Clock(), ResponseCache(tmp_path)
    model = open_model(spec("anthropic", fake_anthropic.url), context(concurrency=N))
    primers, throttle = Primers(clock=clock), Throttle("anthropic")

    def time_passes() -> None:
        clock.now += pause
        fake_anthropic.configure(clock_offset_s=pause)

    async def ask(name: str) -> None:
        lane = lane_of(model, cache, lambda _: None, CONFIG, prefix=LONG_PREFIX, primers=primers)
        lane.throttle = throttle
        await lane.run((request(f"{name} {i}", i, prefix=LONG_PREFIX), i) for i in range(N))

    async def run() -> None:
        try:
            await ask("first")
            if waiting:
                throttle.limiter.hold(monotonic(), 0.3)
                throttle.active = True
                asyncio.get_running_loop().call_later(0.15, time_passes)
            else:
                time_passes()
            await ask("second")
        finally:
            await model.aclose()

    asyncio.run(run())
    cache.close()
    tokens = fake_anthropic.stats()["tokens"]
    prefix = tokens["cache_read"] + tokens["cache_write_5m"]
    writes = 2 if pause > 300 else 1
    assert tokens["cache_write_5m"] / prefix == pytest.approx(writes / (2 * N))
