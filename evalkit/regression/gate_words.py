"""What the gates say, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.records.baseline import Baseline
from evalkit.records.check import DropTest, GateName
from evalkit.regression.drop import Fall
from evalkit.wording.numbers import change, count, in_points, milliseconds, money, p_value, points, share

_SHARE: dict[str, str] = {"drop": "accuracy", "format_validity_drop": "format validity"}


@dataclass(frozen=True, slots=True)
class DropWords:
    """The sentences on one drop test. `tolerance` is a share."""

    gate: GateName
    fell: Fall
    test: DropTest
    tolerance: float

    def cannot_be_tested(self) -> str:
        """No common sample, or too few clusters."""
        if not self.test.n:
            return "the baseline has no answered sample in common with this run: accept a new one"
        return f"{self._moved()}, but nothing is decided: {self.fell.paired.undecided}"

    def passed(self) -> str:
        """Nothing happened that matters."""
        return f"{self._moved()}; {self._seen()}"

    def nothing_visible(self) -> str:
        """Too few samples for any drop."""
        return f"{self._moved()}, but {self._rows()} cannot judge it: no drop, however large, would be seen for sure"

    def within_tolerance(self) -> str:
        """Real, and tolerable."""
        return f"{self._moved()}: a real drop (p {self._p()}), within the tolerance of {in_points(self.tolerance)}"

    def not_told_from_chance(self) -> str:
        """Large, and perhaps chance."""
        p = f"p {_p(self.test.p)}" if self.test.p is not None else ""
        return f"{self._moved()}, which {self._rows()} cannot tell from chance ({p}); {self._seen()}"

    def noted(self) -> str:
        """The suite only wants to know."""
        return f"{self._moved()} (p {self._p()}), more than the tolerance of {in_points(self.tolerance)}"

    def not_asked_again(self, reason: str) -> str:
        """A suspect without a second run."""
        return f"{self._moved()}; {no_fresh_run(reason)}"

    def not_confirmed(self) -> str:
        """The fresh run shows no such drop."""
        return f"{self._moved()}; the fresh run does not confirm it ({self._second()})"

    def not_enough(self) -> str:
        """Both runs show it, and it is not significant over the night."""
        return (
            f"{self._moved()}, and {self._second()} in a fresh run, but over all tests of the night that is not "
            f"enough to rule out chance (p {self._p()}); {self._seen()}"
        )

    def one_night(self) -> str:
        """Both runs show it, but they share the night, and nights differ."""
        return (
            f"{self._moved()}, and {self._second()} in a fresh run of the same night, but one night cannot tell a bad "
            f"night from a worse model: {self._between()}, so this may be the night's doing (p {self._p()}). "
            "Check again on another night"
        )

    def confirmed(self) -> str:
        """A regression."""
        return (
            f"{self._moved()}, more than the tolerance of {in_points(self.tolerance)}; the fresh run confirms it "
            f"({self._second()}; p {self._p()} after correction over the night)"
        )

    def _between(self) -> str:
        spread = points(self.test.night)
        if self.test.nights is None or self.test.nights < 2:
            return f"without earlier nights they are taken to differ by {spread} points (sd) in a model this unsteady"
        return f"they differ by {spread} points (sd, {count(self.test.nights, 'night')})"

    def _moved(self) -> str:
        """`accuracy fell by 4.2 points (.921 to .879, 95 % interval −6.6 to −1.8, n 500)`."""
        estimate, name = self.test.difference, _SHARE[self.gate]
        if estimate.value is None or self.fell.before is None or self.fell.now is None:
            return f"{name} is unknown"
        verb = "fell" if estimate.value < 0 else "rose"
        moved = f"{name} {verb} by {points(abs(estimate.value))} points" if estimate.value else f"{name} is unchanged"
        bounds = ""
        if estimate.low is not None and estimate.high is not None:
            bounds = f", 95 % interval {points(estimate.low, signed=True)} to {points(estimate.high, signed=True)}"
        return f"{moved} ({share(self.fell.before)} to {share(self.fell.now)}{bounds}, n {self.test.n:,})"

    def _seen(self) -> str:
        if self.test.visible is None:
            return "no drop, however large, would be seen for sure"
        return f"a drop of {points(self.test.visible)} points would be seen with 80 % power"

    def _rows(self) -> str:
        return count(self.test.n, "row")

    def _second(self) -> str:
        return "unknown" if self.test.second is None else f"{points(self.test.second, signed=True)} points"

    def _p(self) -> str:
        return _p(self.test.p_corrected)


def no_fresh_run(reason: str) -> str:
    """Why a suspicion was not followed up."""
    return f"not confirmed: {reason}" if reason else "not confirmed by a fresh run"


def grew(gate: GateName, before: Baseline, now: Baseline, by: float) -> str:
    """Cost or latency, then and now."""
    if gate == "cost_up":
        old, new = before.cost_per_1000_calls or 0.0, now.cost_per_1000_calls or 0.0
        text = f"1,000 calls cost {money(new)}, in the baseline {money(old)} ({change(by)})"
        if before.prices_as_of != now.prices_as_of:
            text += f"; list prices of {now.prices_as_of or 'unknown date'} and {before.prices_as_of or 'unknown date'}"
        return text
    old = before.latency_ms.p50 or 0.0 if before.latency_ms else 0.0
    new = now.latency_ms.p50 or 0.0 if now.latency_ms else 0.0
    return f"the median latency is {milliseconds(new)}, in the baseline {milliseconds(old)} ({change(by)})"


def _p(p: float | None) -> str:
    return "unknown" if p is None else p_value(p)
