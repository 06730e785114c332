"""Means of unbounded figures (cost per call): Student's t, over clusters where there are any."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalkit.records.estimate import Estimate
from evalkit.stats.clusters import clusters, residual_sums, variance_of_mean
from evalkit.stats.critical import critical_value, one_sided, tail_of


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of `n` samples and its standard error; `standard_error` is None with fewer than 2 clusters.

    `df` are the degrees of freedom of t: effective clusters less one.
    """

    value: float | None
    standard_error: float | None
    n: int
    n_clusters: int
    clustered: bool
    df: float
    effective_clusters: float

    @property
    def clusters(self) -> int | None:
        """The number of clusters; None where samples are independent."""
        return self.n_clusters if self.clustered else None

    def lower(self, confidence: float = 0.95) -> float | None:
        """The one-sided lower bound; None with fewer than 2 clusters."""
        return self._shifted(-1, one_sided(confidence))

    def upper(self, confidence: float = 0.95) -> float | None:
        """The one-sided upper bound; None with fewer than 2 clusters."""
        return self._shifted(1, one_sided(confidence))

    def interval(self, confidence: float = 0.95) -> tuple[float | None, float | None]:
        """The two-sided interval; (None, None) with fewer than 2 clusters."""
        return self._shifted(-1, tail_of(confidence)), self._shifted(1, tail_of(confidence))

    def estimate(self) -> Estimate:
        """The mean with its two-sided 95 % interval, method `t` or `t_clustered`."""
        low, high = self.interval()
        return Estimate(self.value, low, high, self.n, "t_clustered" if self.clustered else "t")

    def _shifted(self, sign: int, probability: float) -> float | None:
        if self.value is None or self.standard_error is None:
            return None
        return self.value + sign * critical_value(probability, self.df) * self.standard_error


def mean(values: ArrayLike, groups: ArrayLike | None = None) -> Mean:
    """The mean of finite values (n,), in their own unit, with its cluster-robust standard error.

    `groups` (n,): integer codes, negative for "no group". Without groups this is the classical t interval
    ("Student", Biometrika 6, 1908). Raises ValueError for values that are not finite.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not bool(np.all(np.isfinite(x))):
        raise ValueError("a mean needs one finite value per sample")
    n = x.size
    partition = clusters(groups, n)
    grouped = groups is not None
    if n == 0:
        return Mean(None, None, 0, 0, grouped, 0, 0)
    error = None
    if partition.count >= 2:
        error = math.sqrt(variance_of_mean(residual_sums(x, partition), n))
    return Mean(float(x.mean()), error, n, partition.count, grouped, partition.df, partition.effective)


def mean_estimate(values: ArrayLike, groups: ArrayLike | None = None) -> Estimate:
    """`mean(...)` as an Estimate: value None without samples, no interval with fewer than 2 clusters."""
    return mean(values, groups).estimate()
