"""What a lane is doing now, for the progress display."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.engine.throttle import Throttle
from evalkit.records.completion import Failure


@dataclass
class Monitor:
    """Counters of one contender. `total` is None until known.

    `note` is a sentence on what it waits for, where that is no rate limit; `throttle` is where it waits for one.
    """

    total: int | None = None
    done: int = 0
    cached: int = 0
    sent: int = 0
    retries: int = 0
    in_flight: int = 0
    spent: float | None = 0.0
    last_failure: str | None = None
    stopped: str | None = None
    note: str | None = None
    throttle: Throttle | None = None

    def on_retry(self, failure: Failure, seconds: float) -> None:
        """Note a retry, which comes after so many seconds."""
        self.retries += 1
        self.last_failure = failure.reason

    def waiting(self) -> str | None:
        """Why nothing is sent just now, None where nothing waits."""
        return self.note or (self.throttle.waiting() if self.throttle is not None else None)

    def limit_seconds(self) -> float:
        """Seconds for which the provider asked to wait, 0 when free."""
        return self.throttle.hold_seconds() if self.throttle is not None else 0.0
