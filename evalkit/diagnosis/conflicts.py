"""Equal texts under different labels: not all of them can be right, whatever a model answers."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from evalkit.records.evidence import LabelConflicts

# Called for each pass over the rows (id, text, label).
Rows = Callable[[], Iterable[tuple[str, str, str]]]

_EXAMPLES = 5
_LABELS_SHOWN = 3
_LONGEST = 60


def label_conflicts(test: Rows, train: Rows) -> LabelConflicts | None:
    """The contradictions of both splits; None where all rows of test show the same text, which then tells nothing.

    Texts are compared after white space folding, as the check for leaks does; letter case is kept, for it may be what
    is to be told apart. The first pass keeps two hashes of 8 bytes a row. Only where texts carry several labels is
    there a second one, over those rows.
    """
    test_texts, test_labels = _hashes(test())
    train_texts, train_labels = _hashes(train())
    if test_texts.size > 1 and bool((test_texts == test_texts[0]).all()):
        return None
    suspects = _ambiguous(np.concatenate([test_texts, train_texts]), np.concatenate([test_labels, train_labels]))
    groups: dict[bytes, _Group] = {}
    if suspects:
        _collect(groups, test(), suspects, in_test=True)
        _collect(groups, train(), suspects, in_test=False)
    return _summed(groups.values(), test_texts.size, train_texts.size)


@dataclass(slots=True)
class _Group:
    """The rows of one text: labels of test with the first id of each, and labels of train."""

    test: Counter[str] = field(default_factory=Counter)
    train: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def example(self) -> str:
        """`t12: yes, t40: no`."""
        shown = [f"{_cut(self.first[label])}: {_cut(label)}" for label, _ in self.test.most_common(_LABELS_SHOWN)]
        return ", ".join(shown) + (", …" if len(self.test) > _LABELS_SHOWN else "")


def _summed(groups: Iterable[_Group], of: int, train_of: int) -> LabelConflicts:
    in_test = [group for group in groups if len(group.test) > 1]
    in_train = [group.train for group in groups if len(group.train) > 1]
    against = sum(
        n for group in groups if group.test for label, n in group.train.items() if label not in group.test
    )  # fmt: skip
    wrong = sum(_minority(group.test) for group in in_test)
    shown = sorted(in_test, key=lambda group: (-group.test.total(), min(group.first.values())))[:_EXAMPLES]
    return LabelConflicts(
        rows=sum(group.test.total() for group in in_test),
        of=of,
        ceiling=1 - wrong / of if of else 1.0,
        least_wrong=wrong / of if of else 0.0,
        examples=tuple(group.example() for group in shown),
        groups=len(in_test),
        train_rows=sum(labels.total() for labels in in_train),
        train_of=train_of,
        train_least_wrong=sum(map(_minority, in_train)) / train_of if train_of else 0.0,
        against_test=against,
    )


def _minority(labels: Counter[str]) -> int:
    return labels.total() - max(labels.values())


def _collect(
    groups: dict[bytes, _Group], rows: Iterable[tuple[str, str, str]], suspects: set[int], in_test: bool
) -> None:
    for row_id, text, label in rows:
        folded = _folded(text)
        if _number(folded) not in suspects:
            continue
        group = groups.setdefault(blake2b(folded, digest_size=16).digest(), _Group())
        if in_test:
            group.test[label] += 1
            group.first.setdefault(label, row_id)
        else:
            group.train[label] += 1


def _hashes(rows: Iterable[tuple[str, str, str]]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """A hash of each text and of each label, both (rows,)."""
    texts, labels = array("Q"), array("Q")
    for _, text, label in rows:
        texts.append(_number(_folded(text)))
        labels.append(_number(label.encode("utf-8", "surrogatepass")))
    return np.frombuffer(texts, dtype=np.uint64), np.frombuffer(labels, dtype=np.uint64)


def _ambiguous(texts: NDArray[np.uint64], labels: NDArray[np.uint64]) -> set[int]:
    """The texts (rows,) that stand with more than one of the labels (rows,)."""
    order = np.argsort(texts, kind="stable")
    texts, labels = texts[order], labels[order]
    same = texts[1:] == texts[:-1]
    # Within equal texts labels keep the order of rows: a text has several where any neighbours differ.
    return set(texts[1:][same & (labels[1:] != labels[:-1])].tolist())


def _folded(text: str) -> bytes:
    return " ".join(text.split()).encode("utf-8", "surrogatepass")


def _number(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
