"""A contender's columns, seen per sample: which completions make up a figure. `stats` says how it is estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evalkit.records.score import Status
from evalkit.scoring.tally import Columns
from evalkit.stats.measured import (
    Measured,
    measured_field_f1,
    measured_macro_f1,
    measured_mean,
    measured_quantile,
    measured_share,
)

_P95 = 0.95


class View:
    """The columns, seen per sample: epochs are averaged, groups are clusters, infra errors leave the denominator.

    `classes` are the labels of a classification; `seed` drives the bootstrap.
    """

    def __init__(self, columns: Columns, classes: Sequence[str] = (), seed: int = 0) -> None:
        self.columns, self.classes, self.seed = columns, classes, seed
        self._lost = columns.is_status(Status.INFRA_ERROR)
        self._size = int(columns.sample.max(initial=-1)) + 1
        asked = np.bincount(columns.sample, minlength=self._size)
        self._repeated = bool((asked > 1).any())
        self._groups = self._groups_of_samples()

    def share(self, right: NDArray[np.bool_], among: NDArray[np.bool_] | None = None) -> Measured:
        """The share of right answers among those that are no infra errors, or `among` those only."""
        counted = ~self._lost if among is None else among
        return measured_share(self._sums(right & counted), self._sums(counted), self._sums(self._lost), self._groups)

    def macro_f1(self) -> Measured:
        """Macro-F1 of the strict answers; an answer that is not ok is a prediction of no class."""
        own = self.columns.own
        groups = self._groups_of_rows()
        f1 = measured_macro_f1(own["target"], own["answer"], self._lost, len(self.classes), groups, self.seed)
        if f1.too_rare is not None:
            # Without groups the clusters of rows are samples.
            rare = replace(f1.too_rare, name=self.classes[f1.too_rare.code], in_clusters=self._groups is not None)
            f1 = replace(f1, too_rare=rare)
        return self._by_samples(f1)

    def field_f1(self) -> Measured:
        """Micro-F1 over field values; an answer that is not ok predicts none."""
        own = self.columns.own
        groups = self._groups_of_rows()
        counts = own["hits"], own["predicted"], own["expected"]
        return self._by_samples(measured_field_f1(*counts, self._lost, groups, self.seed))

    def p95(self, values: NDArray[np.float64]) -> Measured:
        """The 95 % quantile over calls in the order in which they were answered, for what they are worth.

        The calls of one sample are alike, and those of a group: either is a cluster, so that epochs and copies of a
        row do not narrow the bounds.
        """
        known = ~np.isnan(values)
        groups = self._groups_of_rows()
        if groups is None:
            return measured_quantile(values[known], _P95, int(self._lost.sum()))
        found = measured_quantile(values[known], _P95, int(self._lost.sum()), groups[known], groups[self._lost])
        n = np.unique(self.columns.sample[known]).size
        return replace(found, estimate=replace(found.estimate, n=n))

    def cost_per_1000(self) -> Measured:
        """US dollars for 1,000 calls. Unknown as soon as one answered call has no known cost."""
        known = ~np.isnan(self.columns.cost)
        unanswered = self.columns.is_status(Status.REJECTED, Status.INFRA_ERROR)
        if not (known | unanswered).all():
            return measured_mean(np.empty(0))
        calls = self._sums(known)
        there = calls > 0
        sums = self._sums(np.where(known, self.columns.cost, 0.0))
        groups = None if self._groups is None else self._groups[there]
        return measured_mean(1000 * sums[there] / calls[there], groups)

    def _sums(self, values: NDArray[np.bool_] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums per sample: (samples,). Codes that never occur give 0 of 0, which leaves every figure."""
        weights = values.astype(np.float64)
        return np.bincount(self.columns.sample, weights=weights, minlength=self._size).astype(np.float64)

    def _groups_of_samples(self) -> NDArray[np.int64] | None:
        if not (self.columns.group >= 0).any():
            return None
        groups = np.full(self._size, -1, dtype=np.int64)
        groups[self.columns.sample] = self.columns.group
        return groups

    def _groups_of_rows(self) -> NDArray[np.int64] | None:
        """The clusters of completions: groups, and without a group the sample itself."""
        if self._groups is None:
            return self.columns.sample if self._repeated else None
        alone = self._groups.max() + 1 + np.arange(self._size)
        return np.where(self._groups < 0, alone, self._groups)[self.columns.sample]

    def _by_samples(self, by_rows: Measured) -> Measured:
        """The same with n counting samples."""
        n = np.unique(self.columns.sample[~self._lost]).size
        return replace(by_rows, estimate=replace(by_rows.estimate, n=n))
