"""Files of recorded answers: an index from id to row, rows read on demand.

A million rows of JSON Lines take 16 bytes each in memory: a hash of the id and the row's place in the file. Of other
files, which are read as data sets are, the columns that are needed are kept. Equal hashes are told apart by the id
itself.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from evalkit.errors import ModelUnavailable, RecordedError, SuiteError
from evalkit.rows.cell import as_id
from evalkit.rows.files import READABLE, file_rows
from evalkit.rows.formats import format_of, is_table
from evalkit.rows.json_files import has_line_feeds
from evalkit.rows.pointer import refuse_pointer
from evalkit.rows.row import Rows, one_line

_NUMBERED = (".json", ".parquet")  # whose rows have a number, and no line
_encode = msgspec.json.Encoder(enc_hook=str).encode
_SIDE_FIELDS = ("latency_ms", "latency_s", "stop_reason", "finish_reason", "input_tokens", "output_tokens")
_MISSING: Any = object()


def open_answers(path: Path, id_field: str, output_field: str, quoting: bool | None = None) -> Answers:
    """Read the file once and index it; `quoting` is as in `file_rows`.

    Raises RecordedError, and ModelUnavailable without a reader.
    """
    if format_of(path) not in READABLE:
        raise RecordedError(f"{path}: cannot tell the format; expected an ending of {', '.join(READABLE)}")
    try:
        refuse_pointer(path)
    except SuiteError as error:
        raise _recorded(error) from None
    except OSError as error:
        raise RecordedError(f"{path}: cannot be read: {one_line(error)}") from None
    plain = path.suffix.lower() in (".jsonl", ".ndjson") and has_line_feeds(path)
    return JsonLines(path, id_field, output_field) if plain else Held(path, id_field, output_field, quoting)


class Answers(ABC):
    """The rows of one file, found by id. `digest` is the SHA-256 (hex) of the file."""

    def __init__(self, path: Path, id_field: str, output_field: str) -> None:
        import numpy as np

        self.path = path
        self.id_field = id_field
        self.output_field = output_field
        self.digest = ""
        self.notes: list[str] = []
        hashes = array("q")
        places = array("q")
        for place, row in self._survey():
            hashes.append(hash(self._id_of(place, row)))
            places.append(place)
            if self.output(row) is _MISSING:
                raise self._no_output(place, row)
        if not hashes:
            raise RecordedError(f"{path}: there are no rows")
        order = np.argsort(np.frombuffer(hashes, np.int64), kind="stable")
        self._hashes = np.frombuffer(hashes, np.int64)[order]
        self._places = np.frombuffer(places, np.int64)[order]
        self._refuse_duplicates()

    @abstractmethod
    def _survey(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Every row with its place: a byte offset or a row number. Sets `digest` by its end."""

    @abstractmethod
    def _at(self, place: int) -> Mapping[str, Any]:
        """The row at a place."""

    @abstractmethod
    def _where(self, place: int) -> str:
        """The place in words for an error: `file:line` or `file, row n`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file. Safe to call twice."""

    def __len__(self) -> int:
        return len(self._hashes)

    def ids(self) -> Iterator[str]:
        """All ids, in no fixed order."""
        for place in self._places.tolist():
            yield self._id_of(place, self._at(place))

    def row(self, sample_id: str) -> Mapping[str, Any] | None:
        """The row of an id, or None."""
        wanted = hash(sample_id)
        for index in range(int(self._hashes.searchsorted(wanted)), len(self._hashes)):
            if self._hashes[index] != wanted:
                break
            place = int(self._places[index])
            row = self._at(place)
            if self._id_of(place, row) == sample_id:
                return row
        return None

    def output(self, row: Mapping[str, Any]) -> Any:
        """The value of the output field: a column of that very name, else a dotted path into it."""
        if self.output_field in row:
            return row[self.output_field]
        value: Any = row
        for step in self.output_field.split("."):
            if isinstance(value, Mapping) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return _MISSING
        return value

    def _id_of(self, place: int, row: Mapping[str, Any]) -> str:
        value = row.get(self.id_field)
        if value not in (None, "") and value == value and not isinstance(value, dict | list):
            return as_id(value)
        if self.id_field not in row:
            hint = _nearest(self.id_field, row)
            raise RecordedError(f"{self._where(place)}: no column {self.id_field!r} for the id{hint}")
        raise RecordedError(f"{self._where(place)}: {self.id_field!r} is not an id: {str(value)[:50]!r}")

    def _no_output(self, place: int, row: Mapping[str, Any]) -> RecordedError:
        row_id = self._id_of(place, row)
        hint = _nearest(self.output_field, _paths(row))
        return RecordedError(f'{self._where(place)}: id "{row_id}" has no field {self.output_field!r}{hint}')

    def _refuse_duplicates(self) -> None:
        """The first row, in file order, whose id was already given."""
        import numpy as np

        clashes = []
        for index in np.flatnonzero(self._hashes[1:] == self._hashes[:-1]).tolist():
            first, second = int(self._places[index]), int(self._places[index + 1])
            row_id = self._id_of(second, self._at(second))
            if self._id_of(first, self._at(first)) == row_id:
                clashes.append((second, first, row_id))
        if clashes:
            second, first, row_id = min(clashes)
            more = f" ({len(clashes)} rows repeat an id)" if len(clashes) > 1 else ""
            before = self._where(first).removeprefix(str(self.path)).lstrip(":, ")
            raise RecordedError(f'{self._where(second)}: id "{row_id}" is given twice, first in {_line(before)}{more}')


