"""The pace of one key, as a pure state machine: no I/O and no clock of its own, times are given in seconds.

It starts without any limit. Two things teach it one:

- Headers tell rate and remainder. Requests are then paced so that the remainder stays at a small reserve: what has
  piled up is used over about a second, what is missing is given back.
- A refusal (429). The rate that got through lately becomes the `ceiling`; the pace starts a little under it, is back
  at it after `settle_s`, and then grows with the cube of time (the shape of CUBIC, RFC 9438): it stays near a limit
  that holds, and passes twice the ceiling within ten seconds where the limit was raised.

Two clocks are kept apart. Retry-After: nobody gets a permit before it. The cut: refusals of requests that were sent
before the last cut are the same burst, and so are those within `burst_s` of it; they cut nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from evalkit.engine.rate_headers import ToldLimit


@dataclass(frozen=True, slots=True)
class LimiterConfig:
    """Seconds, shares and requests per second.

    `cut`: where the pace starts after a refusal, as a share of the ceiling. `settle_s`: until it is back there.
    `deep_cut`: the share for a refusal so soon after a cut that no new rate could be measured. `pause_s`: how long
    a refusal without Retry-After holds everybody, doubled up to `longest_pause_s` while nothing gets through.
    `forget`: the ceiling is dropped when the pace has grown so many times beyond it unrefused. `late_s`: for so long
    a permit that was asked for too late is made up for. `spread`: after a wait that the provider asked for, with no
    rate known, `spread_over` requests are spread over this share of it. `near`: a told limit counts from the time
    that less than this share, or less than `near_requests`, is left of it. `false_zeros`: so many answers in a row that
    each tell that nothing was left before them are believed; then the limit is not, until a request is refused.
    """

    cut: float = 0.95
    settle_s: float = 2.5
    deep_cut: float = 0.9
    burst_s: float = 0.25
    pause_s: float = 0.1
    longest_pause_s: float = 8.0
    longest_hold_s: float = 86_400.0
    forget: float = 8.0
    slowest: float = 0.2
    late_s: float = 0.05
    longest_wait_s: float = 1.0
    spread: float = 0.1
    spread_over: int = 32
    near: float = 0.25
    near_requests: float = 256.0
    measured_s: float = 10.0
    span_s: float = 0.2
    least_measured: int = 60
    reserve: float = 4.0
    false_zeros: int = 8


class Permit(NamedTuple):
    """A right to send one request: its `number` and the time `at` which it was given."""

    number: int
    at: float


@dataclass(slots=True)
class _Watched:
    """A told limit as of permit `number`, given `at`; `cost` is what a request takes of it, in its units."""

    limit: ToldLimit
    number: int
    at: float
    cost: float
    since: tuple[int, float, float]  # permit, time and remainder from which `cost` is measured next
    zeros: int = 0  # answers in a row that told of nothing left, although it was so when their requests were sent
    zero_from: int = 0  # the last permit when nothing was left for the first time

    @property
    def lasting(self) -> float:
        """Requests a second that it gives back."""
        return self.limit.per_s / self.cost if self.cost > 0 else inf


@dataclass(slots=True)
class Limiter:
    """Grants permits. Times never go back; `granted` counts permits, those given without asking too."""

    config: LimiterConfig = LimiterConfig()
    granted: int = 0
    hold_until: float = -inf
    ceiling: float | None = None
    refusals: int = 0
    _held_s: float = 0.0
    _cut_at: float = -inf
    _cut_number: int = 0
    _refused_since: int = 0
    _last: float = -inf
    _vain: int = 0
    _paused_at: int = 0
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _false: set[str] = field(default_factory=set)  # kinds of limits that are not believed
    _spans: deque[list[float]] = field(default_factory=lambda: deque(maxlen=64))  # [start, answers in it]

    def active(self, now: float) -> bool:
        """Whether permits must be asked for: False while no limit is known or near."""
        if self.ceiling is not None or now < self.hold_until + self._held_s * self.config.spread:
            return True
        return any(self._is_near(watched, now) for watched in self._watched.values())

    @property
    def watches(self) -> bool:
        """Whether headers ever told a limit."""
        return bool(self._watched or self._false)

    def free(self) -> int:
        """Count a request that needs no permit, because no limit is known. Returns its number."""
        self.granted += 1
        return self.granted

    def take(self, now: float) -> Permit | float:
        """A permit, or the seconds after which asking again is worth it: above 0 and at most `longest_wait_s`."""
        config = self.config
        wait = self.hold_until - now
        if wait <= 0:
            rate = self.rate(now)
            # Who wakes up late catches up; who was idle for long may not send it all at once.
            due = max(self._last + 1 / rate, now - config.late_s) if rate < inf else now
            wait = due - now
            if wait <= 0:
                self._last = due
                self.granted += 1
                return Permit(self.granted, now)
        return min(max(wait, 1e-4), config.longest_wait_s)

    def rate(self, now: float) -> float:
        """Permits a second at this time; inf where no limit is known."""
        rates = [self._told_rate(watched, now) for watched in self._watched.values()]
        if self.ceiling is not None:
            rates.append(self.ceiling * self._growth(now))
        if rates:
            return max(self.config.slowest, min(rates))
        spread_s = self._held_s * self.config.spread
        return self.config.spread_over / spread_s if 0 < now - self.hold_until < spread_s else inf

    def answered(self, now: float) -> None:
        """A request got through."""
        self._vain = 0
        spans = self._spans
        if not spans or now - spans[-1][0] >= self.config.span_s:
            spans.append([now, 0])
        spans[-1][1] += 1
        if self.ceiling is not None and self._growth(now) > self.config.forget:
            self.ceiling = None

    def refused(self, permit: Permit, now: float, retry_after_s: float | None = None, known: float = 1.0) -> None:
        """A request met the limit. `known` is the rate of sending so far, for the first refusal of all.

        A Retry-After beyond `longest_hold_s` holds for that long.
        """
        config = self.config
        self.refusals += 1
        self._false.clear()
        for watched in self._watched.values():
            watched.zeros = watched.zero_from = 0
        same_burst = permit.number <= self._cut_number or now < self._cut_at + config.burst_s
        if retry_after_s is not None:
            self.hold(now, retry_after_s)
        elif permit.number > self._paused_at:
            # Each wave of requests that is refused as a whole doubles the pause.
            self._paused_at = self.granted
            self.hold(now, min(config.longest_pause_s, config.pause_s * 2.0**self._vain))
            self._vain = min(self._vain + 1, 16)
        self._refused_since += permit.number > self._cut_number
        if same_burst:
            return
        self._set_ceiling(now, known)
        self._cut_at, self._cut_number, self._refused_since = max(now, self.hold_until), self.granted, 0

    def hold(self, now: float, seconds: float) -> None:
        """Nobody gets a permit for so long."""
        seconds = min(seconds, self.config.longest_hold_s)
        if seconds > 0 and now + seconds > self.hold_until:
            self.hold_until, self._held_s = now + seconds, seconds

    def told(self, permit: Permit, limits: tuple[ToldLimit, ...]) -> None:
        """Headers of the answer to `permit`; older news than what is known already is dropped."""
        for limit in limits:
            if limit.kind in self._false:
                continue
            watched = self._watched.get(limit.kind)
            if watched is None:
                cost = 1.0 if limit.kind == "requests" else 0.0
                since = (permit.number, permit.at, limit.remaining)
                self._watched[limit.kind] = _Watched(limit, permit.number, permit.at, cost, since)
            elif permit.number > watched.number:
                watched.limit, watched.number, watched.at = limit, permit.number, permit.at
                if limit.kind != "requests":
                    _measure_cost(watched)
                if self._is_false(watched):
                    del self._watched[limit.kind]
                    self._false.add(limit.kind)

    def _is_false(self, watched: _Watched) -> bool:
        """Whether a limit is told as used up again and again by the answers to requests that it should have refused.

        Requests that were sent before nothing was left do not count: a burst may use up a limit and be answered.
        """
        if watched.limit.remaining > 0:
            watched.zeros = watched.zero_from = 0
        elif not watched.zero_from:
            watched.zero_from = self.granted
        elif watched.number > watched.zero_from:
            watched.zeros += 1
        return watched.zeros >= self.config.false_zeros

    def _growth(self, now: float) -> float:
        """The pace as a share of the ceiling: `cut` at the cut, 1 after `settle_s`, growing from there."""
        config = self.config
        if now <= self._cut_at:
            return config.cut
        bend = (now - self._cut_at) / config.settle_s - 1
        return float(1 + (1 - config.cut) * bend * bend * bend)

    def _set_ceiling(self, now: float, known: float) -> None:
        config, before = self.config, self.rate(now)
        near = [watched.lasting for watched in self._watched.values() if self._is_near(watched, now)]
        if self.ceiling is None and min(near, default=inf) < inf:
            # The headers' own rate, not the pace of the moment, which may make up for a burst. A told limit that is
            # far is not the one that was met.
            self.ceiling = max(config.slowest, min(near))
            return
        if self.ceiling is None:
            ceiling = min(before, known)
        elif now - self._cut_at >= 2 * config.burst_s and (measured := self._measured(now)) is not None:
            ceiling = min(before, measured)
        else:
            # Too soon to measure answers; what was refused since the cut is known sooner.
            accepted = 1 - self._refused_since / max(1, self.granted - self._cut_number)
            ceiling = before * min(config.deep_cut, accepted)
        self.ceiling = max(config.slowest, ceiling)

    def _measured(self, now: float) -> float | None:
        """Answers a second over the last second or more; None where they are too few, or took too short a time."""
        config, total = self.config, 0.0
        for start, answers in reversed(self._spans):
            total += answers
            seconds = now - start
            if seconds > config.measured_s:
                return None
            if seconds >= 1 and total >= config.least_measured:
                return total / seconds
        return None

    def _left(self, watched: _Watched, now: float) -> float:
        """Requests that could be sent at once: what was told, with what came back and what was sent since."""
        limit = watched.limit
        left = min(limit.remaining + limit.per_s * (now - watched.at), limit.most)
        return left / watched.cost - (self.granted - watched.number)

    def _is_near(self, watched: _Watched, now: float) -> bool:
        if watched.lasting == inf:
            return watched.limit.remaining < self.config.near * watched.limit.most
        left = self._left(watched, now)
        return left < max(self.config.near_requests, self.config.near * watched.limit.most / watched.cost)

    def _told_rate(self, watched: _Watched, now: float) -> float:
        """The pace that keeps the remainder at the reserve, in requests a second."""
        limit, cost, lasting = watched.limit, watched.cost, watched.lasting
        if lasting == inf:
            return inf
        left = self._left(watched, now)
        reserve = min(self.config.reserve, max(1.0, 0.05 * lasting), 0.05 * limit.most / cost)
        return max(lasting / 2, lasting + left - reserve)


def _measure_cost(watched: _Watched) -> None:
    """What requests took of a limit of tokens lately, from what its remainder lost and got back meanwhile."""
    number, at, remaining = watched.since
    requests = watched.number - number
    if requests < 8:
        return
    limit = watched.limit
    spent = remaining + limit.per_s * (watched.at - at) - limit.remaining
    cost = max(0.0, spent / requests)
    watched.cost = cost if watched.cost == 0 else 0.7 * watched.cost + 0.3 * cost
    watched.since = (watched.number, watched.at, limit.remaining)
