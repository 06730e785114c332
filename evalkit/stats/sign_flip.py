"""A test of "neither is better" for samples that hang together: whole clusters change sides."""

from __future__ import annotations

import numpy as np

from evalkit.stats.clusters import FloatArray

DRAWS = 20_000
_SAME = 1e-9


def sign_flip(sums: FloatArray, seed: int = 0) -> float:
    """The two-sided p of a mean difference of 0, from each cluster's summed difference (clusters,).

    A wild cluster bootstrap with the null imposed and Rademacher weights: in each of 20,000 draws every cluster
    keeps or turns its sign by a coin, and p = (1 + draws at least as far from 0) / (1 + draws). Cameron,
    Gelbach and Miller, Review of Economics and Statistics 90 (2008); the added one is that of Phipson and
    Smyth, Statistical Applications in Genetics and Molecular Biology 9 (2010). Where swapping both sides within
    a cluster changes nothing, its level is exact; with clusters of one sample it is McNemar's test.

    It tests that every cluster leans to either side alike; where that fails and only the mean is 0, its level does not
    hold, so `cluster_test` takes it with a t. Clusters with equal sums are drawn together, so that time follows the
    number of different sums.
    """
    sizes, copies = np.unique(np.round(np.abs(sums), 9), return_counts=True)
    observed = abs(float(sums.sum()))
    rng = np.random.default_rng(seed)
    total = np.zeros(DRAWS)
    for size, count in zip(sizes.tolist(), copies.tolist(), strict=True):
        if size > 0:
            total += size * (2 * rng.binomial(count, 0.5, DRAWS) - count)
    slack = _SAME * max(1, sums.size)
    return (1 + int(np.count_nonzero(np.abs(total) >= observed - slack))) / (1 + DRAWS)
