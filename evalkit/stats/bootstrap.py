"""Bootstrap intervals of ratio scores (F1): whole clusters are drawn, and equal ones are drawn together.

A score here is a function of sums over units. A unit is a cluster, or, where samples are independent, all
samples with the same content (one cell of the confusion matrix): drawing n samples is one multinomial draw
over the cells, so time and memory follow the number of different units, not n.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evalkit.records.estimate import Estimate
from evalkit.stats.clusters import FloatArray, IntArray
from evalkit.stats.critical import STANDARD_NORMAL, critical_value, one_sided, tail_of
from evalkit.stats.proportion import wilson_bounds

RESAMPLES = 2_000
# Numbers in one temporary array (16 MB); about five such arrays live at once.
_CHUNK = 2_000_000
_SAME = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is drawn: unit u occurs `copies[u]` times.

    Entry e adds `amount[e]` to column `column[e]` of unit `unit[e]`. Columns 0 … k-1 are denominators of k
    ratios, k … 2k-1 their numerators. Entries are sorted by column.
    """

    copies: IntArray
    unit: IntArray
    column: IntArray
    amount: FloatArray
    ratios: int

    def sums(self, weights: FloatArray | IntArray) -> FloatArray:
        """Column sums (2k, b) where unit u counts `weights[u, j]` times in draw j."""
        total = np.zeros((2 * self.ratios, weights.shape[1]))
        if self.unit.size:
            present, starts = np.unique(self.column, return_index=True)
            total[present] = np.add.reduceat(weights[self.unit] * self.amount[:, None], starts, axis=0)
        return total


def mean_ratio(sums: FloatArray) -> FloatArray:
    """The mean of numerator / denominator where there is a denominator: (2k, b) to (b,), NaN for none."""
    bottom, top = np.split(sums, 2)
    there = bottom > 0
    count = there.sum(axis=0)
    ratio = np.divide(top, bottom, out=np.zeros_like(top), where=there)
    mean: FloatArray = np.divide(ratio.sum(axis=0), count, out=np.full(count.shape, np.nan), where=count > 0)
    return mean


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrapped:
    """A score with its sorted bootstrap replicates; gives bounds at any confidence.

    `bias` (z0) and `acceleration` are those of the BCa interval, both None where it degenerates; then the
    plain percentiles count. `n_flat` is the number of samples that stands for the data where every
    replicate is the same (all right): resampling shows no spread there, so Wilson's bounds on `n_flat`
    samples take over. `effective_clusters` is how many clusters of equal size tell as much as those that there are.
    `unseen` is what one more mistake of the costliest kind takes off the score, given where rows are too few for
    resamples to show what may happen; then each bound is the farther one of theirs and of `gamma_bound`.
    """

    value: float | None
    n: int
    n_clusters: int
    clustered: bool
    replicates: FloatArray
    bias: float | None
    acceleration: float | None
    n_flat: float
    effective_clusters: float
    unseen: float | None = None

    @property
    def clusters(self) -> int | None:
        """The number of clusters; None where samples are independent."""
        return self.n_clusters if self.clustered else None

    @property
    def flat(self) -> bool:
        """Whether all replicates are the same."""
        return self.replicates.size == 0 or bool(self.replicates[-1] - self.replicates[0] <= _SAME)

    @property
    def method(self) -> str:
        """`wilson_no_spread` where no resample differs, `bootstrap_few` with an unseen mistake, else by percentiles."""
        if self.flat and self.n_clusters >= 2:
            return "wilson_no_spread"
        if self.unseen is not None:
            return "bootstrap_few"
        return "bootstrap_percentile" if self.bias is None else "bootstrap_bca"

    def lower(self, confidence: float = 0.95) -> float | None:
        """The one-sided lower bound; None with fewer than 2 clusters."""
        return self._bound(1 - one_sided(confidence))

    def upper(self, confidence: float = 0.95) -> float | None:
        """The one-sided upper bound; None with fewer than 2 clusters."""
        return self._bound(one_sided(confidence))

    def interval(self, confidence: float = 0.95) -> tuple[float | None, float | None]:
        """The two-sided interval; (None, None) with fewer than 2 clusters."""
        tail = tail_of(confidence)
        return self._bound(1 - tail), self._bound(tail)

    def estimate(self) -> Estimate:
        """The score with its two-sided 95 % interval."""
        low, high = self.interval()
        return Estimate(self.value, low, high, self.n, self.method)

    def _bound(self, probability: float) -> float | None:
        if self.value is None or self.n_clusters < 2:
            return None
        if self.flat:
            df = max(1.0, self.effective_clusters - 1) if self.clustered else None
            quantile = critical_value(max(probability, 1 - probability), df)
            low, high = wilson_bounds(min(1.0, self.value), self.n_flat, quantile)
            return low if probability < 0.5 else high
        if self.bias is not None and self.acceleration is not None:
            shifted = self.bias + critical_value(probability)
            probability = STANDARD_NORMAL.cdf(self.bias + shifted / (1 - self.acceleration * shifted))
        bound = float(np.quantile(self.replicates, probability))
        if self.unseen is not None:
            farther = gamma_bound(self.value, float(self.replicates.var()), self.unseen, probability)
            bound = min(bound, farther) if probability < 0.5 else max(bound, farther)
        # Where all replicates fall on one side, the estimate itself still belongs to the interval.
        return min(bound, self.value) if probability < 0.5 else max(bound, self.value)


