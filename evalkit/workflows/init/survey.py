"""Every row read once with its columns known: what the targets are, which rows can be used, who is alike."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from evalkit.errors import Place, SuiteError
from evalkit.rows.row import Row
from evalkit.suite.data.rows import RowSource
from evalkit.suite.data.target import TargetReader
from evalkit.workflows.init.columns import LONGEST_LABEL, MOST_CLASSES, NUMBER, encode, is_blank
from evalkit.workflows.init.roles import Roles, code, split_side
from evalkit.workflows.init.schema import Shape

TargetKind = Literal["object", "list", "scalar"]

_FEWEST_OF_A_NUMBER = 5
_MOST_NUMBER_CLASSES = 20


@dataclass(slots=True)
class Facts:
    """What the targets of all usable rows have in common.

    `labels` counts rows by target until there are too many to be classes. `commas` and `decimals` say what
    the numbers among them look like; `gaps` counts nulls by shown column; `input_chars` and `target_chars`
    are sums of lengths.
    """

    n: int = 0
    labels: Counter[str] | None = field(default_factory=Counter)
    values: set[int] = field(default_factory=set)
    numeric: bool = True
    commas: bool = False
    decimals: bool = False
    label_like: bool = True
    shape: Shape = field(default_factory=Shape)
    gaps: Counter[str] = field(default_factory=Counter)
    input_chars: int = 0
    target_chars: int = 0

    @property
    def distinct(self) -> int:
        """How many different targets there are."""
        return len(self.values)

    @property
    def classes(self) -> dict[str, int]:
        """Rows by label where the targets are classes, the commonest first; else empty.

        Classes: at least 2 and at most 150 different short targets, 2 rows or more for each on average.
        Numbers are classes only where there are few of them, each often.
        """
        if self.labels is None or not self.label_like or not 2 <= self.distinct <= self.n / 2:
            return {}
        many = self.distinct > _MOST_NUMBER_CLASSES or self.n < _FEWEST_OF_A_NUMBER * self.distinct
        if self.numeric and many:
            return {}
        return dict(sorted(self.labels.items(), key=lambda item: (-item[1], item[0])))

    def add_text(self, text: str) -> None:
        """Take in a target that is one text or number."""
        self.values.add(hash(text))
        self.target_chars += len(text)
        if self.labels is not None:
            self.labels[text] += 1
            if len(self.labels) > MOST_CLASSES:
                self.labels = None
        self.label_like = self.label_like and len(text) <= LONGEST_LABEL and "\n" not in text
        self.numeric = self.numeric and NUMBER.fullmatch(text) is not None
        if self.numeric:
            self.commas = self.commas or "," in text
            self.decimals = self.decimals or "." in text


@dataclass(slots=True)
class FileRows:
    """The usable rows of one file, an entry per row: where it is, and hashes of what it shows and belongs to.

    `lines` rise strictly. `stratum` is the number of the row's label. `given` is the side that a split column
    names: T for test, R for train, a space for none. `unusable` counts the other rows by reason.
    """

    path: Path
    lines: array[int] = field(default_factory=lambda: array("Q"))
    inputs: array[int] = field(default_factory=lambda: array("Q"))
    groups: array[int] = field(default_factory=lambda: array("Q"))
    stratum: array[int] = field(default_factory=lambda: array("H"))
    given: bytearray = field(default_factory=bytearray)
    unusable: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.lines)


class Survey:
    """The full pass over the files of a suite. Afterwards `id` and `group` are what holds in every row."""

    def __init__(self, roles: Roles) -> None:
        self.roles = roles
        self.facts = Facts()
        self.kind = _kind(roles)
        self.id, self.group = roles.id, roles.group
        self.doubts: list[str] = []
        self._reader = TargetReader.of(roles.target.name, extract=self.kind == "object")
        self._shown = sorted(column.name for column in roles.texts)
        self._numbers: dict[str, int] = {}

    def read(self, path: Path) -> FileRows:
        """Read one file to its end. Raises SuiteError."""
        rows, ids = FileRows(path), set[int]()
        for place, row in read_rows(path):
            reason = self._take(row, rows)
            if reason is not None:
                rows.unusable[reason] += 1
                continue
            assert place.line is not None
            rows.lines.append(place.line)
            rows.inputs.append(self._input_hash(row))
            rows.groups.append(self._group_hash(row))
            self._check_id(row, ids)
            side = split_side(row.get(self.roles.split)) if self.roles.split is not None else None
            rows.given.append(ord({"test": "T", "train": "R"}.get(side or "", " ")))
        return rows

    def _take(self, row: Row, rows: FileRows) -> str | None:
        """Count a row's target, or say why the row cannot be used."""
        missing = [name for name in self._shown if name not in row]
        if missing:
            return f"have no {code(missing[0])}"
        try:
            text = self._count_target(row)
        except (SuiteError, KeyError, RecursionError):
            return f"have no usable {code(self.roles.target.name)}"
        self.facts.n += 1
        known = len(self._numbers)
        number = self._numbers.setdefault(text, known) if known <= MOST_CLASSES else 0
        rows.stratum.append(number)
        for name in self._shown:
            value = row[name]
            self.facts.gaps[name] += value is None
            self.facts.input_chars += len(value) if isinstance(value, str) else 10
        return None

    def _count_target(self, row: Row) -> str:
        """Take the target into the facts; gives the text that is its class, if it is one."""
        value: Any = row[self.roles.target.name]
        if self.kind == "scalar":
            if is_blank(value):
                raise SuiteError("blank")
            if isinstance(value, list | tuple | dict):
                raise SuiteError("several values")
            text = self._reader.read(row)
            assert isinstance(text, str)
            self.facts.add_text(text)
            return text
        if self.kind == "object":
            value = self._reader.read(row)
        elif not isinstance(value, list | tuple):
            raise SuiteError("no list")
        written = encode(value)
        self.facts.values.add(hash(written))
        self.facts.target_chars += len(written)
        self.facts.shape.add(msgspec.json.decode(written))
        return ""

    def _input_hash(self, row: Row) -> int:
        """Rows that show the same, white space apart, have the same; as the suite's own check for leaks."""
        return _hash("\x1f".join(_folded(row[name]) for name in self._shown).encode())

    def _group_hash(self, row: Row) -> int:
        if self.group is None:
            return 0
        value = row.get(self.group)
        if is_blank(value):
            self.doubts.append(f"{code(self.group)} could be `group`, but some rows have none")
            self.group = None
            return 0
        return _hash(encode(value))

    def _check_id(self, row: Row, ids: set[int]) -> None:
        if self.id is None:
            return
        value = row.get(self.id)
        number = _hash(str(value).encode())
        if is_blank(value) or number in ids:
            why = "some rows have none" if is_blank(value) else f"{code(str(value))} is given twice"
            self.doubts.append(f"{code(self.id)} is not used as `id`: {why}")
            self.id = None
        ids.add(number)


def read_rows(path: Path) -> Iterator[tuple[Place, Row]]:
    """The rows of a file. Raises SuiteError for everything that keeps it from being read."""
    rows = RowSource((str(path),)).rows()
    while True:
        try:
            item = next(rows, None)
        except OSError as error:
            raise SuiteError(f"cannot be read: {error.strerror or error}", Place(path)) from None
        except RecursionError:
            raise SuiteError("the rows are nested too deep to be read", Place(path)) from None
        if item is None:
            return
        yield item


def _kind(roles: Roles) -> TargetKind:
    if roles.target.kind == "object":
        return "object"
    return "list" if roles.target.kind == "list" else "scalar"


def _folded(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else encode(value).decode()


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())