class JsonLines(Answers):
    """JSON Lines: the place is the byte offset of the line."""

    def __init__(self, path: Path, id_field: str, output_field: str) -> None:
        self._decoder = msgspec.json.Decoder()
        with ExitStack() as opened:
            self._file = opened.enter_context(path.open("rb"))
            super().__init__(path, id_field, output_field)
            opened.pop_all()  # from here on `close` closes it

    def _survey(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        digest = hashlib.sha256()
        place = 0
        with self.path.open("rb") as lines:
            for line in lines:
                digest.update(line)
                if line.strip(b" \t\r\n\xef\xbb\xbf"):
                    yield place, self._parse(place, line)
                place += len(line)
        self.digest = digest.hexdigest()

    def _at(self, place: int) -> Mapping[str, Any]:
        self._file.seek(place)
        return self._parse(place, self._file.readline())

    def _parse(self, place: int, line: bytes) -> Mapping[str, Any]:
        try:
            row = self._decoder.decode(line.removeprefix(b"\xef\xbb\xbf"))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RecordedError(f"{self._where(place)}: not valid JSON: {error}") from None
        if not isinstance(row, dict):
            raise RecordedError(f"{self._where(place)}: expected an object with columns")
        return row

    def _where(self, place: int) -> str:
        line = 1
        with self.path.open("rb") as file:
            while place > 0 and (block := file.read(min(place, 1 << 20))):
                line += block.count(b"\n")
                place -= len(block)
        return f"{self.path}:{line}"

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Held(Answers):
    """Everything else: the place is the row's number, and of each row what is needed stays in memory, as JSON."""

    _rows: list[bytes]
    _lines: array[int]

    def __init__(self, path: Path, id_field: str, output_field: str, quoting: bool | None) -> None:
        self._quoting = quoting
        super().__init__(path, id_field, output_field)

    def _survey(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        with self.path.open("rb") as file:
            self.digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._rows, self._lines = [], array("q")
        top, table = self.output_field.partition(".")[0], is_table(self.path)
        kept = {self.id_field, self.output_field, top, *_SIDE_FIELDS}
        # Where one of the two is not there, all names are kept: the error then names the nearest.
        for place, row in self._read():
            own = {name: row[name] for name in row.keys() & kept} if self.id_field in row else row
            if table:
                # A table cannot tell an empty answer from none; what is not known to be an answer is none.
                own = {name: None if cell == "" else cell for name, cell in own.items()}
            self._rows.append(_encode(own))
            self._lines.append(place.line or 0)
            yield len(self._rows) - 1, row if self.output(row) is _MISSING else own

    def _read(self) -> Rows:
        try:
            yield from file_rows(self.path, self._quoting, self.notes)
        except SuiteError as error:
            raise _recorded(error) from None
        except ImportError:
            raise ModelUnavailable(f"{self.path.suffix} needs pyarrow: pip install pyarrow") from None

    def _at(self, place: int) -> Mapping[str, Any]:
        row: Mapping[str, Any] = msgspec.json.decode(self._rows[place])
        return row

    def _where(self, place: int) -> str:
        if format_of(self.path) in _NUMBERED:
            return f"{self.path}, row {place + 1}"
        return f"{self.path}:{self._lines[place]}"

    def close(self) -> None:
        """Nothing is open: the rows go with this object."""


def _recorded(error: SuiteError) -> RecordedError:
    return RecordedError(f"{error}; expected {error.expected}" if error.expected else str(error))


def _line(before: str) -> str:
    return f"line {before}" if before.isdigit() else before


def _paths(row: Mapping[str, Any]) -> list[str]:
    """Names of columns and of their fields, dotted, two levels deep."""
    nested = [f"{name}.{key}" for name, value in row.items() if isinstance(value, dict) for key in value]
    return [*row, *nested]


def _nearest(name: str, known: Mapping[str, Any] | list[str]) -> str:
    near = get_close_matches(name, [str(k) for k in known], n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(map(repr, list(known)[:12]))}"
