"""The way through a key's rate limit: one throttle for all contenders that ask with the same key.

While no limit is known or near, a request passes by the check of one attribute. Else permits are given in the order
of asking, one at a time, as `limiter` allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from time import monotonic

from evalkit.engine.limiter import Limiter, Permit
from evalkit.engine.rate_headers import told_limits
from evalkit.models.provider import X_RATELIMIT
from evalkit.models.registry import facts
from evalkit.records.completion import Completion, Failure
from evalkit.records.model import ModelSpec
from evalkit.records.provider import RateHeaders

RATE_LIMIT = 429
_OVERLOAD = frozenset({503, 529})  # load at the provider: its Retry-After is honoured, the pace is not cut
_LONGEST_SLEEP_S = 0.25  # between two looks at a pace that may have grown
_LOOK_EVERY_S = 0.02  # between two looks at headers


@dataclass
class Throttle:
    """Paces the requests of one key.

    `name` is the provider's, for the progress display; `rate_headers` are what it tells its limits by.
    `active` says whether `turn` must be waited for; while it is False, `free` is all that a request costs.
    """

    name: str = ""
    clock: Callable[[], float] = monotonic
    rate_headers: tuple[RateHeaders, ...] = X_RATELIMIT
    limiter: Limiter = field(default_factory=Limiter)
    active: bool = False
    _queue: asyncio.Lock = field(default_factory=asyncio.Lock)
    _began: float | None = None
    _heard: Mapping[str, str] | None = None
    _deaf: bool = False
    _look_at: float = -inf

    def free(self) -> Permit:
        """The permit of a request that need not wait."""
        now = self.clock()
        if self._began is None:
            self._began = now
        return Permit(self.limiter.free(), now)

    async def turn(self, given_up: Callable[[], bool] = lambda: False) -> Permit | None:
        """Wait for a permit, in the order of asking; None where the asker has `given_up` meanwhile."""
        async with self._queue:
            while not given_up():
                permit = self.limiter.take(self.clock())
                if isinstance(permit, Permit):
                    return permit
                await asyncio.sleep(min(permit, _LONGEST_SLEEP_S))
        return None

    def hear(self, headers: Mapping[str, str]) -> None:
        """The headers of an answer, of whatever status; they are read when its request ends.

        Nothing else may run between the two, so that the headers are taken for those of that request.
        """
        if not self._deaf:
            self._heard = headers

    def ended(self, permit: Permit, outcome: Completion | Failure) -> None:
        """A request has its outcome."""
        heard, self._heard = self._heard, None
        answered = isinstance(outcome, Completion)
        if answered and heard is None and not self.active:
            return
        now = self.clock()
        if heard is not None and (now >= self._look_at or not answered):
            self._look_at = now + _LOOK_EVERY_S
            self._listen(heard, permit)
        elif answered and not self.active:
            return
        if isinstance(outcome, Completion):
            self.limiter.answered(now)
        elif outcome.kind == "infra":
            self._take_refusal(outcome, permit, now)
        self.active = self.limiter.active(now)

    def hold_seconds(self) -> float:
        """Seconds for which the provider asked everybody to wait, 0 when free."""
        return max(0.0, self.limiter.hold_until - self.clock())

    def waiting(self) -> str | None:
        """Why requests wait just now, for the progress display; None where none does."""
        if (seconds := self.hold_seconds()) > 0:
            return f"waiting {seconds:.0f} s: {self.name} asked to"
        if not self.active or not self._queue.locked():
            return None
        rate = self.limiter.rate(self.clock())
        return (
            None if rate == inf else f"waiting for the rate limit of {self.name}, {rate:.{0 if rate >= 10 else 1}f}/s"
        )

    def _listen(self, headers: Mapping[str, str], permit: Permit) -> None:
        limits = told_limits(headers, self.rate_headers)
        if limits:
            self.limiter.told(permit, limits)
        elif not self.limiter.watches:
            self._deaf = True  # a server that tells nothing is not asked at every answer

    def _take_refusal(self, failure: Failure, permit: Permit, now: float) -> None:
        if failure.http_status == RATE_LIMIT:
            self._deaf = False
            # A burst that a provider takes at once is taken for the work of a second.
            elapsed = max(1.0, now - self._began) if self._began is not None else 1.0
            self.limiter.refused(permit, now, failure.retry_after_s, self.limiter.granted / elapsed)
        elif failure.http_status in _OVERLOAD and failure.retry_after_s is not None:
            self.limiter.hold(now, failure.retry_after_s)


@dataclass
class Throttles:
    """The throttles of a run: contenders that send to one place with one key share one."""

    clock: Callable[[], float] = monotonic
    _throttles: dict[tuple[str, str | None, str | None], Throttle] = field(default_factory=dict)

    def of(self, spec: ModelSpec) -> Throttle:
        """The throttle of a model's key."""
        key = (spec.provider, spec.base_url, spec.api_key_env)
        if key not in self._throttles:
            self._throttles[key] = Throttle(spec.provider, self.clock, facts(spec.provider).rate_headers)
        return self._throttles[key]
