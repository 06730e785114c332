"""The scores of one contender in 46 bytes per completion, so that memory does not follow the dataset."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalkit.records.completion import Timing
from evalkit.records.output import Output
from evalkit.records.score import Score, Status

NO_LABEL = -1
STATUSES = tuple(Status)

_CODE_OF = {status: code for code, status in enumerate(STATUSES)}
_CORRECT, _LENIENT_CORRECT, _INSIDE = 1, 2, 4


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A tally as arrays, one row per completion, all of shape (n,).

    `sample` and `group` are the caller's codes (group -1: none). `target`, `answer` and `lenient` are label
    codes, -1 for none; `hits`, `predicted` and `expected` count fields. The last six are empty where they do
    not apply. Times are in ms and cost in US dollars, NaN where unknown.
    """

    status: NDArray[np.uint8]
    correct: NDArray[np.bool_]
    lenient_correct: NDArray[np.bool_]
    in_vocabulary: NDArray[np.bool_]
    sample: NDArray[np.int64]
    group: NDArray[np.int64]
    latency_ms: NDArray[np.float64]
    ttft_ms: NDArray[np.float64]
    cost: NDArray[np.float64]
    target: NDArray[np.int64]
    answer: NDArray[np.int64]
    lenient: NDArray[np.int64]
    hits: NDArray[np.int64]
    predicted: NDArray[np.int64]
    expected: NDArray[np.int64]

    def is_status(self, *statuses: Status) -> NDArray[np.bool_]:
        """Which rows have one of these statuses: (n,)."""
        return np.isin(self.status, [_CODE_OF[status] for status in statuses])


class Tally:
    """Collects scores in any order; several completions of one sample (epochs) share its `sample` code."""

    def __init__(self, output: Output) -> None:
        self.task = output.task
        self.labels = output.labels
        self._code: dict[str | None, int] = {label: code for code, label in enumerate(output.labels)}
        self._coded = output.task == "classify" and bool(output.labels)
        self._status, self._flags = array("B"), array("B")
        self._sample, self._group = array("i"), array("i")
        self._latency, self._ttft, self._cost = array("d"), array("d"), array("d")
        # Label codes of classification, or field counts of extraction: three numbers per row or none.
        self._threes = array("i")

    def __len__(self) -> int:
        return len(self._status)

    def add(
        self,
        score: Score,
        sample: int,
        target: str | Mapping[str, Any],
        group: int = -1,
        timing: Timing | None = None,
        cost: float | None = None,
    ) -> None:
        """Count one completion or failure. `sample` counts from 0; `cost` is in US dollars, None where
        unknown.

        Raises ValueError where the target is not one of the labels of a classification.
        """
        if self._coded:
            if not isinstance(target, str) or target not in self._code:
                raise ValueError(f"the target {target!r} is not one of the {len(self.labels)} labels")
            code = self._code
            self._threes.append(code[target])
            self._threes.append(code.get(score.answer, NO_LABEL))
            self._threes.append(code.get(score.lenient_answer, NO_LABEL))
        elif self.task == "extract":
            self._threes.extend(score.fields or (0, 0, 0))
        self._status.append(_CODE_OF[score.status])
        self._flags.append(
            _CORRECT * score.correct | _LENIENT_CORRECT * score.lenient_correct | _INSIDE * bool(score.in_vocabulary)
        )
        self._sample.append(sample)
        self._group.append(group)
        latency = None if timing is None else timing.latency_ms
        self._latency.append(math.nan if latency is None else latency)
        ttft = None if timing is None else timing.ttft_ms
        self._ttft.append(math.nan if ttft is None else ttft)
        self._cost.append(math.nan if cost is None else cost)

    def status_counts(self) -> dict[Status, int]:
        """How many completions have each status, all six named."""
        counts = np.bincount(np.array(self._status, dtype=np.int64), minlength=len(STATUSES))
        return dict(zip(STATUSES, counts.tolist(), strict=True))

    def columns(self) -> Columns:
        """A copy as arrays."""
        flags = np.array(self._flags, dtype=np.uint8)
        threes = np.array(self._threes, dtype=np.int64).reshape(-1, 3).T
        nothing = np.empty((3, 0), dtype=np.int64)
        codes, fields = (threes, nothing) if self._coded else (nothing, threes)
        return Columns(
            np.array(self._status, dtype=np.uint8),
            (flags & _CORRECT) > 0,
            (flags & _LENIENT_CORRECT) > 0,
            (flags & _INSIDE) > 0,
            np.array(self._sample, dtype=np.int64),
            np.array(self._group, dtype=np.int64),
            np.array(self._latency, dtype=np.float64),
            np.array(self._ttft, dtype=np.float64),
            np.array(self._cost, dtype=np.float64),
            *codes,
            *fields,
        )
