"""Which samples belong together: one partition, used by every clustered figure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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


def variance_of_mean(residuals: FloatArray, n: int) -> float:
    """The cluster-robust variance of a mean over `n` samples, given at least 2 clusters' residual sums.

    G/(G-1) · Σ r_g² / n², the sandwich estimator with the usual small-sample factor: Liang and Zeger,
    Biometrika 73 (1986); Cameron and Miller, Journal of Human Resources 50 (2015). For evaluations of
    language models: Miller, arXiv:2411.00640 (2024). With one sample per cluster it is s²/n.
    """
    count = residuals.size
    return count / (count - 1) * float(residuals @ residuals) / n**2
