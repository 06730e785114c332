"""Rows of tables whose cells are separated by commas or tabs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from evalkit.errors import Place, SuiteError
from evalkit.rows.bad_bytes import first_bad_byte
from evalkit.rows.row import Notes, Row, Rows, distinct

_LONGEST_CELL = 2**31 - 1
_SURELY_ROWS = 3  # lines in one cell, each with as many delimiters as a row


@dataclass(slots=True)
class _Seen:
    """What is told of a table when it is read: how many rows have it, and the line of the first."""

    rows: int = 0
    line: int = 0

    def add(self, line: int) -> None:
        self.rows += 1
        self.line = self.line or line


def csv_rows(opened: Callable[[], IO[bytes]], path: Path, quoting: bool | None, notes: Notes) -> Rows:
    """Cells between commas, in quotation marks where they hold commas or line breaks."""
    return _Table(path, ",", quoting, notes).rows(opened)


def tsv_rows(opened: Callable[[], IO[bytes]], path: Path, quoting: bool | None, notes: Notes) -> Rows:
    """Cells between tabs. Quotation marks are text, unless the suite or a quoted header says otherwise."""
    return _Table(path, "\t", quoting, notes).rows(opened)


class _Table:
    def __init__(self, path: Path, delimiter: str, quoting: bool | None, notes: Notes) -> None:
        self._path, self._delimiter, self._notes = path, delimiter, notes
        self._asked = quoting
        self._quoted = quoting if quoting is not None else delimiter == ","
        self._spaced = False
        self._trailing, self._like_rows, self._like_quoted = _Seen(), _Seen(), _Seen()

    def rows(self, opened: Callable[[], IO[bytes]]) -> Rows:
        """All rows, and then the notes."""
        csv.field_size_limit(_LONGEST_CELL)
        with opened() as file:
            try:
                yield from self._read(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""))
            except UnicodeDecodeError:
                raise first_bad_byte(opened, self._path) from None
        self._notes += self._told()

    def _read(self, text: IO[str]) -> Rows:
        reader = self._reader(text)
        names: list[str] = []
        written = 0  # the header's cells, those without a name too
        place = Place(self._path, 1)
        try:
            for values in reader:
                if values and not names:
                    names, written = self._header(values, place), len(values)
                elif values:
                    yield place, self._row(names, values, written, place)
                place = Place(self._path, reader.line_num + 1)
        except csv.Error as error:
            raise SuiteError(
                f"the row that starts here is not valid CSV: {error}", place, expected=self._other_quoting()
            ) from None
        if not names:
            raise SuiteError("the file is empty", Place(self._path, 1), expected="a header line with column names")

    def _reader(self, text: IO[str]) -> csv._reader:  # type: ignore[name-defined]
        """A reader that knows from the header what the whole table is like."""
        head: list[str] = []
        for line in text:
            head.append(line)
            if line.strip("\r\n"):
                break
        cells = head[-1].rstrip("\r\n").split(self._delimiter) if head else []
        if self._asked is None and cells and all(_in_quotes(cell) for cell in cells):
            self._quoted = True
        self._spaced = len(cells) > 1 and all(cell.startswith(" ") for cell in cells[1:])
        return csv.reader(
            chain(head, text),
            delimiter=self._delimiter,
            strict=True,
            quoting=csv.QUOTE_MINIMAL if self._quoted else csv.QUOTE_NONE,
            skipinitialspace=self._spaced,
        )

    def _header(self, values: list[str], place: Place) -> list[str]:
        """The names of the columns; those at the end that have none are left out."""
        names = [name.strip() for name in values]
        while len(names) > 1 and not names[-1]:
            names.pop()
        if len(names) < len(values):
            self._notes.append(f"{self._path.name}: {_n(len(values) - len(names), 'column')} without a name left out")
        if self._spaced:
            self._notes.append(f"{self._path.name}: the spaces after each {self._word()} are left out")
        return distinct(names, place)

    def _row(self, names: Sequence[str], values: list[str], written: int, place: Place) -> Row:
        if len(values) != len(names):
            if len(values) < len(names) or any(value.strip() for value in values[len(names) :]):
                problem = f"expected {len(names)} columns as in the header, found {len(values)}"
                marked = any('"' in value or "\n" in value for value in values)
                raise SuiteError(problem, place, expected=self._other_quoting() if marked else None)
            if len(values) > written:
                self._trailing.add(place.line or 0)
            del values[len(names) :]
        if self._quoted:
            self._look_for_rows(values, len(names), place)
        elif self._asked is None and any(map(_in_quotes, values)):
            self._like_quoted.add(place.line or 0)
        return dict(zip(names, values, strict=True))

    def _look_for_rows(self, values: list[str], columns: int, place: Place) -> None:
        """Notes a cell that looks as if it had swallowed rows. Raises SuiteError for one that hardly can be a text."""
        most = max((_whole_rows(value, self._delimiter, columns) for value in values if "\n" in value), default=0)
        if not most:
            return
        self._like_rows.add(place.line or 0)
        if self._asked is None and most >= _SURELY_ROWS:
            problem = f"a cell of the row that starts here holds {most} lines that look like rows of the file"
            expected = "`quoting: false` in the suite where quotation marks are plain text, `quoting: true` where not"
            raise SuiteError(problem, place, expected=expected)

    def _other_quoting(self) -> str:
        """What helps where quotation marks may have been read the wrong way."""
        if self._quoted:
            return "a mark that closes each quotation; where the marks are plain text, `quoting: false` in the suite"
        return f"one {self._word()} between cells; where quotation marks enclose cells, `quoting: true` in the suite"

    def _word(self) -> str:
        return "tab" if self._delimiter == "\t" else "comma"

    def _told(self) -> Iterator[str]:
        name = self._path.name
        if self._trailing.rows:
            yield f"{name}: {_n(self._trailing.rows, 'row')} end in empty cells beyond the header, which are left out"
        if self._like_rows.rows:
            where = f"in {_n(self._like_rows.rows, 'row')}, first in line {self._like_rows.line}"
            what = "a quoted cell holds lines that look like rows"
            yield f"{name}: {where}, {what}; where quotation marks are plain text, write `quoting: false` in the suite"
        if self._like_quoted.rows:
            where = f"in {_n(self._like_quoted.rows, 'row')}, first in line {self._like_quoted.line}"
            what = "a cell stands in quotation marks, which are read as text"
            yield f"{name}: {where}, {what}; to take them off, write `quoting: true` in the suite"


def _whole_rows(value: str, delimiter: str, columns: int) -> int:
    """How many lines of a cell look like rows, where all but its first and last do; else 0."""
    counts = [line.count(delimiter) + 1 for line in value.splitlines()[1:]]
    if columns < 2 or not counts or any(n != columns for n in counts[:-1]) or counts[-1] > columns:
        return 0
    whole = counts.count(columns)
    return whole if whole > 1 or columns > 2 else 0


def _in_quotes(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == '"' == cell[-1] and '"' not in cell[1:-1].replace('""', "")


def _n(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