def gamma_bound(value: float, variance: float, unseen: float, probability: float) -> float:
    """A one-sided bound of a score (at most 1) whose shortfall is a weighted sum of few mistakes.

    The lower one allows for one more mistake of the costliest kind, which takes `unseen` off. Fay and Feuer, Statistics
    in Medicine 16 (1997); the gamma quantile by Wilson and Hilferty, PNAS 17 (1931).
    """
    short, low = max(0.0, 1 - value), probability < 0.5
    mean, spread = (short + unseen, variance + unseen**2) if low else (short, variance)
    if mean <= 0 or spread <= 0:
        return value
    part = spread / (9 * mean**2)
    root = max(0.0, 1 - part - critical_value(probability) * math.sqrt(part))
    return min(1.0, max(0.0, 1 - mean * root**3))


def bootstrapped(
    units: Units,
    n: int,
    clustered: bool,
    seed: int,
    n_flat: float | None = None,
    effective: float | None = None,
    unseen: float | None = None,
) -> Bootstrapped:
    """Resample `units` 2,000 times with replacement, seeded. `n` counts samples.

    The value is None where there is nothing to count.

    BCa: Efron, JASA 82 (1987); Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 14.
    Clusters are drawn whole: Davison and Hinkley, Bootstrap Methods and their Application (1997), section
    3.8. `n_flat` and `effective` (clusters) are the number of units unless given; `unseen` as in `Bootstrapped`.
    """
    total = int(units.copies.sum())
    flat, effective = total if n_flat is None else n_flat, total if effective is None else effective
    value = float(mean_ratio(units.sums(units.copies[:, None]))[0])
    if math.isnan(value):
        return Bootstrapped(None, n, total, clustered, np.empty(0), None, None, total, effective)
    rng = np.random.default_rng(seed)
    draws = np.concatenate([mean_ratio(units.sums(w)) for w in _draws(units, rng)]) if total > 1 else np.empty(0)
    draws = np.sort(draws[~np.isnan(draws)])
    shape = _bca_shape(value, draws, units) if draws.size and draws[-1] - draws[0] > _SAME else None
    bias, acceleration = shape if shape is not None else (None, None)
    return Bootstrapped(value, n, total, clustered, draws, bias, acceleration, flat, effective, unseen)


def _draws(units: Units, rng: np.random.Generator) -> Iterator[IntArray]:
    """Weights (units, b) of the resamples, chunk by chunk."""
    size, total = units.copies.size, int(units.copies.sum())
    step = max(1, _CHUNK // max(size, units.unit.size, 2 * units.ratios))
    for start in range(0, RESAMPLES, step):
        b = min(step, RESAMPLES - start)
        if size < total:
            yield rng.multinomial(total, units.copies / total, size=b).T
        else:
            picked = rng.integers(0, size, size=(b, size)) + size * np.arange(b)[:, None]
            yield np.bincount(picked.ravel(), minlength=b * size).reshape(b, size).T


def _bca_shape(value: float, draws: FloatArray, units: Units) -> tuple[float, float] | None:
    """Bias correction and acceleration, or None where BCa degenerates."""
    below = np.count_nonzero(draws < value - _SAME) + np.count_nonzero(np.abs(draws - value) <= _SAME) / 2
    share = float(below) / draws.size
    left_out = _leave_one_out(units)
    if not 0 < share < 1 or bool(np.isnan(left_out).any()):
        return None
    copies = units.copies.astype(np.float64)
    deviation = float(copies @ left_out / copies.sum()) - left_out
    spread = float(copies @ deviation**2)
    if spread <= _SAME**2:
        return None
    bias = STANDARD_NORMAL.inv_cdf(share)
    acceleration = float(copies @ deviation**3) / (6 * spread**1.5)
    # Beyond this the corrected probability turns back on itself, within 99.9 % confidence.
    if max(acceleration * (bias + 3.3), acceleration * (bias - 3.3)) >= 1:
        return None
    return bias, acceleration


def _leave_one_out(units: Units) -> FloatArray:
    """The score without one copy of each unit in turn: (units,)."""
    size, columns = units.copies.size, 2 * units.ratios
    total = units.sums(units.copies[:, None])
    order = np.argsort(units.unit, kind="stable")
    unit, column, amount = units.unit[order], units.column[order], units.amount[order]
    step = max(1, _CHUNK // columns)
    scores = []
    for start in range(0, size, step):
        stop = min(start + step, size)
        first, last = np.searchsorted(unit, (start, stop))
        left = np.repeat(total, stop - start, axis=1)
        np.subtract.at(left, (column[first:last], unit[first:last] - start), amount[first:last])
        scores.append(mean_ratio(left))
    return np.concatenate(scores)
