"""Which samples belong together: one partition, used by every clustered figure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MIN_CLUSTERS = 30
"""Under so many effective clusters nothing is decided: of 30, a tenth that is bad is missed by fewer than 5 % of draws
(0.9^30). In simulations of equal and unequal sizes, with a tenth of them bad or none, "met" at the threshold was then
wrong in at most 4.6 % of 6,000 draws a cell, and "unmet" in at most 5.9 %. Rarer bad ones cannot be known from so few:
with one in thirty, "met" is wrong in 13 % of draws of 30 or 50 clusters, and in 5 % of 100."""
UNSEEN_SHOWN, UNSEEN_DECIDING = 1, 2
"""How many clusters like the worst one may have been missed: by an interval that is shown, by a bound that decides."""


def weighted_counts(codes: IntArray, weights: FloatArray, size: int) -> FloatArray:
    """The sum of `weights` (n,) at each code in 0 … size - 1: (size,)."""
    return np.asarray(np.bincount(codes, weights=weights, minlength=size), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """`codes[i]` in 0 … count - 1 is the cluster of sample i; every cluster has at least one sample."""

    codes: IntArray
    count: int

    def sums(self, values: FloatArray) -> FloatArray:
        """The sum of `values` (n,) in each cluster: (count,)."""
        return weighted_counts(self.codes, values, self.count)

    @property
    def sizes(self) -> FloatArray:
        """The number of samples of each cluster: (count,)."""
        return np.bincount(self.codes, minlength=self.count).astype(np.float64)

    @property
    def effective(self) -> float:
        """How many clusters of equal size tell as much: (sum of sizes)² / sum of squared sizes; 0 without samples.

        Kish, Survey Sampling (1965).
        """
        sizes = self.sizes
        return float(sizes.sum() ** 2 / (sizes @ sizes)) if self.count else 0.0

    @property
    def df(self) -> float:
        """Degrees of freedom of t for a mean over these clusters: effective ones less one, at least 1; 0 under 2.

        Those of Satterthwaite (Biometrics Bulletin 2, 1946) where the variance of a cluster's sum goes with its size.
        """
        return max(1.0, self.effective - 1) if self.count >= 2 else 0.0


def clusters(groups: ArrayLike | None, n: int) -> Clusters:
    """The partition that group codes (n,) describe; without groups every sample is its own cluster.

    Codes may have gaps (a group all of whose samples left the denominator). A negative code means
    "no group": that sample is a cluster of its own. Raises ValueError where the lengths differ.
    """
    if groups is None:
        return Clusters(np.arange(n, dtype=np.int64), n)
    codes = np.array(groups, dtype=np.int64)
    if codes.shape != (n,):
        raise ValueError(f"{n} samples need {n} group codes, not {codes.shape}")
    alone = codes < 0
    if alone.any():
        codes[alone] = codes.max() + 1 + np.arange(np.count_nonzero(alone))
    present, compact = np.unique(codes, return_inverse=True)
    return Clusters(compact.astype(np.int64).reshape(n), int(present.size))


def residual_sums(values: FloatArray, partition: Clusters) -> FloatArray:
    """Per cluster, the sum of deviations from the overall mean: (count,)."""
    return partition.sums(values - values.mean())


def enough(effective: float) -> bool:
    """Whether so many effective clusters may decide anything."""
    return effective >= MIN_CLUSTERS - 1e-9


def too_few(there: int, effective: float, noun: str) -> str:
    """`only 12 clusters of equal size in effect (26 in all): at least 30 are needed`."""
    worth = math.floor(effective + 1e-9)
    text = f"{worth:,} {noun}" if worth == 1 else f"{worth:,} {noun}s"
    if worth < there:
        text += f" of equal size in effect ({there:,} in all)"
    return f"only {text}: at least {MIN_CLUSTERS} are needed"


def unseen_squares(residuals: FloatArray, partition: Clusters) -> tuple[float, float]:
    """What one more cluster like the worst, and one like the best, adds to the sum of squared residuals.

    A lucky draw without bad clusters raises a mean and lowers its variance at once, so a bound that decides has to
    allow for such clusters. The worst is the larger of two: the most extreme residual sum, and the most extreme mean
    deviation of a cluster that is not small (at least half the median size) at the root mean square size.
    """
    sizes = partition.sizes
    means = (residuals / sizes)[sizes >= np.median(sizes) / 2]
    size = float(np.sqrt(np.mean(sizes**2)))
    low = min(float(residuals.min()), float(means.min()) * size)
    high = max(float(residuals.max()), float(means.max()) * size)
    return low * low, high * high


def variance_of_mean(residuals: FloatArray, n: int) -> float:
    """The cluster-robust variance of a mean over `n` samples, given at least 2 clusters' residual sums.

    G/(G-1) · Σ r_g² / n², the sandwich estimator with the usual small-sample factor: Liang and Zeger,
    Biometrika 73 (1986); Cameron and Miller, Journal of Human Resources 50 (2015). For evaluations of
    language models: Miller, arXiv:2411.00640 (2024). With one sample per cluster it is s²/n.
    """
    count = residuals.size
    return count / (count - 1) * float(residuals @ residuals) / n**2
