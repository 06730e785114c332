"""The pure parts of a sweep: which rate comes next, and what the calls at one rate show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalkit.engine.open_loop import Call
from evalkit.records.completion import Completion, Failure
from evalkit.records.estimate import Need
from evalkit.records.sweep import StepState, SweepStep
from evalkit.stats.quantile import quantile

LATENCY, TTFT = "latency_p95_ms", "ttft_p95_ms"
_P95 = 0.95
_LATE_SHARE = 0.1  # of the need: a client later than that measures itself
_GROWTH_SHARE = 0.1  # of the need, within a step
_GROWTH_TIMES = 1.5

Floats = NDArray[np.float64]


@dataclass
class Search:
    """Finds the highest rate that is good, between `low` and `high`: doubles, then halves the gap.

    Ends where the gap is at most `resolution` of the rate that is not good. Rates are rounded to three digits.
    """

    low: float
    high: float
    resolution: float = 0.05
    good: float | None = None
    bad: float | None = None

    def next(self) -> float | None:
        """The rate to try, None where the search is over."""
        if self.good is None:
            return self.low if self.bad is None else None
        if self.bad is None:
            return min(2 * self.good, self.high) if self.good < self.high else None
        if self.bad - self.good <= self.resolution * self.bad:
            return None
        middle = _three_digits((self.good + self.bad) / 2)
        return middle if self.good < middle < self.bad else None

    def learn(self, rate: float, good: bool) -> None:
        """What the rate that was tried turned out to be."""
        if good:
            self.good = rate
        else:
            self.bad = rate

    @property
    def closing_in(self) -> bool:
        """Whether it is past the doubling, where rates differ little and more calls are needed."""
        return self.bad is not None


def least_over(n: int) -> int:
    """How many of `n` calls over a limit show, at 95 % one-sided, that the 95 % quantile is over it.

    n + 1 where `n` is too small to show it.
    """
    lower = quantile(np.arange(n), _P95).lower()
    return n + 1 if lower is None else n - int(lower)


def limit_of(need: Need) -> float:
    """Milliseconds that the p95 may take, the margin included."""
    return need.threshold + need.margin


def is_over(call: Call[int], needs: Sequence[Need]) -> bool:
    """Whether one call took longer than a need allows its p95; an error always did."""
    if isinstance(call.outcome, Failure):
        return not _refused(call.outcome)
    return any(_of(call, need.metric) > limit_of(need) for need in needs)


def judge_step(rate: float, calls: Sequence[Call[int]], needs: Sequence[Need], ramp: int, cut_short: bool) -> SweepStep:
    """What the calls at one rate show; the first `ramp` of the schedule are left out of all but the counts."""
    ordered = sorted(calls, key=lambda call: call.due_s)
    kept = [c for c in ordered[ramp:] if not (isinstance(c.outcome, Failure) and _refused(c.outcome))]
    late = quantile([c.late_ms for c in kept], _P95).value
    latency, ttft = _values(kept, LATENCY), _values(kept, TTFT)
    streamed = bool(np.isfinite(ttft).any())
    state, why = _state(kept, needs, cut_short, late)
    return SweepStep(
        rate=rate,
        state=state,
        why=why,
        calls=len(calls),
        measured=len(kept),
        answered=sum(isinstance(c.outcome, Completion) for c in calls),
        errors=sum(isinstance(c.outcome, Failure) for c in calls),
        achieved=_achieved(ordered[ramp:]),
        latency_p50_ms=quantile(latency, 0.5).estimate(),
        latency_p95_ms=quantile(latency, _P95).estimate(),
        ttft_p50_ms=quantile(ttft, 0.5).estimate() if streamed else None,
        ttft_p95_ms=quantile(ttft, _P95).estimate() if streamed else None,
        late_p95_ms=late,
        cut_short=cut_short,
    )


def _state(
    kept: Sequence[Call[int]], needs: Sequence[Need], cut_short: bool, late: float | None
) -> tuple[StepState, str]:
    """The worst need decides."""
    if cut_short:
        return "over", "more calls took too long than a p95 within the need leaves room for"
    found = [_judged(kept, need, late) for need in needs]
    worst: tuple[StepState, ...] = ("over", "unclear", "within")
    return min(found, key=lambda each: worst.index(each[0]))


def _judged(kept: Sequence[Call[int]], need: Need, late: float | None) -> tuple[StepState, str]:
    values, limit = _values(kept, need.metric), limit_of(need)
    p95 = quantile(values, _P95)
    lower, upper = p95.lower(), p95.upper()
    if upper is not None and upper <= limit:
        growth = _growth(values)
        if growth is not None and growth[1] - growth[0] > max(_GROWTH_SHARE * limit, (_GROWTH_TIMES - 1) * growth[0]):
            return "unclear", f"answers took ever longer: {growth[0]:,.0f} ms at first, {growth[1]:,.0f} ms at last"
        return "within", f"p95 is at most {upper:,.0f} ms"
    if late is not None and late > _LATE_SHARE * limit and _served_within(kept, need):
        return "unclear", f"the client itself sent {late:,.0f} ms late: this machine cannot keep up this rate"
    if lower is None or lower <= limit:
        return "unclear", f"{len(values):,} calls cannot tell whether its p95 is within {limit:g} ms"
    if math.isinf(lower):
        return "over", "more than a twentieth of the calls got no answer"
    return "over", f"p95 is at least {lower:,.0f} ms"


def _served_within(kept: Sequence[Call[int]], need: Need) -> bool:
    """Whether the server's own p95, counted from sending, keeps the need."""
    late = np.array([call.late_ms for call in kept if _known(call, need.metric)])
    p95 = quantile(_values(kept, need.metric) - late, _P95).value
    return p95 is not None and p95 <= limit_of(need)


def _growth(values: Floats) -> tuple[float, float] | None:
    """Medians of the first and the last third, in the order of the schedule.

    At a rate beyond what a server can do its queue grows as long as calls come, however short the step is; a p95
    within the need would only say that the step was too short.
    """
    third = len(values) // 3
    if third < 10:
        return None
    first, last = (float(np.median(part)) for part in (values[:third], values[-third:]))
    return (first, last) if math.isfinite(last) else None


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
