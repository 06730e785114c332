"""The answers of a tally averaged per sample, for comparisons of contenders on the same samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalkit.records.score import Status
from evalkit.scoring.tally import Tally


@dataclass(frozen=True, slots=True, eq=False)
class SampleMeans:
    """`correct` (n,) is the share of right answers over a sample's epochs, NaN where infrastructure left no answer.

    `group` (n,) are cluster codes, -1 for none; None where no sample has a group. `epochs` is the most answers that
    a sample has.
    """

    correct: NDArray[np.float64]
    group: NDArray[np.int64] | None
    epochs: int


def sample_means(tally: Tally, n: int) -> SampleMeans:
    """The answers of `n` samples with the codes 0 … n - 1."""
    columns = tally.columns()
    answered = ~columns.is_status(Status.INFRA_ERROR)
    count = np.bincount(columns.sample, weights=answered, minlength=n)
    right = np.bincount(columns.sample, weights=answered & columns.correct, minlength=n)
    group = np.full(n, -1, dtype=np.int64)
    group[columns.sample] = columns.group
    return SampleMeans(
        np.divide(right, count, out=np.full(count.shape, np.nan), where=count > 0),
        group if (group >= 0).any() else None,
        int(np.bincount(columns.sample, minlength=1).max(initial=0)),
    )
