"""One cell of the coverage table: a world, asked many times how its interval and its decision did."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from evalkit.records.estimate import Need
from evalkit.stats.clusters import enough
from evalkit.stats.measured import Measured
from evalkit.stats.proportion import wilson
from evalkit.stats.requirement import judge

MOST_WRONG = 0.05
COVERS = (0.93, 0.97)
BEYOND_DOUBT = 0.999  # there are hundreds of cells, of which one in forty is beyond its 95 % by chance


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one draw of a world led to.

    `met` and `unmet` are decisions at the true value itself, so either is wrong. `by_rule` means that nothing may be
    decided whatever the figures are, `unbounded` that the interval has no bound on one side (which then covers).
    `found` tells whether a need that the truth clears by far is met, `test` whether "no difference" is rejected
    although it is true; None where the world does not ask.
    """

    covers: bool
    met: bool
    unmet: bool
    by_rule: bool = False
    unbounded: bool = False
    found: bool | None = None
    test: bool | None = None


class World(Protocol):
    """A distribution whose true figure is known."""

    @property
    def name(self) -> str:
        """Words that tell it from all others of its family."""

    def once(self, rng: np.random.Generator) -> Outcome:
        """Draw from it, and ask evalkit."""


def decided(measured: Measured, truth: float, far: float, at_least: bool = True) -> Outcome:
    """How a figure does against its true value, and against the need `far` that the true value clears."""
    low, high = measured.estimate.low, measured.estimate.high
    # `judge` also tells what more rows would do for a share, which takes most of its time and decides nothing.
    quick = replace(measured, kind="mean") if measured.kind == "proportion" else measured
    state = judge("a", Need("figure", truth, at_least=at_least), quick).state
    effective = measured.effective_clusters
    return Outcome(
        covers=(low is None or low <= truth) and (high is None or truth <= high),
        met=state == "met",
        unmet=state == "unmet",
        by_rule=measured.too_rare is not None or (effective is not None and not enough(effective)),
        unbounded=any(bound is None or not np.isfinite(bound) for bound in (low, high)),
        found=judge("a", Need("figure", far, at_least=at_least), quick).state == "met",
    )


@dataclass(frozen=True, slots=True)
class Share:
    """`k` of `n` simulations."""

    k: int
    n: int

    @property
    def value(self) -> float:
        """The share itself."""
        return self.k / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """What the number of simulations leaves open: 95 %, Wilson."""
        return wilson(self.k, self.n)


@dataclass(frozen=True, slots=True)
class Cell:
    """A world and what its simulations came to."""

    family: str
    name: str
    simulations: int
    covers: Share
    met: Share
    unmet: Share
    by_rule: Share
    unbounded: Share
    found: Share | None
    test: Share | None

    @property
    def outside(self) -> bool:
        """Whether the interval covers in less than 93 or more than 97 %."""
        return not COVERS[0] <= self.covers.value <= COVERS[1]

    @property
    def wrongs(self) -> dict[str, Share]:
        """The ways to decide wrongly, each of which may happen in 5 %."""
        ways = {"met": self.met, "unmet": self.unmet, "test": self.test}
        return {name: share for name, share in ways.items() if share is not None}

    @property
    def too_often(self) -> dict[str, Share]:
        """Those that happen in more than 5 % of the simulations."""
        return {name: share for name, share in self.wrongs.items() if share.value > MOST_WRONG}

    @property
    def clearly(self) -> dict[str, Share]:
        """Those of which the number of simulations leaves no doubt."""
        return {n: s for n, s in self.wrongs.items() if wilson(s.k, s.n, BEYOND_DOUBT)[0] > MOST_WRONG}


def simulate(family: str, world: World, simulations: int, seed: int) -> Cell:
    """Ask a world so many times. Its draws depend on the seed and its own words, not on which others are asked."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{family} {world.name}".encode())])
    outcomes = [world.once(rng) for _ in range(simulations)]

    def share(name: str) -> Share | None:
        values = [getattr(outcome, name) for outcome in outcomes]
        return None if any(value is None for value in values) else Share(sum(values), simulations)

    names = ("covers", "met", "unmet", "by_rule", "unbounded", "found", "test")
    return Cell(family, world.name, simulations, *(share(name) for name in names))  # type: ignore[arg-type]
