"""One request of a prefix is answered before the rest fan out, so that one cache write serves all reads.

A provider makes a cached prefix readable when the first answer begins; 64 requests that start at once would
each write it. Contenders that share prefix and model share the primer too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Turn:
    """A request's turn; the primer sets `primed` when it got an answer."""

    primed: bool = False


@dataclass
class Primers:
    """The state of every prefix of a run: not asked, being primed, or primed."""

    _primed: set[str] = field(default_factory=set)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def is_primed(self, prefix_name: str) -> bool:
        """Whether nobody need wait for this prefix any more."""
        return prefix_name in self._primed

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
