"""A prefix that was long not used is primed again, and an endpoint that is down is not asked one by one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from evalkit.engine.primer import Primers

TTL = 300.0


@dataclass
class Provider:
    """A prompt cache with a life of 5 minutes; an answer takes a second of the loop and none of `now`."""

    now: float = 1000.0
    down: bool = False
    in_flight: int = 0
    most: int = 0
    writes: int = 0
    expires: float = 0.0
    log: list[str] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    async def answer(self) -> bool:
        arrived = self.now
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        hit = arrived < self.expires
        await asyncio.sleep(0.001)
        self.in_flight -= 1
        if self.down:
            return False
        self.writes += not hit
        self.expires = arrived + TTL
        return True


async def send(primers: Primers, provider: Provider, name: str = "p") -> bool:
    """As a lane sends, where the prefix was primed before."""

    async def complete() -> bool:
        sent_at = primers.clock()
        answered = await provider.answer()
        if answered:
            primers.used(name, sent_at)
        return answered

    if not primers.is_stale(name):
        return await complete()
    async with primers.refresh(name):
        return await complete()


def run(provider: Provider, *pauses: float, n: int = 20) -> Primers:
    """One request, then `n` at once after each pause."""
    primers = Primers(clock=provider.clock)

    async def work() -> None:
        assert await send(primers, provider)
        for pause in pauses:
            provider.now += pause
            await asyncio.gather(*(send(primers, provider) for _ in range(n)))

    asyncio.run(work())
    return primers


def test_while_it_is_used_nobody_waits() -> None:
    provider = Provider()
    run(provider, 200, 200, 200)
    assert (provider.writes, provider.most) == (1, 20)


def test_after_a_pause_one_goes_ahead() -> None:
    provider = Provider()
    run(provider, 400, 4000)
    assert provider.writes == 3, "one for each life of the prefix, not one for each request"


def test_shortly_before_its_end_it_is_refreshed_by_one() -> None:
    provider = Provider()
    run(provider, TTL - 5)
    assert (provider.writes, provider.expires) == (1, 1000 + TTL - 5 + TTL)


def test_an_endpoint_that_is_down_is_not_asked_one_by_one() -> None:
    provider = Provider(down=True)
    primers = Primers(clock=provider.clock)
    primers.used("p", provider.now)
    provider.now += 1000

    async def work() -> list[bool]:
        return await asyncio.gather(*(send(primers, provider) for _ in range(20)))

    assert not any(asyncio.run(work()))
    assert provider.most == 19, "one tries, and the others wait for that one only"
    assert primers.is_stale("p"), "a failure is no use"
    provider.down, provider.most = False, 0
    assert all(asyncio.run(work())) and provider.writes == 1


def test_an_attempt_that_is_cancelled_lets_the_others_go() -> None:
    provider = Provider()
    primers = Primers(clock=provider.clock)
    primers.used("p", provider.now)
    provider.now += 1000

    async def work() -> bool:
        first = asyncio.create_task(send(primers, provider))
        await asyncio.sleep(0)
        second = asyncio.create_task(send(primers, provider))
        await asyncio.sleep(0)
        assert provider.in_flight == 1
        first.cancel()
        async with asyncio.timeout(5):
            return await second

    assert asyncio.run(work())


def test_prefixes_do_not_wait_for_each_other_and_a_late_answer_is_no_newer_use() -> None:
    clock = Provider()
    primers = Primers(clock=clock.clock)
    primers.used("a", 1000)
    primers.used("b", 900)
    primers.used("b", 600)  # sent before, answered after
    clock.now = 1200
    assert not primers.is_stale("a") and primers.is_stale("b")
    assert not primers.is_stale("never asked"), "what was never primed has its own turn"
    clock.now = 100  # a clock that was set back
    assert primers.is_stale("a")
