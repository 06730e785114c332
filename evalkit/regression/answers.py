"""The answers of a stored run, sample by sample: one pass over its columns serves sides, results and gates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalkit.records.baseline import letter
from evalkit.records.score import Status
from evalkit.regression.differences import target_digest
from evalkit.store.samples import SampleFile

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ContenderAnswers:
    """The answers of one contender on one split. All entries are in the order of the samples.

    `rows` are the places in the file of each sample's first row, `letters` has a text of a letter per epoch.
    """

    rows: Ints
    ids: tuple[str, ...]
    targets: tuple[str, ...]
    groups: tuple[str | None, ...] | None
    correct: tuple[float | None, ...]
    letters: tuple[str, ...]
    epochs: int


class RunAnswers:
    """The columns of a run's samples that tell who answered what. Raises RunError for a damaged file."""

    def __init__(self, file: SampleFile) -> None:
        file.load(("contender", "split", "sample_id", "index", "epoch", "group", "target", "status", "correct"))
        self._contender, self._split = file.coded("contender"), file.coded("split")
        self._sample, self._group = file.coded("sample_id"), file.coded("group")
        self._target, self._status = file.coded("target"), file.coded("status")
        self._index, self._epoch = file.numbers("index"), file.numbers("epoch")
        self._correct = file.numbers("correct")

    def of(self, contender: str, split: str) -> ContenderAnswers | None:
        """The answers of a contender, or None where it was not asked on this split."""
        places = [_code(self._contender.values, contender), _code(self._split.values, split)]
        asked = (self._contender.codes == places[0]) & (self._split.codes == places[1])
        rows = np.flatnonzero(asked)
        return None if None in places or not rows.size else self._answers(rows)

    def _answers(self, rows: Ints) -> ContenderAnswers:
        _, first, sample = np.unique(self._sample.codes[rows], return_index=True, return_inverse=True)
        order = np.lexsort((first, self._index[rows[first]]))  # samples in their order, and in the file's where equal
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        sample, head = place[sample], rows[first[order]]
        letters, answered, right = self._letters[rows], self._answered[rows], self._right[rows]
        n = order.size
        means = [
            r / a if a else None
            for r, a in zip(
                np.bincount(sample, right, n).tolist(), np.bincount(sample, answered, n).tolist(), strict=True
            )
        ]
        grouped = bool((self._group.codes[head] >= 0).any())
        return ContenderAnswers(
            rows=head,
            ids=_texts(self._ids, self._sample.codes[head]),
            targets=_texts(self._digests, self._target.codes[head]),
            groups=_texts(self._groups, self._group.codes[head]) if grouped else None,
            correct=tuple(means),
            letters=_in_epochs(sample, self._epoch[rows], letters, n),
            epochs=int(np.bincount(sample, minlength=n).max()),
        )

    @cached_property
    def _answered(self) -> NDArray[np.bool_]:
        lost = _code(self._status.values, Status.INFRA_ERROR)
        return np.not_equal(self._status.codes, -2 if lost is None else lost)

    @cached_property
    def _right(self) -> NDArray[np.bool_]:
        return self._correct & self._answered

    @cached_property
    def _letters(self) -> NDArray[np.uint8]:
        """A letter per row, as its ASCII code."""
        table = np.array(
            [[ord(letter(status, correct)) for correct in (False, True)] for status in (*self._status.values, "")],
            dtype=np.uint8,
        )
        return np.asarray(table[self._status.codes, self._correct.astype(np.int64)], dtype=np.uint8)

    @cached_property
    def _ids(self) -> NDArray[Any]:
        return _objects([*self._sample.values, ""])  # the last one is for null

    @cached_property
    def _groups(self) -> NDArray[Any]:
        return _objects([*self._group.values, None])

    @cached_property
    def _digests(self) -> NDArray[Any]:
        """A digest per distinct right answer."""
        return _objects([target_digest(target) for target in (*self._target.values, "")])


def _code(values: list[str], value: str) -> int | None:
    return values.index(value) if value in values else None


def _objects(values: list[Any]) -> NDArray[Any]:
    return np.array(values, dtype=object)


def _texts(values: NDArray[Any], codes: Ints) -> tuple[Any, ...]:
    return tuple(values[codes].tolist())


def _in_epochs(sample: Ints, epoch: NDArray[Any], letters: NDArray[np.uint8], n: int) -> tuple[str, ...]:
    """A text per sample with a letter per epoch, in their order; of an epoch that stands twice the later row counts."""
    order = np.lexsort((epoch, sample))
    sample, epoch = sample[order], epoch[order]
    last = np.append((np.diff(sample) != 0) | (np.diff(epoch) != 0), True)
    text = letters[order][last].tobytes().decode("ascii")
    ends = np.cumsum(np.bincount(sample[last], minlength=n)).tolist()
    return tuple(text[start:end] for start, end in zip([0, *ends], ends, strict=False))
