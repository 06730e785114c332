"""A first look at the columns of a user's own file: what each holds, in counts and never in copies."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from evalkit.rows.row import Row

Kind = Literal["text", "number", "bool", "object", "list", "mixed", "empty"]

MOST_ROWS = 20_000
MOST_CLASSES = 150
LONGEST_LABEL = 120
_MOST_CELLS = 4_000_000
_SAMPLE = 200
_NEARLY_ALL = 0.95
_SEED = 7
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?", re.ASCII)
_WORD = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

encode = msgspec.json.Encoder(enc_hook=str).encode


@dataclass(frozen=True, slots=True)
class Column:
    """What the rows that were looked at hold in one column.

    `present` counts the rows that have the column, `filled` those with a value in it, `distinct` its
    different values. `words` and `chars` are means over the filled rows, `longest` is in characters. A
    text that is a JSON object counts as an object; `nested` tells objects and lists that are no text, and
    `numeric` numbers, also where they stand as text.
    """

    name: str
    rows: int
    present: int
    filled: int
    distinct: int
    kind: Kind
    words: float
    chars: float
    longest: int
    line_breaks: bool = False
    nested: bool = False
    numeric: bool = False

    @property
    def everywhere(self) -> bool:
        """Whether every row has a value."""
        return self.filled == self.rows

    @property
    def few_values(self) -> bool:
        """Whether the values could be classes: at least 2 and at most 150, each for 2 rows or more."""
        return (
            self.kind in ("text", "bool", "number")
            and 2 <= self.distinct <= MOST_CLASSES
            and self.filled >= 2 * self.distinct
            and self.longest <= LONGEST_LABEL
            and not self.line_breaks
        )

    @property
    def short(self) -> bool:
        """Whether the values look like identifiers: one or two words, or whole numbers."""
        return self.kind in ("text", "number") and self.words <= 2 and self.longest <= LONGEST_LABEL

    @property
    def free_text(self) -> bool:
        """Whether the values are sentences that mostly differ."""
        return self.kind == "text" and self.words >= 3.5 and self.distinct > 0.3 * self.filled

    @property
    def name_words(self) -> tuple[str, ...]:
        """The words of the name in small letters: customerId gives customer, id."""
        return words_of(self.name)


@dataclass(frozen=True, slots=True)
class Look:
    """The columns in the order of their first row, and a seeded sample of at most 200 rows."""

    rows: int
    columns: Mapping[str, Column]
    sample: tuple[Row, ...]


def words_of(name: str) -> tuple[str, ...]:
    """The words of a column's name, without case: `customerId` and `Customer ID` give customer, id."""
    return tuple(word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", name[:200])))


def is_blank(value: Any) -> bool:
    """Whether a value says nothing: null, not a number, or text of white space only."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, float) and math.isnan(value))


def json_object(text: str) -> dict[str, Any] | None:
    """The object that a text is in JSON, or None."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def look_at(rows: Iterable[Row]) -> Look:
    """Look at the first 20,000 rows, or fewer where they are very wide; only the sample is kept."""
    tallies: dict[str, _Tally] = {}
    sample: list[Row] = []
    chance = random.Random(_SEED)
    n = cells = 0
    for row in rows:
        for name, value in row.items():
            if name not in tallies:
                tallies[name] = _Tally()
            tallies[name].add(value)
        n += 1
        cells += len(row)
        if len(sample) < _SAMPLE:
            sample.append(row)
        elif (place := chance.randrange(n)) < _SAMPLE:
            sample[place] = row
        if n >= MOST_ROWS or cells >= _MOST_CELLS:
            break
    return Look(n, {name: tally.column(name, n) for name, tally in tallies.items()}, tuple(sample))


@dataclass(slots=True)
class _Tally:
    """Counts of one column under way; different values are told apart by 64-bit hashes."""

    present: int = 0
    kinds: dict[Kind, int] = field(default_factory=dict)
    values: set[int] = field(default_factory=set)
    words: int = 0
    chars: int = 0
    longest: int = 0
    line_breaks: bool = False
    nested: bool = False
    numeric: bool = True

    def add(self, value: Any) -> None:
        self.present += 1
        if is_blank(value):
            return
        text = value if isinstance(value, str) else encode(value).decode()
        kind = self._kind(value)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.values.add(hash(text))
        self.words += _count_words(text)
        self.chars += len(text)
        self.longest = max(self.longest, len(text))
        self.line_breaks = self.line_breaks or "\n" in text or "\r" in text
        self.numeric = self.numeric and NUMBER.fullmatch(text) is not None

    def _kind(self, value: Any) -> Kind:
        if isinstance(value, str):
            return "text" if json_object(value) is None else "object"
        if isinstance(value, bool):
            return "bool"
        if isinstance(value, int | float):
            return "number"
        if isinstance(value, dict | list | tuple):
            self.nested = True
            return "object" if isinstance(value, dict) else "list"
        return "text"  # dates, decimals and bytes of Parquet are written as text

    def column(self, name: str, rows: int) -> Column:
        filled = sum(self.kinds.values())
        kind: Kind = "empty"
        if filled:
            kind = max(self.kinds, key=lambda k: self.kinds[k])
            if self.kinds[kind] < _NEARLY_ALL * filled:
                kind = "mixed"
        return Column(
            name=name,
            rows=rows,
            present=self.present,
            filled=filled,
            distinct=len(self.values),
            kind=kind,
            words=self.words / max(1, filled),
            chars=self.chars / max(1, filled),
            longest=self.longest,
            line_breaks=self.line_breaks,
            nested=self.nested,
            numeric=self.numeric and filled > 0,
        )


def _count_words(text: str) -> int:
    """Words between spaces; scripts that do not put spaces between words count four letters as one."""
    spaced = text.count(" ") + text.count("\n") + 1
    return spaced if text.isascii() else max(spaced, sum(not c.isascii() for c in text) // 4)
