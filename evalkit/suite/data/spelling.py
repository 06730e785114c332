"""How targets are spelled in the rows, told where they are compared in another spelling."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.forms.parsing.alike import alike, tidy
from evalkit.records.sample import Target

_MOST_NAMED = 5

_WHOLE_FLOAT = re.compile(r"-?\d+\.0+")


class Spellings:
    """Counts, over all rows that are read, in what their targets differ from how they are compared."""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._read_as: dict[str, str] = {}

    def add(self, row: Mapping[str, Any], columns: tuple[str, ...], target: Target) -> None:
        """Take in one row."""
        found: set[str] = set()
        for column in columns:
            cell = row[column]
            if not isinstance(cell, str):
                continue
            if not cell.isascii():
                found |= _differences(cell)
            if isinstance(target, str) and cell != target:
                if cell[:1].isspace() or cell[-1:].isspace():
                    found.add("spaces")
                if (written := tidy(cell)) != target:
                    found.add("typed")
                    if len(self._read_as) < _MOST_NAMED:
                        self._read_as.setdefault(written, target)
        self._rows.update(found)

    def notes(self, labels: Mapping[str, int]) -> Iterator[str]:
        """A line for each kind of difference, with its rows; `labels` are the targets that are classes."""
        rows = {kind: f"{n:,} row{'s' if n > 1 else ''}" for kind, n in self._rows.items()}
        if "decomposed" in rows:
            yield f"the target is in decomposed Unicode (not NFC) in {rows['decomposed']}; it is compared composed"
        if "unseen" in rows:
            yield f"the target holds non-breaking or unseen spaces in {rows['unseen']}; they are compared as plain ones"
        if "spaces" in rows:
            yield f"the target has white space around it in {rows['spaces']}; it is compared without"
        if "typed" in rows:
            told = ", ".join(f"{cell!r} as {value}" for cell, value in self._read_as.items())
            yield f"the target is read by the type that the schema gives it in {rows['typed']}: {told}"
        yield from _of_case(labels)
        yield from _of_floats(labels)


def _differences(cell: str) -> set[str]:
    composed = unicodedata.is_normalized("NFC", cell)
    found = set() if composed else {"decomposed"}
    return found if alike(cell) == unicodedata.normalize("NFC", cell) else found | {"unseen"}


def _of_case(labels: Mapping[str, int]) -> Iterator[str]:
    """Labels that differ in case alone: they may be meant as one, and count as several."""
    together: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        together[label.casefold()].append(label)
    groups = [sorted(each) for each in together.values() if len(each) > 1]
    if groups:
        told = "; ".join(" and ".join(f"{label!r} ({labels[label]:,})" for label in each) for each in groups[:3])
        more = f"; {len(groups) - 3} more" if len(groups) > 3 else ""
        yield f"labels that differ in case alone count as different: {told}{more}; write them one way if they are one"


def _of_floats(labels: Mapping[str, int]) -> Iterator[str]:
    """Codes such as 1 and 2 that a table made into 1.0 and 2.0: no model answers so."""
    if labels and all(_WHOLE_FLOAT.fullmatch(label) for label in labels):
        first = min(labels)
        yield (
            f"all labels are whole numbers with a point, such as {first!r}: tools write codes so where a cell of the "
            f"column is empty. An answer of {first.partition('.')[0]!r} is not {first!r}; write them without the point"
        )
