"""The ranges of a project, drawn 10,000 times: how likely it pays back, when, and what that hangs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from evalkit.decision.arrivals import TTL_SECONDS, hit_share
from evalkit.decision.payback import gross_calls, todays_bills
from evalkit.decision.project import BUILD, CALLS, Input, Project
from evalkit.records.economics import Payback, Quantiles, Span, Swing, VolumePoint
from evalkit.stats.clusters import FloatArray

DRAWS = 10_000
SURE = 0.9
_LARGEST_VOLUME = 1e11
_PER_DECADE = 10
_CURVE_POINTS = 41  # an odd number, so that the declared volume is one of them


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """A project with its draws: `x` has an array (draws,) for each input by name."""

    project: Project
    x: Mapping[str, FloatArray]

    @classmethod
    def of(cls, project: Project, seed: int = 7, draws: int = DRAWS) -> Simulation:
        """Draw all inputs, each independently of the others. The same seed gives the same draws."""
        return cls(project, project.draw(draws, seed))

    def p_pays_back(self) -> float:
        """The share of draws that pay back within the horizon."""
        project = self.project
        return float(project.flows(self.x).pays_back(project.horizon, project.sunk).mean())

    def months(self) -> Quantiles:
        """Months until the build is paid back."""
        return quantiles(self.project.flows(self.x).months())

    def net(self) -> Quantiles:
        """The net value after the horizon, dollars."""
        return quantiles(self.project.flows(self.x).net(self.project.horizon))

    def p_cheaper(self) -> float:
        """P(running the fine-tune costs less than prompting), all in but for the build, over the horizon."""
        return float((self._saved() > 0).mean())

    def cheaper_by(self) -> Quantiles | None:
        """The share of the prompted bill that is saved over the horizon, the build left out; None without a bill."""
        bill = self._bill()
        return quantiles(self._saved() / bill) if (bill > 0).all() else None

    def _bill(self) -> FloatArray:
        """What prompting costs over the horizon: (draws,)."""
        bills = todays_bills(self.x["prompted_price_change_per_year"], self.project.horizon)
        return self.project.flows(self.x).bill * bills

    def _saved(self) -> FloatArray:
        return self._bill() - self.project.running(self.x) * self.project.horizon

    def affordable_build(self) -> float | None:
        """The highest build cost, labels apart, that pays back with 90 % probability; None where none above 0 does."""
        if self.project.sunk:
            return None
        best = self.project.flows(self.x).best(self.project.horizon) - self.project.bought(self.x)
        # At most a share of 0.1 of the draws may lie below it.
        cost = float(np.quantile(best, 1 - SURE, method="lower"))
        return cost if cost > 0 else None

    def needed_value(self) -> float | None:
        """The value per correct answer at which it pays back with 90 % probability, whatever value is declared.

        None where an accuracy is unknown, or where no value does it: a fine-tune that gains nothing in more than a
        tenth of the draws.
        """
        gained = self.project.gained(self.x)
        if gained is None:
            return None
        needed = self._needed_benefit()
        value = np.divide(needed, gained, out=np.full_like(needed, np.inf), where=gained > 0)
        # Where it pays back with nothing gained, any value does, unless the fine-tune is worse.
        value = np.where((gained == 0) & (needed <= 0), 0.0, value)
        return _finite(np.maximum(value, 0.0))

    def needed_value_per_month(self) -> float | None:
        """The value of meeting the need, dollars a month, at which it pays back with 90 % probability."""
        needed, reached = np.maximum(self._needed_benefit(), 0.0), self.project.reached(self.x)
        return _finite(np.where(reached > 0, needed, np.where(needed > 0, np.inf, 0.0)))

    def at_volume(self, calls_per_month: float) -> Simulation:
        """The same draws at another volume."""
        return Simulation(self.project, {**self.x, CALLS: np.full_like(self.x[CALLS], calls_per_month)})

    def needed_calls(self) -> float | None:
        """The smallest monthly volume at which it pays back with 90 % probability, all else as declared.

        Looked for on a grid of ten volumes a decade from 1 to 10^11 calls, then halved in; None where none does.
        """
        grid = np.logspace(0, np.log10(_LARGEST_VOLUME), int(np.log10(_LARGEST_VOLUME)) * _PER_DECADE + 1)
        before = None
        for volume in map(float, grid):
            if self.at_volume(volume).p_pays_back() >= SURE:
                return volume if before is None else self._halve(before, volume)
            before = volume
        return None

    def curve(self) -> tuple[VolumePoint, ...]:
        """Net value and P over volumes, from a hundredth to a hundred times the declared one."""
        volumes = self.project.calls.middle * np.logspace(-2, 2, _CURVE_POINTS)
        return tuple(self._point(float(volume)) for volume in volumes)

    def swings(self) -> tuple[Swing, ...]:
        """Each ranged input at its ends with all else at its middle, the largest swing of the net value first."""
        net = self.project.flows(self.x).net(self.project.horizon)
        ranged = [i for i in self.project.inputs if i.ranged]
        found = [self._swing(i, net) for i in ranged]
        return tuple(sorted((s for s in found if s.at_low != s.at_high), key=lambda s: -abs(s.at_high - s.at_low)))

    def _needed_benefit(self) -> FloatArray:
        """What would have to come in each month, with no value counted, in each draw: (draws,)."""
        bare = replace(self.project, value=None, value_per_month=None)
        return bare.flows(self.x).needed_benefit(bare.horizon, bare.sunk)

    def _halve(self, low: float, high: float) -> float:
        """The volume between two where P passes 0.9, to one in a million."""
        while high / low > 1 + 1e-6:
            middle = float(np.sqrt(low * high))
            if self.at_volume(middle).p_pays_back() >= SURE:
                high = middle
            else:
                low = middle
        return high

    def _point(self, volume: float) -> VolumePoint:
        there = self.at_volume(volume)
        short, long = (_hits(self.project, volume, ttl) for ttl in ("5m", "1h"))
        return VolumePoint(volume, there.net(), there.p_pays_back(), short, long)

    def _swing(self, ranged: Input, net: FloatArray) -> Swing:
        x = {i.name: np.full(2, i.centre) for i in self.project.inputs}
        x[ranged.name] = np.array([ranged.low, ranged.high])
        at_low, at_high = self.project.flows(x).net(self.project.horizon)
        share = _rank_correlation(self.x[ranged.name], net)
        return Swing(
            name=ranged.name,
            low=ranged.low,
            high=ranged.high,
            at_low=float(at_low),
            at_high=float(at_high),
            share=None if share is None else share**2,
        )


def payback(simulation: Simulation, rival: str, option: str, brief: bool = False) -> Payback:
    """All figures of a simulated project, held against a rival's option.

    `brief` leaves out what no answer hangs on: the volume that is needed, the curve and what matters most.
    """
    project = simulation.project
    return Payback(
        rival=rival,
        option=option,
        draws=int(simulation.x[BUILD].size),
        p_pays_back=simulation.p_pays_back(),
        months=simulation.months(),
        net=simulation.net(),
        gross_calls=gross_calls(project.whole_build(), project.saving_per_call()),
        saving_per_call=project.saving_per_call(),
        p_cheaper=simulation.p_cheaper(),
        affordable_build=simulation.affordable_build(),
        needed_calls=None if brief else simulation.needed_calls(),
        swings=() if brief else simulation.swings(),
        curve=() if brief else simulation.curve(),
        cheaper_by=simulation.cheaper_by(),
        single_figures=project.single_figures,
    )


def quantiles(values: FloatArray) -> Quantiles:
    """The 10 %, 50 % and 90 % quantiles of draws (n,): each a value that was drawn, so that inf is allowed."""
    low, median, high = np.quantile(values, [0.1, 0.5, 0.9], method="inverted_cdf")
    return Quantiles(float(low), float(median), float(high))


def _hits(project: Project, volume: float, ttl: str) -> float:
    """The share of hits at a volume: the rival's, or that of the arrivals alone where no rival was measured."""
    if isinstance(project.prompted, Span):
        return hit_share(volume, project.active_hours, TTL_SECONDS[ttl])
    of_ttl = [way for way in project.prompted if way.option == ttl]
    return float(of_ttl[0].hits(np.full(1, volume))[0]) if of_ttl else 0.0


def _finite(needed: FloatArray) -> float | None:
    """What is enough in a share of 0.9 of the draws; None where nothing is."""
    value = float(np.quantile(needed, SURE, method="inverted_cdf"))
    return value if np.isfinite(value) else None


def _rank_correlation(a: FloatArray, b: FloatArray) -> float | None:
    """Spearman's, for draws that hardly tie; None where one does not vary."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    ranks = [np.argsort(np.argsort(v, kind="stable"), kind="stable") for v in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
