"""The pure parts of a sweep: which rate comes next, and what the calls at one rate show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalkit.engine.open_loop import Call
from evalkit.records.completion import Completion, Failure
from evalkit.records.estimate import Estimate, Need
from evalkit.records.sweep import StepState, SweepStep
from evalkit.stats.autocorrelation import effective_n
from evalkit.stats.quantile import Quantile, quantile

LATENCY, TTFT = "latency_p95_ms", "ttft_p95_ms"
_P95 = 0.95
_LATE_SHARE = 0.1  # of the need: a client later than that measures itself
_GROWTH_SHARE = 0.1  # of the need, within a step
_GROWTH_TIMES = 1.5
_LEAST_THIRD = 10  # calls

Floats = NDArray[np.float64]


Length = Literal["short", "long", "twice"]


class Trial(NamedTuple):
    """A rate to hold, and for how long: `twice` is twice as long as `long`."""

    rate: float
    length: Length


@dataclass
class Search:
    """Finds the highest rate that is within the needs, between `low` and `high`: doubles, then halves the gap.

    Rates are far apart while they double, so that short steps will do; one that tells nothing is made again as a long
    one. The gap is closed where it is at most `resolution` of the rate that is not within. What was found is then held
    once more: of several steps near a limit, one may be within it by luck. Rates are rounded to three digits.
    """

    low: float
    high: float
    resolution: float = 0.05
    bad: float | None = None
    confirmed: float | None = None
    _good: list[float] = field(default_factory=list)
    _again: float | None = None

    @property
    def good(self) -> float | None:
        """The highest rate that was within."""
        return self._good[-1] if self._good else None

    def next(self) -> Trial | None:
        """What to try, None where the search is over."""
        if self._again is not None:
            return Trial(self._again, "long")
        rate = self._rate()
        if rate is not None:
            return Trial(rate, "short" if self.bad is None else "long")
        return None if self.good is None or self.good == self.confirmed else Trial(self.good, "twice")

    def learn(self, trial: Trial, state: StepState) -> None:
        """What the trial came to."""
        self._again = None
        if state == "within" and trial.length == "twice":
            self.confirmed = trial.rate
        elif state == "within":
            self._good.append(trial.rate)
        elif state == "unclear" and trial.length == "short":
            self._again = trial.rate
        else:
            self.bad = trial.rate
            if trial.length == "twice":
                self._good.pop()

    def _rate(self) -> float | None:
        good = self.good
        if good is None:
            return self.low if self.bad is None else None
        if self.bad is None:
            return min(2 * good, self.high) if good < self.high else None
        middle = _three_digits((good + self.bad) / 2)
        return middle if self.bad - good > self.resolution * self.bad and good < middle < self.bad else None


def is_over(call: Call[int], needs: Sequence[Need]) -> bool:
    """Whether one call took longer than a need allows its p95; an error always did."""
    if isinstance(call.outcome, Failure):
        return not _refused(call.outcome)
    return any(_of(call, need.metric) > need.limit for need in needs)


def judge_step(rate: float, calls: Sequence[Call[int]], needs: Sequence[Need], ramp: int, cut_short: bool) -> SweepStep:
    """What the calls at one rate show; the first `ramp` of the schedule are left out of all but the counts."""
    ordered = sorted(calls, key=lambda call: call.due_s)
    kept = [c for c in ordered[ramp:] if not (isinstance(c.outcome, Failure) and _refused(c.outcome))]
    late = quantile([c.late_ms for c in kept], _P95).value
    latency, ttft = _values(kept, LATENCY), _values(kept, TTFT)
    limit = max(need.limit for need in needs)
    streamed = bool(np.isfinite(ttft).any())
    state, why = _state(kept, needs, late)
    return SweepStep(
        rate=rate,
        state=state,
        why=why,
        calls=len(calls),
        measured=len(kept),
        answered=sum(isinstance(c.outcome, Completion) for c in calls),
        errors=sum(isinstance(c.outcome, Failure) for c in calls),
        achieved=_achieved(ordered[ramp:]),
        latency_p50_ms=_estimate(latency, 0.5, limit),
        latency_p95_ms=_estimate(latency, _P95, limit),
        ttft_p50_ms=_estimate(ttft, 0.5, limit) if streamed else None,
        ttft_p95_ms=_estimate(ttft, _P95, limit) if streamed else None,
        late_p95_ms=late,
        cut_short=cut_short,
    )


def _state(kept: Sequence[Call[int]], needs: Sequence[Need], late: float | None) -> tuple[StepState, str]:
    """The worst need decides."""
    found = [_judged(kept, need, late) for need in needs]
    worst: tuple[StepState, ...] = ("over", "unclear", "within")
    return min(found, key=lambda each: worst.index(each[0]))


def _judged(kept: Sequence[Call[int]], need: Need, late: float | None) -> tuple[StepState, str]:
    values, limit = _values(kept, need.metric), need.limit
    p95 = _quantile(values, _P95, limit)
    lower, upper = p95.lower(), p95.upper()
    first, last = _medians(values)
    if upper is not None and upper <= limit:
        if last - first > max(_GROWTH_SHARE * limit, (_GROWTH_TIMES - 1) * first):
            return "unclear", f"answers took ever longer: {first:,.0f} ms at first, {last:,.0f} ms at last"
        return "within", f"p95 is at most {upper:,.0f} ms"
    if late is not None and late > _LATE_SHARE * limit and _served_within(kept, need):
        return "unclear", f"the client itself sent {late:,.0f} ms late: this machine cannot keep up this rate"
    if limit < last < math.inf:
        return "over", f"half of the calls took {last:,.0f} ms and longer in the end"
    if lower is None or lower <= limit:
        worth = "" if p95.n == values.size else f", worth {p95.n:,} independent ones,"
        return "unclear", f"{values.size:,} calls{worth} cannot tell whether p95 is within {limit:g} ms"
    if math.isinf(lower):
        return "over", "more than a twentieth of the calls got no answer"
    return "over", f"p95 is at least {lower:,.0f} ms"


def _quantile(values: Floats, q: float, limit: float) -> Quantile:
    """The `q` quantile with bounds for calls that queue behind each other: what slows one slows its neighbours.

    The sorted values are thinned to as many as they are worth, as those of a sample's epochs are elsewhere. For that,
    what takes less than half of the limit is all alike, and so is what differs by less than a hundredth of it: a
    drift far below the need is no danger to it.
    """
    n, ordered = values.size, np.sort(values)
    near = np.round(np.clip(values, limit / 2, 100 * limit) / (limit / 100))
    worth = effective_n(near) if n else 0
    ranks = np.ceil(np.arange(1, worth + 1) * (n / max(worth, 1)) - 1e-9).astype(np.int64) - 1
    return quantile(ordered[ranks], q)


def _estimate(values: Floats, q: float, limit: float) -> Estimate:
    return replace(_quantile(values, q, limit).estimate(), value=quantile(values, q).value)


def _served_within(kept: Sequence[Call[int]], need: Need) -> bool:
    """Whether the server's own p95, counted from sending, keeps the need."""
    late = np.array([call.late_ms for call in kept if _known(call, need.metric)])
    p95 = quantile(_values(kept, need.metric) - late, _P95).value
    return p95 is not None and p95 <= need.limit


