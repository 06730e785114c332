"""A deterministic simulation of a limiter between a provider's limit and workers that always have work."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from math import ceil
from random import Random
from typing import Protocol

from evalkit.engine.limiter import Limiter, Permit
from evalkit.engine.rate_headers import ToldLimit


class Limits(Protocol):
    """A provider's limit on requests."""

    def take(self, now: float) -> float:
        """0 where the request is accepted, else seconds until asking again is worth it."""

    def told(self, now: float) -> tuple[ToldLimit, ...]:
        """The limit as its headers tell it."""


@dataclass
class TokenBucket:
    """`rate` tokens a second up to `size`, full at the start; from `at` on the rate is `times` what it was."""

    rate: float
    size: float
    times: float = 1.0
    at: float = 1e9
    level: float = field(init=False)
    last: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.size

    def _fill(self, now: float) -> None:
        before, after = min(now, self.at) - min(self.last, self.at), max(now, self.at) - max(self.last, self.at)
        self.level = min(self.size, self.level + self.rate * (before + self.times * after))
        self.last = now

    def take(self, now: float) -> float:
        self._fill(now)
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / (self.rate * (self.times if now >= self.at else 1))

    def told(self, now: float) -> tuple[ToldLimit, ...]:
        rate = self.rate * (self.times if now >= self.at else 1)
        return (ToldLimit("requests", rate, rate * 60, float(int(self.level))),)


@dataclass
class FixedWindow:
    """`most` requests in each window of `seconds`; from `at` on `times` as many."""

    most: int
    seconds: float
    times: float = 1.0
    at: float = 1e9
    window: int = -1
    used: int = 0

    def take(self, now: float) -> float:
        window = int(now // self.seconds)
        if window != self.window:
            self.window, self.used = window, 0
        if self.used < self._most(now):
            self.used += 1
            return 0.0
        return (window + 1) * self.seconds - now

    def _most(self, now: float) -> float:
        return self.most * (self.times if now >= self.at else 1)

    def told(self, now: float) -> tuple[ToldLimit, ...]:
        most = self._most(now)
        return (ToldLimit("requests", most / self.seconds, most, most - self.used),)


@dataclass(frozen=True)
class World:
    """What surrounds the limiter. Times in seconds; `headers` and `retry_after` say what the provider tells."""

    headers: bool = True
    retry_after: bool = True
    whole_seconds: bool = False
    workers: int = 32
    latency_s: float = 0.1
    jitter_s: float = 0.1
    refusal_s: float = 0.005
    seconds: float = 60.0
    seed: int = 0


@dataclass
class Outcome:
    """When requests were accepted and refused, and when each was sent."""

    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    held: list[tuple[float, float]] = field(default_factory=list)

    def rate(self, start: float, end: float) -> float:
        """Accepted requests a second in a span."""
        return sum(start <= t < end for t in self.accepted) / (end - start)

    @property
    def refused_share(self) -> float:
        """Refused among all sent."""
        return len(self.refused) / max(1, len(self.refused) + len(self.accepted))


def simulate(limiter: Limiter, limits: Limits, world: World) -> Outcome:
    """Run `world.workers` workers against the limit; a permit is asked for in the order of waiting."""
    random, found, order = Random(world.seed), Outcome(), count()
    events: list[tuple[float, int, Callable[[float], None]]] = []
    waiting: list[int] = [0] * world.workers  # attempts so far of the requests that wait for a permit
    asked = False

    def at(when: float, what: Callable[[float], None]) -> None:
        heapq.heappush(events, (when, next(order), what))

    def ask(now: float) -> None:
        nonlocal asked
        asked = False
        while waiting:
            if not limiter.active(now):
                permit: Permit | float = Permit(limiter.free(), 0.0)
            else:
                permit = limiter.take(now)
            if not isinstance(permit, Permit):
                asked = True
                at(now + permit, ask)
                return
            send(permit, waiting.pop(0), now)

    def wake(now: float) -> None:
        if not asked:
            ask(now)

    def send(permit: Permit, attempt: int, now: float) -> None:
        if now < limiter.hold_until:
            found.held.append((now, limiter.hold_until))
        travel = world.latency_s * 0.05 * random.random()
        at(now + travel, lambda then: arrive(permit, attempt, then))

    def arrive(permit: Permit, attempt: int, now: float) -> None:
        wait = limits.take(now)
        told = limits.told(now) if world.headers else ()
        if wait == 0:
            found.accepted.append(now)
            took = world.latency_s + world.jitter_s * random.random()
            at(now + took, lambda then: answer(permit, told, then))
        else:
            found.refused.append(now)
            wish = (ceil(wait) if world.whole_seconds else wait) if world.retry_after else None
            at(now + world.refusal_s, lambda then: refuse(permit, attempt, told, wish, then))

    def answer(permit: Permit, told: tuple[ToldLimit, ...], now: float) -> None:
        if told:
            limiter.told(permit, told)
        if limiter.active(now):
            limiter.answered(now)
        waiting.append(0)
        wake(now)

    def refuse(permit: Permit, attempt: int, told: tuple[ToldLimit, ...], wish: float | None, now: float) -> None:
        if told:
            limiter.told(permit, told)
        limiter.refused(permit, now, wish, limiter.granted / max(now, 1.0))
        pause = wish * (1 + 0.1 * random.random()) if wish else 0.5 * 2**attempt * (0.5 + 0.5 * random.random())
        at(now + min(pause, 30), lambda then: again(attempt + 1, then))

    def again(attempt: int, now: float) -> None:
        waiting.insert(0, attempt)
        wake(now)

    at(0.0, ask)
    while events:
        now, _, what = heapq.heappop(events)
        if now > world.seconds:
            break
        what(now)
    return found
