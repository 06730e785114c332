"""One request of a prefix is answered before the rest fan out, so that one cache write serves all reads.

A provider makes a cached prefix readable when the first answer begins; 64 requests that start at once would
each write it. Contenders that share prefix and model share the primer too.

Each use of a prefix lengthens its life at the provider. Where none came for nearly as long as it lives (a rate limit,
an outage, a machine that slept), the next request goes ahead of the rest once more. Those wait for that one attempt
only, whatever becomes of it: an endpoint that is down must not be asked one by one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time

# The shortest life of a cached prefix is 5 minutes; one that lives an hour is primed too often for nothing lost but
# the wait for one answer.
_FRESH_S = 270.0


@dataclass
class Turn:
    """A request's turn; the primer sets `primed` when it got an answer."""

    primed: bool = False


@dataclass
class Primers:
    """The state of every prefix of a run: not asked, being primed, primed, or stale.

    `fresh_s`: for how long after its last use a primed prefix is taken to be in the provider's cache, in seconds.
    `clock` must count the time that a machine slept, which a monotonic clock need not do.
    """

    fresh_s: float = _FRESH_S
    clock: Callable[[], float] = time
    _primed: set[str] = field(default_factory=set)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    _used: dict[str, float] = field(default_factory=dict)
    _refreshing: dict[str, asyncio.Event] = field(default_factory=dict)

    def is_primed(self, prefix_name: str) -> bool:
        """Whether nobody need wait for this prefix any more, but where it is stale."""
        return prefix_name in self._primed

    def used(self, prefix_name: str, sent_at: float) -> None:
        """A request that was sent at this time, by `clock`, got an answer."""
        if sent_at > self._used.get(prefix_name, sent_at - 1):
            self._used[prefix_name] = sent_at

    def is_stale(self, prefix_name: str) -> bool:
        """Whether a prefix that was primed may have left the provider's cache."""
        last = self._used.get(prefix_name)
        return last is not None and not 0 <= self.clock() - last < self.fresh_s

    @asynccontextmanager
    async def turn(self, prefix_name: str) -> AsyncIterator[Turn]:
        """Wait until the prefix is primed, or be the one that primes it; after a failure the next one is."""
        turn = Turn()
        if prefix_name in self._primed:
            yield turn
            return
        async with self._locks.setdefault(prefix_name, asyncio.Lock()):
            if prefix_name not in self._primed:
                yield turn
                if turn.primed:
                    self._primed.add(prefix_name)
                return
        yield turn

    @asynccontextmanager
    async def refresh(self, prefix_name: str) -> AsyncIterator[None]:
        """Wait for the one attempt that refreshes a stale prefix, or be that attempt."""
        under_way = self._refreshing.get(prefix_name)
        if under_way is not None:
            await under_way.wait()
            yield
            return
        self._refreshing[prefix_name] = done = asyncio.Event()
        try:
            yield
        finally:
            del self._refreshing[prefix_name]
            done.set()
