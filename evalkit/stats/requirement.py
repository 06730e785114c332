"""Is a need met? The one place where a figure becomes met, unmet or undecided."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from evalkit.records.estimate import DecideChance, Gap, Need, Requirement
from evalkit.stats.clusters import enough, too_few
from evalkit.stats.measured import Bounds, Measured
from evalkit.stats.power import Observed, chance_to_decide, rows_to_decide
from evalkit.stats.proportion import Proportion
from evalkit.stats.rare import RareClass

_SMALLEST_P = 1e-12
_P_STEPS = 40
_TIMES = (2, 5, 10)
_ALIKE = 0.8


def judge(contender: str, need: Need, measured: Measured | None) -> Requirement:
    """Hold one metric of one contender against one need. `measured` None means that it was not measured.

    The gap is the shortfall, positive where the need is missed, with one-sided 95 % bounds. *met*: its
    upper bound is at most the margin, also with every infra error counted against the model. *unmet*: its
    lower bound is above the margin, also with every infra error counted for it. Under 30 effective
    clusters nothing is decided, nor where a class is too rare for macro-F1, and else it is undecided too.
    `n_to_decide` and `chances` are given for undecided shares.
    """
    if measured is None or measured.estimate.value is None:
        return Requirement(contender, need, "undecided", Gap(None, None, None), None, "not measured")
    value = measured.estimate.value
    if measured.held_against is not None:
        measured = replace(measured.held_against(need.limit), estimate=measured.estimate)
    gap = _gap(need, value, measured.bounds)
    if measured.effective_clusters is not None and not enough(measured.effective_clusters):
        return Requirement(contender, need, "undecided", gap, None, _too_few_clusters(measured))
    if measured.too_rare is not None:
        return Requirement(contender, need, "undecided", gap, None, _too_rare(measured.too_rare))
    tie = 1e-12 * max(1.0, abs(need.threshold))  # so that 0.92 - 0.91 is within a margin of 0.01
    worst, best = _gap(need, value, measured.worst), _gap(need, value, measured.best)
    words = _Words(need, measured)
    if gap.high is not None and gap.high <= need.margin + tie:
        met = Requirement(contender, need, "met", gap, None, words.met(), _p_met(need, measured, tie))
        return _unless_turned(met, worst.high, measured, tie)
    if gap.low is not None and gap.low > need.margin + tie:
        return _unless_turned(Requirement(contender, need, "unmet", gap, None, words.unmet()), best.low, measured, tie)
    rows, chances = _more_rows(need, measured)
    return Requirement(contender, need, "undecided", gap, rows, words.undecided(gap, chances), chances=chances)


def _gap(need: Need, value: float, bounds: Bounds) -> Gap:
    if need.at_least:
        lower, upper = bounds.lower, bounds.upper
        return Gap(
            need.threshold - value,
            None if upper is None else need.threshold - upper,
            None if lower is None else need.threshold - lower,
        )
    return Gap(
        value - need.threshold,
        None if bounds.lower is None else bounds.lower - need.threshold,
        None if bounds.upper is None else bounds.upper - need.threshold,
    )


def _unless_turned(decided: Requirement, bound: float | None, measured: Measured, tie: float) -> Requirement:
    """The decided requirement, or undecided where the infra errors could turn it."""
    limit = decided.need.margin + tie
    holds = bound is not None and (bound <= limit if decided.state == "met" else bound > limit)
    if holds:
        return decided
    errors = _counted(measured.infra_errors, "infra error")
    return replace(decided, state="undecided", why=f"{decided.why}, but {errors} could turn it", p_met=None)


def _p_met(need: Need, measured: Measured, tie: float) -> float | None:
    """The smallest error at which the one-sided bound still meets the need, by bisection between 5 % and 1e-12."""
    figure = measured.weakest
    if figure is None:
        return None

    def holds(error: float) -> bool:
        bound = figure.lower(1 - error) if need.at_least else figure.upper(1 - error)
        if bound is None:
            return False
        return (need.threshold - bound if need.at_least else bound - need.threshold) <= need.margin + tie

    if isinstance(figure, Proportion):
        exact = figure.error_at(need.limit, above=need.at_least)
        if exact is not None:
            return max(_SMALLEST_P, min(exact, 0.05)) if holds(0.05) else None
    passing, failing = math.log(0.05), math.log(_SMALLEST_P)
    if not holds(math.exp(passing)):
        return None
    if holds(_SMALLEST_P):
        return _SMALLEST_P
    for _ in range(_P_STEPS):
        middle = (passing + failing) / 2
        passing, failing = (middle, failing) if holds(math.exp(middle)) else (passing, middle)
    return math.exp(passing)


def _more_rows(need: Need, measured: Measured) -> tuple[int | None, tuple[DecideChance, ...]]:
    """What more samples would do for a share; an at-most need is the at-least need of the complement."""
    p, n, limit = measured.estimate.value, measured.estimate.n, need.limit
    if measured.kind != "proportion" or p is None or not 0 < limit < 1:
        return None, ()
    if not need.at_least:
        p, limit = 1 - p, 1 - limit
    seen = Observed(p * n, n, measured.deff)
    chances = tuple(DecideChance(times, times * n, chance_to_decide(seen, limit, times * n)) for times in _TIMES)
    return rows_to_decide(seen, limit), chances


def _too_rare(rare: RareClass) -> str:
    noun = "cluster" if rare.in_clusters else "row"
    return f"class `{rare.name or rare.code}` has {_counted(rare.rows, noun)}: at least {rare.needed} are needed"


def _too_few_clusters(measured: Measured) -> str:
    # With repeated asks and no groups, every sample is its own cluster.
    noun = "row" if measured.estimate.method == "wilson_epochs" else "cluster"
    return too_few(measured.n_clusters or 0, measured.effective_clusters or 0.0, noun)


@dataclass(frozen=True, slots=True)
class _Words:
    """The reasons in plain words."""

    need: Need
    measured: Measured

    def met(self) -> str:
        lower, upper = self.measured.bounds.lower, self.measured.bounds.upper
        return self._above(lower) if self.need.at_least else self._below(upper)

    def unmet(self) -> str:
        lower, upper = self.measured.bounds.lower, self.measured.bounds.upper
        return self._below(upper) if self.need.at_least else self._above(lower)

    def undecided(self, gap: Gap, chances: tuple[DecideChance, ...]) -> str:
        rows = _counted(self.measured.estimate.n, "row")
        worth, n = self.measured.worth, self.measured.estimate.n
        # Independent values, too, are worth a little less, since how much is estimated.
        if worth is not None and (gap.high is None or worth < _ALIKE * n):
            rows += f", worth {worth:,} independent ones,"
        if gap.high is None:
            return f"{rows} cannot bound it: at least {self.measured.rows_needed} are needed"
        if (
            self.measured.n_clusters is not None
            and self.measured.kind != "quantile"
            and (self.measured.estimate.method != "wilson_epochs")
        ):
            rows += f" in {_counted(self.measured.n_clusters, 'cluster')}"
        value, limit = _apart(self.measured.estimate.value, self.need.limit)
        tail = _would(chances)
        if value == limit:
            return f"{value} is what is needed{self._margin()}, and {rows} cannot tell the side{tail}"
        return f"{rows} cannot tell {value} from {limit}{self._margin()}{tail}"

    def _above(self, lower: float | None) -> str:
        bound, limit = _apart(lower, self.need.limit)
        return f"above {limit}{self._margin()} with 95 % confidence (at least {bound})"

    def _below(self, upper: float | None) -> str:
        bound, limit = _apart(upper, self.need.limit)
        return f"below {limit}{self._margin()} with 95 % confidence (at most {bound})"

    def _margin(self) -> str:
        if not self.need.margin:
            return ""
        sign = "less" if self.need.at_least else "plus"
        return f" ({_number(self.need.threshold)} {sign} the margin of {_number(self.need.margin)})"


def _would(chances: tuple[DecideChance, ...]) -> str:
    """What more rows would do: the chance of a decision with twice, five and ten times as many."""
    if not chances:
        return ""
    first, *others = chances
    more = "".join(f", {each.rows:,} with {_chance(each.chance)}" for each in others)
    return f"; {first.rows:,} rows would decide it with a chance of {_chance(first.chance)}{more}"


def _chance(chance: float) -> str:
    return "under 1 %" if chance < 0.01 else "over 99 %" if chance > 0.99 else f"{100 * chance:.0f} %"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _number(x: float, extra: int = 0) -> str:
    """About three significant digits and `extra` more, without trailing zeros."""
    decimals = (0 if abs(x) >= 100 else 1 if abs(x) >= 10 else 2 if abs(x) >= 1 else 3) + extra
    text = f"{x:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _apart(value: float | None, limit: float) -> tuple[str, str]:
    """Both numbers, with as many digits as it takes to see that they differ (6 more at most)."""
    if value is None:
        return "unknown", _number(limit)
    for extra in range(7):
        pair = _number(value, extra), _number(limit, extra)
        if pair[0] != pair[1]:
            return pair
    return _number(value), _number(limit)
