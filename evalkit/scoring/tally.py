"""The scores of one contender in about 60 bytes per completion, so that memory does not follow the dataset."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalkit.records.completion import Timing
from evalkit.records.output import Output
from evalkit.records.score import Score, Status
from evalkit.scoring.tasks.base import Target
from evalkit.scoring.tasks.table import task_scoring

STATUSES = tuple(Status)

_CODE_OF = {status: code for code, status in enumerate(STATUSES)}
_INSIDE = {None: -1, False: 0, True: 1}
# The columns that every task has, each with its type code: the same letters in `struct`, `array` and numpy.
_COMMON = {
    "status": "B",
    "grade": "d",
    "lenient_grade": "d",
    "in_vocabulary": "b",
    "sample": "i",
    "group": "i",
    "latency_ms": "d",
    "ttft_ms": "d",
    "cost": "d",
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Columns:
    """A tally as arrays, one row per completion, all of shape (n,).

    `sample` and `group` are the caller's codes (group -1: none). Times are in ms and cost in US dollars, NaN where
    unknown. `own` holds the columns that the task declares (`scoring/tasks/`), by name.
    """

    status: NDArray[np.uint8]
    grade: NDArray[np.float64]
    lenient_grade: NDArray[np.float64]
    in_vocabulary: NDArray[np.bool_]
    sample: NDArray[np.int64]
    group: NDArray[np.int64]
    latency_ms: NDArray[np.float64]
    ttft_ms: NDArray[np.float64]
    cost: NDArray[np.float64]
    own: Mapping[str, NDArray[np.int64]]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Which answers are right in full, strictly read: (n,)."""
        right: NDArray[np.bool_] = self.grade == 1
        return right

    @property
    def lenient_correct(self) -> NDArray[np.bool_]:
        """Which answers are right in full, form forgiven: (n,)."""
        right: NDArray[np.bool_] = self.lenient_grade == 1
        return right

    def is_status(self, *statuses: Status) -> NDArray[np.bool_]:
        """Which rows have one of these statuses: (n,)."""
        return np.isin(self.status, [_CODE_OF[status] for status in statuses])


class Tally:
    """Collects scores in any order; several completions of one sample (epochs) share its `sample` code.

    `classes` are the labels that figures per class are made of; empty where there are none.
    """

    def __init__(self, output: Output) -> None:
        scoring = task_scoring(output)
        self.task = output.task
        self.labels = output.labels
        self.classes = scoring.classes
        self._own, self._own_row = tuple(scoring.columns), scoring.row
        types = {**_COMMON, **scoring.columns}
        self._row_type = np.dtype(list(types.items()))
        self._pack = struct.Struct("=" + "".join(types.values())).pack
        self._rows = bytearray()

    def __len__(self) -> int:
        return len(self._rows) // self._row_type.itemsize

    @property
    def nbytes(self) -> int:
        """What the rows take in memory, without the room that grows ahead of them."""
        return len(self._rows)

    def add(
        self,
        score: Score,
        sample: int,
        target: Target,
        group: int = -1,
        timing: Timing | None = None,
        cost: float | None = None,
    ) -> None:
        """Count one completion or failure. `sample` counts from 0; `cost` is in US dollars, None where
        unknown.

        Raises ValueError where the target is not one of the labels of a classification.
        """
        latency, ttft = (None, None) if timing is None else (timing.latency_ms, timing.ttft_ms)
        self._rows += self._pack(
            _CODE_OF[score.status],
            score.grade,
            score.lenient_grade,
            _INSIDE[score.in_vocabulary],
            sample,
            group,
            math.nan if latency is None else latency,
            math.nan if ttft is None else ttft,
            math.nan if cost is None else cost,
            *self._own_row(score, target),
        )

    def status_counts(self) -> dict[Status, int]:
        """How many completions have each status, all six named."""
        counts = np.bincount(self._column("status").astype(np.int64), minlength=len(STATUSES))
        return dict(zip(STATUSES, counts.tolist(), strict=True))

    def columns(self) -> Columns:
        """A copy as arrays."""
        whole, real = np.int64, np.float64
        return Columns(
            status=self._column("status").copy(),
            grade=self._column("grade").astype(real),
            lenient_grade=self._column("lenient_grade").astype(real),
            in_vocabulary=self._column("in_vocabulary") == 1,
            sample=self._column("sample").astype(whole),
            group=self._column("group").astype(whole),
            latency_ms=self._column("latency_ms").astype(real),
            ttft_ms=self._column("ttft_ms").astype(real),
            cost=self._column("cost").astype(real),
            own={name: self._column(name).astype(whole) for name in self._own},
        )

    def _column(self, name: str) -> NDArray[Any]:
        """A view. It must not outlive the call: rows cannot be added while one is held."""
        return np.frombuffer(self._rows, dtype=self._row_type)[name]
