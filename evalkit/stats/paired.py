"""Two contenders on the same samples: the difference, its interval, its test, and what n could have seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalkit.records.estimate import Estimate
from evalkit.stats.cluster_test import cluster_test
from evalkit.stats.clusters import (
    UNSEEN_DECIDING,
    UNSEEN_SHOWN,
    FloatArray,
    clusters,
    enough,
    too_few,
    unseen_squares,
)
from evalkit.stats.critical import STANDARD_NORMAL, critical_value, one_sided, tail_of
from evalkit.stats.mcnemar import POWER, mcnemar_exact, visible_to_mcnemar
from evalkit.stats.tango import PairedTable

_CLUSTER_TEST = "cluster_t_and_sign_flip"
_TINY = 1e-12
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Side b against side a on `n` samples that both answered. Differences are b minus a, in shares.

    `only_a` and `only_b` count the samples on which one side has the higher mean. `table` holds the effective
    pairs; None without samples. `shown` carries the two-sided interval and `deciding` the one-sided bounds, each
    with its lower side first. `df` are the degrees of freedom of t, None for the normal distribution. `n_clusters` is
    n where no groups are given. `p` is the two-sided p of "the mean difference is 0", None without samples and under
    30 effective clusters, where nothing is decided.
    """

    n: int
    only_a: int
    only_b: int
    p: float | None
    test: str
    method: str
    table: PairedTable | None
    shown: tuple[PairedTable, PairedTable] | None
    deciding: tuple[PairedTable, PairedTable] | None
    df: float | None
    n_clusters: int
    effective_clusters: float

    @property
    def difference(self) -> float | None:
        """The mean of b minus the mean of a; None without samples."""
        return None if self.table is None else self.table.difference

    @property
    def discordance(self) -> float | None:
        """The (effective) share of pairs that only one side has right."""
        return None if self.table is None else (self.table.only_a + self.table.only_b) / self.table.n

    @property
    def decides(self) -> bool:
        """Whether there are samples, and clusters enough, for a decision."""
        return self.p is not None

    @property
    def undecided(self) -> str | None:
        """Why nothing is decided although there are samples; None where there are none, or it is."""
        if not self.n or self.decides:
            return None
        return too_few(
            self.n_clusters, self.effective_clusters, "cluster" if self.method == "tango_clustered" else "row"
        )

    def lower(self, confidence: float = 0.95) -> float | None:
        """The one-sided lower bound of the difference; None with fewer than 2 clusters."""
        return self._lower(self.deciding, one_sided(confidence))

    def upper(self, confidence: float = 0.95) -> float | None:
        """The one-sided upper bound of the difference; None with fewer than 2 clusters."""
        return self._upper(self.deciding, one_sided(confidence))

    def interval(self, confidence: float = 0.95) -> tuple[float | None, float | None]:
        """The two-sided interval; (None, None) with fewer than 2 clusters."""
        probability = tail_of(confidence)
        return self._lower(self.shown, probability), self._upper(self.shown, probability)

    def estimate(self) -> Estimate:
        """The difference with its two-sided 95 % interval."""
        low, high = self.interval()
        return Estimate(self.difference, low, high, self.n, self.method)

    def not_worse(self, margin: float, confidence: float = 0.95) -> bool | None:
        """Non-inferiority: whether b is at most `margin` worse than a, by the one-sided lower bound.

        False means not shown, not shown to be worse. None where nothing is decided. Raises ValueError for a
        negative margin.
        """
        if margin < 0:
            raise ValueError(f"a margin is at least 0, not {margin}")
        bound = self.lower(confidence)
        return None if bound is None or not self.decides else bound >= -margin

    def p_below(self, limit: float) -> float | None:
        """The one-sided p of "the difference is at least `limit`": small where b lies below it.

        The dual of `upper`: it is under 0.05 exactly where the one-sided 95 % upper bound is below `limit`.
        None where nothing is decided.
        """
        if self.deciding is None or not self.decides:
            return None
        score = self.deciding[1].statistic(limit)
        if self.df is None:
            return STANDARD_NORMAL.cdf(score)
        from scipy.special import stdtr

        return float(stdtr(self.df, score))

    def visible(self, alpha: float = 0.05) -> float | None:
        """The smallest true difference that the test shows with 80 % power at this n and this discordance.

        `alpha` is the two-sided level: 0.05 over the number of pairs where several are tested. None where no
        difference would be seen, or nothing is decided. Exact for McNemar's test; else, with ψ the discordance
        and n effective pairs, the d at which d √n = t √ψ + t' √(ψ - d²), with t quantiles: Connor, Biometrics
        43 (1987).
        """
        if self.table is None or self.deciding is None or not self.decides:
            return None
        share = min(1.0, (self.table.only_a + self.table.only_b) / self.table.n)
        if self.df is None:
            return visible_to_mcnemar(self.n, share, alpha)
        reach, power = critical_value(1 - alpha / 2, self.df), critical_value(POWER, self.df)
        pairs = min(table.n for table in self.deciding)

        def seen(d: float) -> bool:
            psi = max(share, d)
            return d * math.sqrt(pairs) >= reach * math.sqrt(psi) + power * math.sqrt(max(0.0, psi - d * d))

        if not seen(1.0):
            return None
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if seen(middle) else (middle, high)
        return high

    def _lower(self, tables: tuple[PairedTable, PairedTable] | None, probability: float) -> float | None:
        if tables is None or (self.df is not None and self.df < 1):
            return None
        return tables[0].lower(critical_value(probability, self.df))

    def _upper(self, tables: tuple[PairedTable, PairedTable] | None, probability: float) -> float | None:
        if tables is None or (self.df is not None and self.df < 1):
            return None
        return tables[1].upper(critical_value(probability, self.df))


