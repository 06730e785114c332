"""Copies of chosen rows as JSONL, byte for byte where the original is JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from evalkit.workflows.init.columns import encode
from evalkit.workflows.init.survey import FileRows, read_rows

_BOM = b"\xef\xbb\xbf"


def copy_rows(rows: FileRows, sides: bytearray, outputs: Mapping[int, BinaryIO], renamed: Mapping[str, str]) -> None:
    """Write every usable row to the file of its side, in the order of the original.

    A row of JSON keeps its numbers, escapes and order of keys as they were written, also where columns are
    `renamed`; of a pretty-printed one the white space goes. Raises SuiteError where the original cannot be
    read again, OSError where a copy cannot be written.
    """
    wanted = iter(zip(rows.lines, sides, strict=True))
    line, side = next(wanted, (0, 0))
    for number, raw in _raw_rows(rows.path):
        if number != line:
            continue
        if side in outputs:
            outputs[side].write((_renamed(raw, renamed) if renamed else raw) + b"\n")
        line, side = next(wanted, (0, 0))


def _raw_rows(path: Path) -> Iterator[tuple[int, bytes]]:
    """Rows as JSON on one line, with the numbers that `read_rows` gives them."""
    ending = path.suffix.lower()
    if ending in (".jsonl", ".ndjson"):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield number, line.removeprefix(_BOM).strip(b" \t\r\n")
    elif ending == ".json":
        for number, raw in enumerate(msgspec.json.decode(path.read_bytes(), type=list[msgspec.Raw]), 1):
            row = bytes(raw)
            yield number, msgspec.json.format(row, indent=-1) if b"\n" in row or b"\r" in row else row
    else:
        for place, values in read_rows(path):
            yield place.line or 0, encode(values)


def _renamed(raw: bytes, renamed: Mapping[str, str]) -> bytes:
    row = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return encode({renamed.get(name, name): value for name, value in row.items()})
