"""Shares of right answers: independent, in clusters of several kinds, and asked several times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalkit.stats.measured import measured_share
from tests.stats.coverage.cell import Outcome, decided

FAR = 0.05
ROWS_PER_CLUSTER = 10
SPREAD = 1.0  # sd of the logarithm of lognormal sizes
CLUSTERS = (12, 20, 30, 50, 100, 200)
Sizes = Literal["equal", "lognormal"]


@dataclass(frozen=True)
class Independent:
    """`n` rows that have nothing to do with each other."""

    share: float
    n: int

    @property
    def name(self) -> str:
        return f"share {self.share:g}, n {self.n:,}"

    def once(self, rng: np.random.Generator) -> Outcome:
        right = (rng.random(self.n) < self.share).astype(float)
        return decided(measured_share(right, np.ones(self.n), np.zeros(self.n)), self.share, self.share - FAR)


def sizes_of(kind: Sizes, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The rows of each cluster, 10 on average."""
    if kind == "equal":
        return np.full(count, ROWS_PER_CLUSTER)
    mean = np.log(ROWS_PER_CLUSTER) - SPREAD**2 / 2
    return np.maximum(1, np.rint(rng.lognormal(mean, SPREAD, count))).astype(np.int64)


def correlation(kind: Sizes, deff: float) -> float:
    """How alike the rows of a cluster are so that the design effect is `deff`: Kish's formula for unequal sizes."""
    size = ROWS_PER_CLUSTER * (np.exp(SPREAD**2) if kind == "lognormal" else 1.0)
    return float((deff - 1) / (size - 1))


@dataclass(frozen=True)
class Clustered:
    """Clusters whose own chances spread like a beta distribution, which gives the design effect."""

    clusters: int
    sizes: Sizes
    deff: float
    share: float = 0.92

    @property
    def name(self) -> str:
        return f"{self.sizes}, design effect {self.deff:g}, {self.clusters} clusters"

    def once(self, rng: np.random.Generator) -> Outcome:
        alike = correlation(self.sizes, self.deff)
        chances = np.full(self.clusters, self.share)
        if alike:
            rest = (1 - alike) / alike
            chances = rng.beta(self.share * rest, (1 - self.share) * rest, self.clusters)
        return _asked(chances, self.sizes, self.share, rng)


@dataclass(frozen=True)
class RareBad:
    """A cluster is bad by a chance `rare`, and then most of its answers are wrong."""

    clusters: int
    sizes: Sizes
    rare: float
    good: float = 0.98
    bad: float = 0.4

    @property
    def name(self) -> str:
        return f"{self.sizes}, 1 in {1 / self.rare:.0f} bad, {self.clusters} clusters"

    def once(self, rng: np.random.Generator) -> Outcome:
        chances = np.where(rng.random(self.clusters) < self.rare, self.bad, self.good)
        return _asked(chances, self.sizes, self.rare * self.bad + (1 - self.rare) * self.good, rng)


def _asked(chances: NDArray[np.float64], kind: Sizes, share: float, rng: np.random.Generator) -> Outcome:
    groups = np.repeat(np.arange(chances.size), sizes_of(kind, chances.size, rng))
    right = (rng.random(groups.size) < chances[groups]).astype(float)
    figure = measured_share(right, np.ones(groups.size), np.zeros(groups.size), groups)
    return decided(figure, share, share - FAR)


@dataclass(frozen=True)
class Repeated:
    """Each of `n` rows is asked five times; its own chance of a right answer is mostly near 0 or 1."""

    n: int
    share: float = 0.92
    epochs: int = 5

    @property
    def name(self) -> str:
        return f"{self.epochs} asks of each, n {self.n:,}"

    def once(self, rng: np.random.Generator) -> Outcome:
        chances = rng.beta(self.share, 1 - self.share, self.n)
        right = rng.binomial(self.epochs, chances).astype(float)
        figure = measured_share(right, np.full(self.n, float(self.epochs)), np.zeros(self.n))
        return decided(figure, self.share, self.share - FAR)


def independent() -> Iterator[Independent]:
    """Shares from a coin to a form that hardly ever fails."""
    for share in (0.5, 0.8, 0.92, 0.98, 0.999):
        for n in (60, 200, 500, 2_000):
            yield Independent(share, n)


def clustered() -> Iterator[Clustered | RareBad | Repeated]:
    """Clusters of all kinds, few and many."""
    kinds: tuple[Sizes, ...] = ("equal", "lognormal")
    for sizes in kinds:
        for deff in (1.0, 2.0, 5.0):
            yield from (Clustered(count, sizes, deff) for count in CLUSTERS)
    for sizes in kinds:
        for rare in (0.1, 1 / 30):
            yield from (RareBad(count, sizes, rare) for count in CLUSTERS)
    yield from (Repeated(n) for n in (60, 200, 500))