def _medians(values: Floats) -> tuple[float, float]:
    """Medians of the first and the last third, in the order of the schedule; twice 0 where these are too few.

    At a rate beyond what a server can do its queue grows as long as calls come, however short the step is; a p95
    within the need would only say that the step was too short.
    """
    third = len(values) // 3
    if third < _LEAST_THIRD:
        return 0.0, 0.0
    first, last = (float(np.median(part)) for part in (values[:third], values[-third:]))
    return first, last


def _achieved(calls: Sequence[Call[int]]) -> float | None:
    """Answers a second, from the first call after the ramp until the last one was due."""
    if len(calls) < 2:
        return None
    start, end = calls[0].due_s, calls[-1].due_s
    answers = sum(start < c.ended_s <= end for c in calls if isinstance(c.outcome, Completion))
    return answers / (end - start) if end > start else None


def _values(calls: Sequence[Call[int]], metric: str) -> Floats:
    return np.array([_of(call, metric) for call in calls if _known(call, metric)], dtype=np.float64)


def _known(call: Call[int], metric: str) -> bool:
    """An answer without any text has no time to the first token."""
    return isinstance(call.outcome, Failure) or not math.isnan(_of(call, metric))


def _of(call: Call[int], metric: str) -> float:
    """Milliseconds from the scheduled start; inf for a failure, NaN where unknown."""
    timing = call.timing
    if timing is None:
        return math.inf
    value = timing.latency_ms if metric == LATENCY else timing.ttft_ms
    return math.nan if value is None else value


def _refused(failure: Failure) -> bool:
    """A sample that the server will not take says nothing of its speed."""
    return failure.kind in ("rejected", "ambiguous")


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")
