"""Answers go to the response cache in batches, and are counted only after their batch is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from evalkit.engine.config import EngineConfig
from evalkit.records.completion import Completion, Failure
from evalkit.store.cache import CacheError, ResponseCache


@dataclass
class Committer:
    """Collects outcomes and commits them: after 64, or 50 ms after the first, whichever comes sooner.

    Each outcome's `counted` is called after the commit. A worker never waits for the disk: it goes on asking.
    """

    cache: ResponseCache
    config: EngineConfig
    _pending: list[tuple[str, Completion | Failure, Callable[[], None]]] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    _error: Exception | None = None

    def add(self, key: str, outcome: Completion | Failure, counted: Callable[[], None]) -> None:
        """Take an outcome. Raises what an earlier batch failed with, so that asking stops."""
        if self._error:
            raise self._error
        self._pending.append((key, outcome, counted))
        if len(self._pending) >= self.config.commit_answers:
            self.flush()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.config.commit_seconds, self._on_time)

    def flush(self) -> None:
        """Commit now. Raises CacheError where the cache cannot be written."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
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

    def _on_time(self) -> None:
        self._timer = None
        try:
            self.flush()
        except (CacheError, OSError) as error:
            # A timer has no caller to raise to: the next add does, inside a worker.
            self._error = error
