"""How much values that follow each other in time tell, where neighbours are alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evalkit.stats.clusters import FloatArray


def effective_n(values: ArrayLike) -> int:
    """How many independent values tell as much as these (n,), given in their order in time; at most n, at least 1.

    n ÷ the integrated autocorrelation time of their ranks, so that infinite values count and heavy tails do not rule;
    ties have their mean rank. The sum of autocorrelations ends by Geyer's initial positive and monotone sequence
    (Practical Markov Chain Monte Carlo, Statistical Science 7, 1992, section 3.3), at lag W. The time is then raised by
    a share of (2 W + 1) / n, by about which it is too short since the mean is that of the same values (Wolff, Computer
    Physics Communications 156, 2004, section 3.2). Values that are all equal count as independent.
    """
    ranks = _ranks(np.asarray(values, dtype=np.float64))
    n = ranks.size
    if n < 4:
        return max(1, n)
    x = ranks - ranks.mean()
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(x, size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n]
    if covariance[0] <= 0:
        return n
    rho = covariance / covariance[0]
    pairs = rho[: n // 2 * 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0)
    kept = np.minimum.accumulate(pairs[: negative[0]] if negative.size else pairs)
    last = 2 * kept.size - 1
    time = max(1.0, (2.0 * float(kept.sum()) - 1.0) * (1.0 + (2 * last + 1) / n))
    return max(1, int(n / time))


def _ranks(x: FloatArray) -> FloatArray:
    """Ranks from 0, ties averaged."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: FloatArray = ends - (counts + 1) / 2
    return middle[inverse]
