"""The one-sided test of "tonight is not worse", with exact small p values for correction over many tests."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalkit.stats.cluster_test import one_sided_t
from evalkit.stats.clusters import FloatArray, clusters, enough
from evalkit.stats.critical import STANDARD_NORMAL

_MOST_STEPS = 2**21  # of the grid on which the distribution is exact; beyond it the normal one is as good
_EXACT = 1e-9


def p_of_drop(a: ArrayLike, b: ArrayLike, groups: ArrayLike | None = None) -> float | None:
    """The one-sided p of "side b is not worse than side a" on paired means per sample, each (n,) in [0, 1].

    NaN is a sample without an answer: it leaves the pair. `groups` (n,): integer codes, negative for "no group".
    Under the null the summed difference of each cluster is as likely as its negative, so that the sum of all is
    known: for samples asked once this is the exact one-sided McNemar test (Psychometrika 12, 1947), else the sign-flip
    test of `sign_flip` without its draws, which could not tell p values under 5e-5 apart. With groups the null is that
    the mean is not below 0, and p is the larger one of the signs and of t, as in `cluster_test`. None without samples,
    and with groups in fewer than 30 effective clusters. Raises ValueError for lengths that differ.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"both sides need one value per common sample, not {x.shape} and {y.shape}")
    both = ~(np.isnan(x) | np.isnan(y))
    codes = None if groups is None else np.asarray(groups, dtype=np.int64)[both]
    difference = (y - x)[both]
    if not difference.size:
        return None
    partition = clusters(codes, difference.size)
    p = p_of_flips(partition.sums(difference))
    if codes is None:
        return p
    return max(p, one_sided_t(difference, partition)) if enough(partition.effective) else None


def p_of_flips(sums: FloatArray) -> float:
    """The chance that `sums` (clusters,) with signs by the coin add up to no more than they do.

    Exact where the sums are multiples of one fraction, by the characteristic function of the sum on a grid:
    the product of cos(t s) over all sums s. Else by the normal approximation.
    """
    sizes = np.abs(sums[np.abs(sums) > _EXACT])
    if not sizes.size:
        return 1.0
    steps = _whole(sizes)
    if steps is None or int(steps.sum()) + 1 > _MOST_STEPS:
        return STANDARD_NORMAL.cdf(float(sums.sum()) / math.sqrt(float(sizes @ sizes)))
    total = int(steps.sum())
    unit = float(sizes.sum()) / total
    # The sum is 2 T - total, where T adds up each step with chance one half.
    reached = round((float(sums.sum()) / unit + total) / 2)
    below = float(_halves(steps, total)[: reached + 1].sum())
    return min(1.0, max(2.0**-sizes.size, below))


def _whole(sizes: FloatArray) -> NDArray[np.int64] | None:
    """The sizes (m,) as multiples of their common fraction, or None where there is none with a small denominator."""
    for scale in (1, 2, 3, 4, 6, 12, 60, 120, 840):
        whole = np.round(sizes * scale)
        if float(np.abs(sizes * scale - whole).max()) < 1e-6:
            steps = whole.astype(np.int64)
            return np.asarray(steps // reduce(math.gcd, np.unique(steps).tolist()), dtype=np.int64)
    return None


def _halves(steps: NDArray[np.int64], total: int) -> FloatArray:
    """The distribution (total + 1,) of the sum in which every step takes part with chance one half."""
    length = 1 << (total + 1).bit_length()
    angles = -2j * np.pi * np.arange(length // 2 + 1) / length
    product = np.ones(angles.size, dtype=np.complex128)
    sizes, copies = np.unique(steps, return_counts=True)
    for size, count in zip(sizes.tolist(), copies.tolist(), strict=True):
        product *= ((1 + np.exp(angles * size)) / 2) ** count
    return np.asarray(np.maximum(np.fft.irfft(product, length)[: total + 1], 0.0), dtype=np.float64)
