"""Rows of a source as dictionaries, one at a time, with the place each came from.

Local files, compressed ones too, are read directly: importing `datasets` costs more than most runs, and its
guesses at types would change the rows (`NA` to null, `007` to 7). Hub names go through it in streaming mode.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from evalkit.errors import Place, SuiteError
from evalkit.suite.data.row import Row, Rows, one_line

READABLE = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_BOM = b"\xef\xbb\xbf"
_LONGEST_CELL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RowSource:
    """Where rows come from: `paths` (files), or `hub` with its configuration, split and revision."""

    paths: tuple[str, ...] = ()
    hub: str | None = None
    config: str | None = None
    split: str | None = None
    revision: str | None = None

    def rows(self) -> Rows:
        """All rows in order.

        The line of a place is where the row starts in a file of lines, and the row's number, from 1, in a JSON
        list, in Parquet and on the hub. Raises SuiteError for everything that keeps a row from being read.
        """
        if self.hub is not None:
            from evalkit.suite.data.hub_rows import hub_rows

            yield from hub_rows(self.hub, self.config, self.split, self.revision)
        for path in self.paths:
            yield from _file_rows(Path(path))


def _file_rows(path: Path) -> Rows:
    bare = path.with_suffix("") if path.suffix.lower() in _COMPRESSED else path
    reader = _READERS.get(bare.suffix.lower())
    if reader is None:
        problem = f"cannot read {bare.suffix}" if bare.suffix else "cannot tell the format"
        expected = f"an ending of {', '.join(READABLE)}; compressed, {' or '.join(_COMPRESSED)} after it"
        raise SuiteError(problem, Place(path), expected=expected)
    try:
        with _opened(path) as file:
            yield from reader(file, path)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise SuiteError(f"cannot be read: {one_line(error)}", Place(path)) from None


def _opened(path: Path) -> IO[bytes]:
    """The bytes of a file, decompressed on the way."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if suffix == ".bz2":
        return bz2.open(path, "rb")
    if suffix == ".xz":
        return lzma.open(path, "rb")
    if suffix == ".zst":
        import pyarrow as pa

        return io.BufferedReader(pa.input_stream(str(path), compression="zstd"))
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise SuiteError(f"{len(names)} files in this archive", Place(path), expected="one")
            return archive.open(names[0])  # keeps the archive open until it is closed itself
    return path.open("rb")


def _jsonl(file: IO[bytes], path: Path) -> Rows:
    decode = msgspec.json.Decoder().decode
    for number, line in enumerate(file, 1):
        if number == 1:
            line = line.removeprefix(_BOM)
        if not line or line.isspace():
            continue
        try:
            row = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _json_error(Place(path, number), line) from None
        place = Place(path, number)
        yield place, _object(row, place)


def _json(file: IO[bytes], path: Path) -> Rows:
    """A list of objects. The text is held while it is read; of the rows, only one at a time."""
    data = file.read().removeprefix(_BOM)
    try:
        for number, raw in enumerate(msgspec.json.decode(data, type=list[msgspec.Raw]), 1):
            place = Place(path, number)
            yield place, _object(msgspec.json.decode(raw), place)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _json_error(Place(path, 1), data, is_list=True) from None


def _csv(file: IO[bytes], path: Path) -> Rows:
    return _separated(file, path, ",")


def _tsv(file: IO[bytes], path: Path) -> Rows:
    return _separated(file, path, "\t")


def _separated(file: IO[bytes], path: Path, delimiter: str) -> Rows:
    csv.field_size_limit(_LONGEST_CELL)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    header: list[str] = []
    place = Place(path, 1)
    try:
        for values in reader:
            if values and not header:
                header = _distinct(values, place)
            elif values:
                if len(values) != len(header):
                    problem = f"expected {len(header)} columns as in the header, found {len(values)}"
                    raise SuiteError(problem, place)
                yield place, dict(zip(header, values, strict=True))
            place = Place(path, reader.line_num + 1)
    except csv.Error as error:
        raise SuiteError(f"the row that starts here is not valid CSV: {error}", place) from None
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    if not header:
        raise SuiteError("the file is empty", Place(path, 1), expected="a header line with column names")


def _distinct(header: list[str], place: Place) -> list[str]:
    twice = next((name for i, name in enumerate(header) if name in header[:i]), None)
    if twice is not None:
        raise SuiteError(f"the column {twice!r} is given twice", place, expected="distinct column names")
    return header


def _not_utf8(path: Path) -> SuiteError:
    """Where the first line that is not UTF-8 is; a text stream decodes blocks and cannot tell."""
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return _bad_byte(Place(path, number), line, error)
    return SuiteError("not UTF-8", Place(path))


def _parquet(file: IO[bytes], path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(file) as table:
            _distinct(table.schema_arrow.names, Place(path))
            for batch in table.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield Place(path, number), row
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SuiteError(f"not a readable Parquet file: {one_line(error)}", Place(path, number + 1)) from None


_READERS: dict[str, Callable[[IO[bytes], Path], Rows]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
}


def _object(row: Any, place: Place) -> Row:
    if not isinstance(row, dict):
        raise SuiteError(f"expected an object with columns, found {_kind(row)}", place)
    return row


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _json_error(place: Place, text: bytes, is_list: bool = False) -> SuiteError:
    """What is wrong with JSON text that starts at the line of `place`, and where: the standard library tells."""
    first = place.line or 1
    try:
        written = text.decode()
        value = json.loads(written, parse_constant=_refuse)
    except UnicodeDecodeError as bad:
        return _bad_byte(place, text, bad)
    except json.JSONDecodeError as bad:
        source = written.split("\n")[bad.lineno - 1].rstrip("\r")
        expected = None
        if is_list and bad.msg == "Extra data":
            expected = "one list of objects; a file with an object per line ends in .jsonl"
        spot = Place(place.file, first + bad.lineno - 1, bad.colno, source)
        return SuiteError(f"not valid JSON: {bad.msg}", spot, expected=expected)
    except RecursionError:
        return SuiteError("nested too deep to be read", place)
    except ValueError as bad:
        return SuiteError(f"not valid JSON: {bad}", place)
    if is_list and not isinstance(value, list):
        return SuiteError(f"expected a list of objects, found {_kind(value)}", place)
    # What the standard library takes and msgspec does not.
    return SuiteError("not valid JSON: a number out of range or half a surrogate pair", place)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON value")


def _bad_byte(place: Place, text: bytes, error: UnicodeDecodeError) -> SuiteError:
    before = text[: error.start].decode().split("\n")
    spot = Place(place.file, (place.line or 1) + len(before) - 1, len(before[-1]) + 1)
    return SuiteError(f"not UTF-8: byte 0x{text[error.start]:02x}", spot, expected="a file saved as UTF-8")
