"""Rows as labelled items: each with its id, target and cluster, and hashes of what it holds and shows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from evalkit.errors import Place, SuiteError, SuiteMistake
from evalkit.records.sample import Sample, Target
from evalkit.rows.cell import as_id, is_empty
from evalkit.rows.row import Notes, Row
from evalkit.suite.data.rows import RowSource
from evalkit.suite.data.sampling import number
from evalkit.suite.data.target import TargetReader

encode = msgspec.json.Encoder(order="sorted", enc_hook=str).encode
_MOST_NAMED = 30


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """Where the rows are and how to read them.

    `dev` is a source of its own, or None: then dev is the share `dev_fraction` of train, and with 0 there is none.
    `inputs` are the variables of the prompts: a train row with the same inputs as a test row leaks. `labels` is the
    declared vocabulary, None to take it from the data, empty where the output has none. `classes` tells whether
    targets are classes, to be counted and sampled by; labels from the data need it. `limit` caps the test rows,
    `model_limits` are smaller caps of single models.
    """

    test: RowSource
    target: TargetReader
    inputs: frozenset[str]
    train: RowSource | None = None
    dev: RowSource | None = None
    dev_fraction: float = 0.2
    dev_seed: int = 7
    id: str | None = None
    group: str | None = None
    leakage: str = "error"
    labels: tuple[str, ...] | None = None
    classes: bool = True
    limit: int | None = None
    model_limits: frozenset[int] = frozenset()
    seed: int = 7

    @property
    def sources(self) -> dict[str, RowSource]:
        """What is read, by the name of its split, test first."""
        named = {"test": self.test, "train": self.train, "dev": self.dev}
        return {name: rows for name, rows in named.items() if rows is not None}


@dataclass(frozen=True, slots=True)
class Item:
    """A labelled row, as `spec` reads it."""

    place: Place
    row: Row
    id: str
    target: Target
    group: str | None
    spec: DatasetSpec

    @property
    def content(self) -> bytes:
        """A hash of all columns but the id: equal for copies."""
        return _content(self.row, self.spec.id)

    @property
    def question(self) -> int:
        """A hash of what the prompts show of the row, white space folded: equal means the same question.

        Where the prompts show no column: all but id and target.
        """
        spec, row = self.spec, self.row
        shown = spec.inputs & row.keys() or row.keys() - {spec.id, *spec.target.columns}
        return number("question", "\x1f".join(_folded(row[name]) for name in sorted(shown)).encode())

    def sample(self, index: int) -> Sample:
        """The same without what only choosing needs."""
        return Sample(self.id, self.row, self.target, self.group, index)


@dataclass(frozen=True, slots=True)
class ItemReader:
    """Reads items as a spec says.

    After a source was read once, only the hashes of rows that stand in it twice are kept.
    """

    _spec: DatasetSpec
    _copies: dict[RowSource, frozenset[bytes]] = field(default_factory=dict)

    def items(self, source: RowSource, notes: Notes | None = None) -> Iterator[Item]:
        """All items of a source in order; `notes` takes what the source tells of how it was read.

        Raises SuiteError or SuiteMistake for the first that is wrong.
        """
        spec = self._spec
        copies = self._copies.get(source)
        seen: Counter[bytes] = Counter()
        for place, row in source.rows(notes):
            if spec.id is not None:
                row_id = as_id(_cell(place, row, "id", spec.id))
            else:
                content = _content(row, None)
                if copies is None or content in copies:
                    seen[content] += 1
                row_id = content.hex() if seen[content] < 2 else f"{content.hex()}-{seen[content]}"
            group = as_id(_cell(place, row, "group", spec.group)) if spec.group is not None else None
            yield Item(place, row, row_id, self._target(place, row), group, spec)
        if copies is None:
            self._copies[source] = frozenset(content for content, n in seen.items() if n > 1)

    def _target(self, place: Place, row: Row) -> Target:
        for column in self._spec.target.columns:
            if column not in row:
                raise _missing(place, row, "target", column)
        return self._spec.target.read(row, place)


def listed(names: tuple[str, ...]) -> str:
    """Names for an error, not more than can be read."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _cell(place: Place, row: Row, key: str, column: str) -> Any:
    if column not in row:
        raise _missing(place, row, key, column)
    if is_empty(row[column]):
        raise SuiteError(f"the {key} column {column!r} is empty", place)
    return row[column]


def _missing(place: Place, row: Row, key: str, column: str) -> SuiteMistake:
    names = tuple(map(str, row))
    problem = f"no column {column!r} in {place.file.name}:{place.line}"
    return SuiteMistake(("dataset", key), problem, f"one of the columns {listed(names)}", near=(column, names))


def _content(row: Row, id_column: str | None) -> bytes:
    held = row if id_column is None else {name: value for name, value in row.items() if name != id_column}
    return hashlib.blake2b(encode(held), digest_size=8).digest()


def _folded(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else encode(value).decode()
