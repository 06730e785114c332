"""Classes that are too rare for an interval of macro-F1 to hold what it promises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalkit.stats.clusters import IntArray, clusters

FEWEST = 3
"""Rows that every class needs."""
FEWEST_OF_HEAVY = 8
"""Rows that a class needs which makes up much of the variance."""
HEAVY = 0.2
"""The share of the variance from which on a class is heavy."""


@dataclass(frozen=True, slots=True)
class RareClass:
    """A class with too few rows (with groups: clusters that have it): its code, how many, and how many are needed."""

    code: int
    rows: int
    needed: int
    in_clusters: bool = False
    name: str = ""


def rarest(true: IntArray, pred: IntArray, groups: IntArray | None = None) -> RareClass | None:
    """The rarest class that lacks rows, or None, from true and predicted codes (n,), -1 for no prediction.

    Each class has the same weight in macro-F1, so one with m rows adds about 1 / m to its variance. In simulations of
    3 to 15 % errors in 5 to 77 classes of equal, Zipf and skewed (each class 0.6 or 0.4 times as frequent as the one
    before) frequency, the 95 % interval covers in 84 to 92 % where classes of fewer than 3 rows are among them, and
    where a class of fewer than 8 makes up a fifth or more of the sum of 1 / m; else in 90 to 99 %.
    """
    unit = np.arange(true.size) if groups is None else clusters(groups, true.size).codes
    present = np.unique(np.concatenate([true, pred[pred >= 0]]))
    if not present.size:
        return None
    pairs = np.unique(np.stack([true, unit]), axis=1)
    rows = np.array([np.count_nonzero(pairs[0] == code) for code in present])
    share = 1 / np.maximum(rows, 0.5)
    needed = np.where(share >= HEAVY * share.sum(), FEWEST_OF_HEAVY, FEWEST)
    lacking = np.flatnonzero(rows < needed)
    if not lacking.size:
        return None
    worst = lacking[np.argmin(rows[lacking])]
    return RareClass(int(present[worst]), int(rows[worst]), int(needed[worst]), groups is not None)
