"""When a build has paid for itself: closed forms on arrays of draws. Dollars and months throughout."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from evalkit.records.economics import Span
from evalkit.stats.clusters import FloatArray

NEVER_MONTHS = 600.0  # a build that takes fifty years has not paid back
_HALVINGS = 64  # 600 months ÷ 2^64 is below the spacing of floats


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """The money of a fine-tune, an entry per draw, all of one shape (n,).

    `bill` is what prompting costs a month today, at least 0; it changes by the factor 1 + `change` a year (`change`
    above -1). `steady` is every other benefit less every running cost a month, which do not change. `build` is paid
    at the start, at least 0. The benefit of month t is bill × (1 + change)^(t/12) + steady.
    `growth` is the bill's continuous rate of change a month, ln(1 + change) ÷ 12.
    """

    bill: FloatArray
    steady: FloatArray
    change: FloatArray
    build: FloatArray
    growth: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "growth", np.log1p(self.change) / 12)

    def rate(self, months: FloatArray) -> FloatArray:
        """The benefit a month at the time `months`."""
        return self.bill * np.exp(_exponent(self.growth * months)) + self.steady

    def cumulative(self, months: ArrayLike) -> FloatArray:
        """The benefit of all months up to `months`, the build not taken off."""
        t = np.asarray(months, dtype=np.float64)
        return self.bill * todays_bills(self.change, t) + self.steady * t

    def best(self, horizon: float) -> FloatArray:
        """The highest cumulative benefit at any time from 0 to `horizon`.

        With falling prices the benefit shrinks, so the sum may peak earlier; with rising ones it is convex, so the
        highest is at an end.
        """
        ends = np.maximum(self.at(horizon), 0.0)
        falling = self.growth < 0
        if not falling.any():
            return ends
        return np.where(falling, self.cumulative(self._turning(horizon)), ends)

    def at(self, horizon: float) -> FloatArray:
        """The cumulative benefit at the end of the horizon."""
        return self.cumulative(np.full_like(self.bill, horizon))

    def net(self, horizon: float) -> FloatArray:
        """The net value after the horizon: the cumulative benefit less the build."""
        return self.at(horizon) - self.build

    def pays_back(self, horizon: float, sunk: bool = False) -> FloatArray:
        """1 where the cumulative benefit reaches the build within the horizon, else 0.

        A `sunk` build has nothing to reach: there it is 1 where the net value after the horizon is above 0.
        """
        if sunk:
            return np.asarray(self.net(horizon) > 0, dtype=np.float64)
        best = self.best(horizon)
        return np.asarray(np.where(self.build > 0, best >= self.build, best > 0), dtype=np.float64)

    def months(self) -> FloatArray:
        """Months until the cumulative benefit first reaches the build; inf where it does not within 600 months.

        Exact where prices do not change, else by bisection between the times where the sum can first reach it.
        """
        level = self.growth == 0
        months = net_months(self.build, np.where(level, self.bill + self.steady, 0), 0.0, 0.0)
        # With falling prices the sum grows until the turning only; else, once it has reached the build, it stays there.
        low = np.zeros_like(months)
        high = np.where(self.growth < 0, self._turning(NEVER_MONTHS), NEVER_MONTHS)
        best = self.cumulative(high)
        reached = np.where(self.build > 0, best >= self.build, best > 0)
        for _ in range(_HALVINGS if not level.all() else 0):
            middle = (low + high) / 2
            over = self.cumulative(middle) >= self.build
            low, high = np.where(over, low, middle), np.where(over, middle, high)
        found = np.where(level, months, np.where(reached, high, np.inf))
        found = np.where((self.build == 0) & (self.rate(np.zeros_like(low)) > 0), 0.0, found)
        return np.where(found > NEVER_MONTHS, np.inf, found)

    def needed_benefit(self, horizon: float, sunk: bool = False) -> FloatArray:
        """The steady benefit a month, on top of `steady`, from which on it pays back within the horizon.

        The least of (build − cumulative(t)) ÷ t over the times up to the horizon; below 0 where it pays back anyway.
        With prices that do not fall, and for a sunk build, that is at the horizon. With falling ones it is where
        bill × (bills paid so far − t × the bill's factor at t) = build, whose left side grows with t.
        """
        end = np.full_like(self.bill, horizon)
        time = end
        falling = (self.growth < 0) & (self.bill > 0)
        if not sunk and falling.any():
            low, high = np.zeros_like(end), end
            for _ in range(_HALVINGS):
                middle = (low + high) / 2
                factor = np.exp(_exponent(self.growth * middle))
                over = self.bill * (todays_bills(self.change, middle) - middle * factor) >= self.build
                low, high = np.where(over, low, middle), np.where(over, middle, high)
            time = np.where(falling, high, end)
        return (self.build - self.cumulative(time)) / time

    def _turning(self, horizon: float) -> FloatArray:
        """Until when the monthly benefit is positive, within [0, horizon], where prices fall; 0 where it never is."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            time = np.log(-self.steady / self.bill) / self.growth
        # Without a cost to fall under, or without a bill, the sign of the start is kept.
        kept = (self.steady >= 0) | (self.bill <= 0)
        ever = np.where(self.bill + self.steady > 0, horizon, 0.0)
        return np.clip(np.where(kept, ever, time), 0.0, horizon)


def todays_bills(change: ArrayLike, months: ArrayLike) -> FloatArray:
    """∫ (1 + change)^(s/12) ds from 0 to `months`: how many of today's monthly bills are paid until then."""
    t = np.asarray(months, dtype=np.float64)
    x = _exponent(np.log1p(np.asarray(change, dtype=np.float64)) / 12 * t)
    mean = np.divide(np.expm1(x), x, out=np.ones_like(x), where=x != 0)
    return np.asarray(t * mean, dtype=np.float64)


def net_months(
    build: ArrayLike, monthly_benefit: ArrayLike, fixed: ArrayLike, retrain_per_month: ArrayLike
) -> FloatArray:
    """build ÷ (benefit − fixed − retraining), all dollars a month but the build; inf where the denominator is ≤ 0."""
    left = np.asarray(monthly_benefit, dtype=np.float64) - np.asarray(fixed) - np.asarray(retrain_per_month)
    cost = np.asarray(build, dtype=np.float64)
    shape = np.broadcast_shapes(cost.shape, left.shape)
    out = np.full(shape, np.inf)
    with np.errstate(over="ignore"):
        return np.asarray(np.divide(cost, left, out=out, where=np.broadcast_to(left > 0, shape)), dtype=np.float64)


def gross_calls(build: Span, saving_per_call: Span) -> Span | None:
    """Calls until the savings equal the build, by the corners of both ranges: the rule of thumb.

    None where nothing is saved per call; the upper end is inf where perhaps nothing is.
    """
    if saving_per_call.high <= 0:
        return None
    high = build.high / saving_per_call.low if saving_per_call.low > 0 else float("inf")
    return Span(build.low / saving_per_call.high, high)


def _exponent(x: FloatArray) -> FloatArray:
    """Kept within what a float can hold: prices that multiply by 10^300 are no forecast."""
    return np.asarray(np.minimum(x, 690.0), dtype=np.float64)
