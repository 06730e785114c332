"""What a lane is doing now, for the progress display."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.engine.throttle import Throttle


@dataclass
class Monitor:
    """Counters of one contender. `total` is None until known.

    `stopped` says why its asking ended early, and what to do. `note` is a sentence on what it waits for, where that is
    no rate limit; `throttle` is where it waits for one.
    """

    total: int | None = None
    done: int = 0
    cached: int = 0
    sent: int = 0
    retries: int = 0
    in_flight: int = 0
    spent: float | None = 0.0
    stopped: str | None = None
    note: str | None = None
    throttle: Throttle | None = None

    def waiting(self) -> str | None:
        """Why nothing is sent just now, None where nothing waits."""
        return self.note or (self.throttle.waiting() if self.throttle is not None else None)
