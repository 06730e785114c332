"""The difference of two contenders on the same rows: ungrouped (McNemar, Tango) and in clusters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalkit.stats.paired import PairedComparison, compare_paired
from tests.stats.coverage.cell import MOST_WRONG, Outcome
from tests.stats.coverage.shares import Sizes, correlation, sizes_of

CLUSTERS = (12, 20, 30, 50, 100, 200)


def compared(pair: PairedComparison, truth: float) -> Outcome:
    """How a comparison does against the true difference. `met` says that b gained more than it did, `unmet` less."""
    low, high = pair.interval()
    lower, upper = pair.lower(), pair.upper()
    return Outcome(
        covers=(low is None or low <= truth) and (high is None or truth <= high),
        met=pair.decides and lower is not None and lower > truth,
        unmet=pair.decides and upper is not None and upper < truth,
        by_rule=not pair.decides,
        unbounded=low is None or high is None,
        test=None if truth else pair.p is not None and pair.p <= MOST_WRONG,
    )


def sides(difference: NDArray[np.int64], rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Right or wrong of a and of b, whose difference it is; where both are alike most are right."""
    alike = rng.random(difference.size) < 0.9
    b = np.where(difference == 0, alike, difference > 0).astype(np.int64)
    return b - difference, b


def flips(only_b: NDArray[np.float64], only_a: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """+1 where only b is right, -1 where only a is, by each row's chances."""
    u = rng.random(only_b.size)
    return np.where(u < only_b, 1, np.where(u < only_b + only_a, -1, 0))


@dataclass(frozen=True)
class Pairs:
    """Independent rows; `discordant` is how often only one side is right, `gain` what b is better by."""

    n: int
    discordant: float
    gain: float

    @property
    def name(self) -> str:
        return f"ungrouped, {self.discordant:.0%} discordant, gain {self.gain:+.0%}, n {self.n:,}"

    def once(self, rng: np.random.Generator) -> Outcome:
        only_b = np.full(self.n, (self.discordant + self.gain) / 2)
        a, b = sides(flips(only_b, self.discordant - only_b, rng), rng)
        return compared(compare_paired(a, b), self.gain)


@dataclass(frozen=True)
class ClusteredPairs:
    """Clusters whose own chances spread like a Dirichlet distribution, which gives the difference's design effect."""

    clusters: int
    sizes: Sizes
    deff: float
    discordant: float = 0.2

    @property
    def name(self) -> str:
        return f"{self.sizes}, design effect {self.deff:g}, {self.clusters} clusters"

    def once(self, rng: np.random.Generator) -> Outcome:
        alike = correlation(self.sizes, self.deff)
        chances = np.array([self.discordant / 2, self.discordant / 2, 1 - self.discordant])
        each = np.tile(chances, (self.clusters, 1))
        if alike:
            each = rng.dirichlet(chances * (1 - alike) / alike, self.clusters)
        return _compared(each[:, 0], each[:, 1], self.sizes, rng)


@dataclass(frozen=True)
class Cancelled:
    """In one cluster of ten b is far worse, in all others a little better: on average nothing is gained."""

    clusters: int
    sizes: Sizes
    rare: float = 0.1
    loss: float = 0.5

    @property
    def name(self) -> str:
        return f"{self.sizes}, few bad cancel many good, {self.clusters} clusters"

    def once(self, rng: np.random.Generator) -> Outcome:
        bad = rng.random(self.clusters) < self.rare
        only_b = np.where(bad, 0.0, self.rare * self.loss / (1 - self.rare))
        return _compared(only_b, np.where(bad, self.loss, 0.0), self.sizes, rng)


def _compared(
    only_b: NDArray[np.float64], only_a: NDArray[np.float64], kind: Sizes, rng: np.random.Generator
) -> Outcome:
    groups = np.repeat(np.arange(only_b.size), sizes_of(kind, only_b.size, rng))
    a, b = sides(flips(only_b[groups], only_a[groups], rng), rng)
    return compared(compare_paired(a, b, groups, seed=int(rng.integers(2**31))), 0.0)


def pairs() -> Iterator[Pairs | ClusteredPairs | Cancelled]:
    """Ungrouped pairs, clusters that are alike in all respects, and bad ones that cancel good ones."""
    for discordant, gain in ((0.05, 0.0), (0.2, 0.0), (0.05, 0.03), (0.2, 0.1)):
        yield from (Pairs(n, discordant, gain) for n in (60, 200, 500, 2_000))
    kinds: tuple[Sizes, ...] = ("equal", "lognormal")
    for sizes in kinds:
        for deff in (1.0, 2.0, 5.0):
            yield from (ClusteredPairs(count, sizes, deff) for count in CLUSTERS)
        yield from (Cancelled(count, sizes) for count in CLUSTERS)
