"""Answers go to the response cache in batches, and are counted only after their batch is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from evalkit.engine.config import EngineConfig
from evalkit.errors import CacheError
from evalkit.records.completion import Completion, Failure
from evalkit.store.cache import ResponseCache


@dataclass
class Committer:
    """Collects outcomes and commits them: after 64, or 50 ms after the first, whichever comes sooner.

    Each outcome's `counted` is called after the commit. A worker never waits for the disk: it goes on asking.
    """

    cache: ResponseCache
    config: EngineConfig
    _pending: list[tuple[str, Completion | Failure, Callable[[], None]]] = field(default_factory=list)
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, key: str, outcome: Completion | Failure, counted: Callable[[], None]) -> None:
        """Take an outcome. Raises CacheError where a full batch cannot be written."""
        self._pending.append((key, outcome, counted))
        if len(self._pending) >= self.config.commit_answers:
            self.flush()
        else:
            self._waiting.set()

    def flush(self) -> None:
        """Commit now. Raises CacheError where the cache cannot be written, and keeps the outcomes."""
        self._waiting.clear()
        batch, self._pending = self._pending, []
        if not batch:
            return
        try:
            self.cache.commit((key, outcome) for key, outcome, _ in batch)
        except CacheError:
            # Paid for: kept for another try at the end, should the disk have room again.
            self._pending = batch + self._pending
            raise
        for _, _, counted in batch:
            counted()

    async def keep_committing(self) -> None:
        """Commit what waits, until cancelled. A task of its own, so that what fails here ends the asking."""
        while True:
            await self._waiting.wait()
            await asyncio.sleep(self.config.commit_seconds)
            self.flush()
