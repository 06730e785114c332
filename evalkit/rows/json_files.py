"""Rows of JSON Lines and of a JSON list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from evalkit.errors import Place, SuiteError
from evalkit.rows.bad_bytes import bad_byte
from evalkit.rows.row import BOM, Notes, Row, Rows


def jsonl_rows(opened: Callable[[], IO[bytes]], path: Path, quoting: bool | None, notes: Notes) -> Rows:
    """An object per line."""
    decode = msgspec.json.Decoder().decode
    with opened() as file:
        for number, line in enumerate(_lines(file), 1):
            if number == 1:
                line = line.removeprefix(BOM)
            if not line or line.isspace():
                continue
            try:
                row = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise json_error(Place(path, number), line) from None
            place = Place(path, number)
            yield place, as_row(row, place)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines that end with a line feed, or as old Macs wrote them: JSON itself has no carriage return in a text."""
    for line in file:
        if b"\r" in line[:-2]:
            yield from line.removesuffix(b"\n").removesuffix(b"\r").split(b"\r")
        else:
            yield line


def has_line_feeds(path: Path) -> bool:
    """Whether the first line of a file holds no carriage return but at its end."""
    with path.open("rb") as file:
        return b"\r" not in file.readline()[:-2]


def json_list_rows(opened: Callable[[], IO[bytes]], path: Path, quoting: bool | None, notes: Notes) -> Rows:
    """A list of objects. The text is held while it is read; of the rows, only one at a time."""
    with opened() as file:
        data = file.read().removeprefix(BOM)
    try:
        for number, raw in enumerate(msgspec.json.decode(data, type=list[msgspec.Raw]), 1):
            place = Place(path, number)
            yield place, as_row(msgspec.json.decode(raw), place)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise json_error(Place(path, 1), data, is_list=True) from None


def as_row(row: Any, place: Place) -> Row:
    """A row is an object. Raises SuiteError for anything else."""
    if not isinstance(row, dict):
        raise SuiteError(f"expected an object with columns, found {_kind(row)}", place)
    return row


def json_error(place: Place, text: bytes, is_list: bool = False) -> SuiteError:
    """What is wrong with JSON text that starts at the line of `place`, and where: the standard library tells."""
    first = place.line or 1
    try:
        written = text.decode()
        value = json.loads(written, parse_constant=_refuse)
    except UnicodeDecodeError as bad:
        return bad_byte(place, text, bad)
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


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON value")
