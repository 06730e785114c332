"""Quantiles (latency) with intervals that assume nothing about the distribution."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalkit.records.estimate import Estimate
from evalkit.stats.binomial import tail_at_least
from evalkit.stats.clusters import FloatArray
from evalkit.stats.critical import one_sided, tail_of

_FEW = 50


@dataclass(frozen=True, slots=True, eq=False)
class Quantile:
    """The `q` quantile of sorted values (n,), bounded by order statistics.

    The number of values below the true quantile is binomial(n, q), so P(x_(r) > quantile) = P(Bin <= r - 1)
    and P(x_(s) < quantile) <= P(Bin >= s); ranks are chosen so that each is at most the allowed error.
    Conservative, more so with ties. Conover, Practical Nonparametric Statistics (3rd ed., 1999), section
    3.2.
    """

    ordered: FloatArray
    q: float

    @property
    def n(self) -> int:
        """The number of values."""
        return int(self.ordered.size)

    @property
    def clusters(self) -> int | None:
        """None: values are taken as independent."""
        return None

    @property
    def effective_clusters(self) -> float:
        """The number of values, each a cluster of its own."""
        return self.n

    @property
    def value(self) -> float | None:
        """The smallest value with at least a share `q` at or under it: always one that was seen."""
        if self.n == 0:
            return None
        # 0.95 * 20 is 19.000000000000004 or so on some inputs: the rank must not jump for rounding.
        rank = math.ceil(self.n * self.q - 1e-9)
        return float(self.ordered[min(max(rank, 1), self.n) - 1])

    def lower(self, confidence: float = 0.95) -> float | None:
        """The one-sided lower bound; None where the sample is too small to hold one."""
        return self._below(1 - one_sided(confidence))

    def upper(self, confidence: float = 0.95) -> float | None:
        """The one-sided upper bound; None where the sample is too small to hold one."""
        return self._above(1 - one_sided(confidence))

    def interval(self, confidence: float = 0.95) -> tuple[float | None, float | None]:
        """The two-sided interval; an end is None where the sample is too small to hold it."""
        error = 1 - tail_of(confidence)
        return self._below(error), self._above(error)

    def estimate(self) -> Estimate:
        """The quantile with its two-sided 95 % interval, method `order_statistic`."""
        low, high = self.interval()
        return Estimate(self.value, low, high, self.n, "order_statistic")

    def _rank(self, probability: float, strict: bool) -> int:
        """How many k from 0 up have P(Bin(n, q) <= k) < `probability` (strict) or <= it."""
        n, q = self.n, self.q

        def reached(k: int) -> bool:
            cumulative = at_most(k, n, q)
            return cumulative >= probability if strict else cumulative > probability

        return bisect_left(range(n), True, key=reached)

    def _below(self, error: float) -> float | None:
        # The largest rank r with P(Bin <= r - 1) <= error.
        if self.n == 0:
            return None
        rank = self._rank(error, strict=False)
        return float(self.ordered[rank - 1]) if rank >= 1 else None

    def _above(self, error: float) -> float | None:
        # The smallest rank s with P(Bin <= s - 1) >= 1 - error.
        if self.n == 0:
            return None
        rank = self._rank(1 - error, strict=True) + 1
        return float(self.ordered[rank - 1]) if rank <= self.n else None


def quantile(values: ArrayLike, q: float) -> Quantile:
    """The `q` quantile of independent values (n,), in their own unit; infinite values are allowed.

    Raises ValueError for NaN and for `q` outside (0, 1).
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    if x.ndim != 1 or bool(np.isnan(x).any()):
        raise ValueError("a quantile needs one value per sample, and no NaN")
    if not 0 < q < 1:
        raise ValueError(f"a quantile must lie between 0 and 1, not {q}")
    return Quantile(x, q)


def quantile_estimate(values: ArrayLike, q: float) -> Estimate:
    """`quantile(...)` as an Estimate: value None without samples, an end None where they are too few."""
    return quantile(values, q).estimate()


def at_most(k: int, n: int, q: float) -> float:
    """P(Bin(n, q) <= k)."""
    if n > _FEW:
        return tail_at_least(n - k, n, 1 - q)
    # Of few values a plain sum gives the last digit too, where the error is reached exactly.
    return min(1.0, math.fsum(math.comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(k + 1)))


def rows_to_bound(q: float, confidence: float = 0.95) -> int:
    """The fewest values that give both one-sided bounds of the `q` quantile: 59 for p95 at 95 %."""
    return math.ceil(math.log(1 - one_sided(confidence)) / math.log(max(q, 1 - q)) - 1e-9)
