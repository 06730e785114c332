"""What a lane is doing now, for the progress display and for limits shared by its workers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from evalkit.records.completion import Failure

RATE_LIMIT = 429
_LIMITS = frozenset({RATE_LIMIT, 503, 529})  # statuses that tell of load, not of this request


@dataclass
class Monitor:
    """Counters of one contender. `total` is None until known; times are `clock` seconds.

    `note` says what else is waited for, such as a batch at the provider.
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
    clock: Callable[[], float] = monotonic
    _limited_until: float = 0.0

    def on_retry(self, failure: Failure, seconds: float) -> None:
        """Note a retry; a provider's own Retry-After on a limit holds back the whole contender."""
        self.retries += 1
        self.last_failure = failure.reason
        if failure.retry_after_s is not None and failure.http_status in _LIMITS:
            self._limited_until = max(self._limited_until, self.clock() + seconds)

    def limit_seconds(self) -> float:
        """Seconds for which the provider asked this contender to wait, 0 when free."""
        return max(0.0, self._limited_until - self.clock())