def compare_paired(
    a: ArrayLike, b: ArrayLike, groups: ArrayLike | None = None, epochs: int = 1, seed: int = 0
) -> PairedComparison:
    """Compare side b with side a by their means per common sample, each (n,) in [0, 1].

    NaN is a sample that infrastructure left without an answer: it leaves the pair. `groups` (n,): integer
    codes, negative for "no group". Ungrouped answers, right or wrong and asked once, are tested by exact
    McNemar and bounded by Tango's score interval. All others (groups, epochs, grades) are tested by `cluster_test`, and
    Tango's interval takes effective pairs and t with (effective clusters - 1) degrees of freedom: whole flips with the
    same mean m and mean square q as the differences per sample, n over max(1, V n / (q - m²)) of them, where V is the
    cluster-robust variance of m; without variance, as many as there are effective clusters. With groups each bound
    counts clusters like the worst on its side in V, as for shares (see `proportion`). Raises ValueError for values
    outside [0, 1] and lengths that differ.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"both sides need one value per common sample, not {x.shape} and {y.shape}")
    if bool(np.any((x < 0) | (x > 1) | (y < 0) | (y > 1))):
        raise ValueError("a mean per sample lies in [0, 1]")
    both = ~(np.isnan(x) | np.isnan(y))
    codes = None if groups is None else np.asarray(groups, dtype=np.int64)
    if codes is not None and codes.shape != x.shape:
        raise ValueError(f"{x.size} samples need {x.size} group codes, not {codes.shape}")
    x, y = x[both], y[both]
    difference = y - x
    only_a, only_b = int(np.count_nonzero(difference < -_TINY)), int(np.count_nonzero(difference > _TINY))
    plain = codes is None and epochs <= 1 and bool(np.all(np.isin(x, (0, 1)) & np.isin(y, (0, 1))))
    if plain:
        return _independent(difference.size, only_a, only_b)
    return _clustered(difference, None if codes is None else codes[both], (only_a, only_b), seed)


def _independent(n: int, only_a: int, only_b: int) -> PairedComparison:
    table = PairedTable(n, only_a, only_b) if n else None
    p = mcnemar_exact(only_a, only_b) if n else None
    both = (table, table) if table is not None else None
    return PairedComparison(n, only_a, only_b, p, "mcnemar_exact", "tango", table, both, both, None, n, n)


def _clustered(
    difference: FloatArray, codes: np.ndarray[tuple[int], np.dtype[np.int64]] | None, only: tuple[int, int], seed: int
) -> PairedComparison:
    n = difference.size
    partition = clusters(codes, n)
    count, effective = partition.count, partition.effective
    method = "tango_epochs" if codes is None else "tango_clustered"
    if not n:
        return PairedComparison(0, 0, 0, None, _CLUSTER_TEST, method, None, None, None, 0, 0, 0)
    p = cluster_test(difference, partition, seed) if enough(effective) else None
    residuals = partition.sums(difference - difference.mean())
    low, high = unseen_squares(residuals, partition) if codes is not None else (0.0, 0.0)

    def pairs(unseen: float) -> PairedTable:
        return _effective_table(difference, residuals, unseen, effective)

    shown = pairs(UNSEEN_SHOWN * low), pairs(UNSEEN_SHOWN * high)
    deciding = pairs(UNSEEN_DECIDING * low), pairs(UNSEEN_DECIDING * high)
    table = pairs(0.0)
    return PairedComparison(n, *only, p, _CLUSTER_TEST, method, table, shown, deciding, partition.df, count, effective)


def _effective_table(difference: FloatArray, residuals: FloatArray, unseen: float, flat: float) -> PairedTable:
    """Effective pairs from differences per sample (n,) and their deviations summed per cluster (clusters,).

    `unseen` is added to the sum of squared deviations; `flat` is the number of pairs where there is no variance.
    """
    n, count = difference.size, residuals.size
    mean = float(difference.mean())
    square = min(1.0, max(float(difference @ difference) / n, abs(mean)))
    squares = float(residuals @ residuals)
    independent = n * (square - mean * mean)
    n_eff = flat
    if count >= 2 and squares > _TINY * n and independent > _TINY * n:
        n_eff = n / max(1.0, count / (count - 1) * (squares + unseen) / independent)
    return PairedTable(n_eff, n_eff * (square - mean) / 2, n_eff * (square + mean) / 2)
