"""The rows of a local file, whatever its format and compression.

Local files are read directly: importing `datasets` costs more than most runs, and its guesses at types would change
the rows (`NA` to null, `007` to 7).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

from evalkit.errors import Place, SuiteError
from evalkit.rows.formats import COMPRESSED, format_of
from evalkit.rows.json_files import json_list_rows, jsonl_rows
from evalkit.rows.parquet import parquet_rows
from evalkit.rows.pointer import refuse_pointer
from evalkit.rows.row import Notes, Rows, one_line
from evalkit.rows.separated import csv_rows, tsv_rows

Reader = Callable[[Callable[[], IO[bytes]], Path, bool | None, Notes], Rows]

_READERS: dict[str, Reader] = {
    ".jsonl": jsonl_rows,
    ".ndjson": jsonl_rows,
    ".json": json_list_rows,
    ".csv": csv_rows,
    ".tsv": tsv_rows,
    ".parquet": parquet_rows,
}
READABLE = tuple(_READERS)


def file_rows(path: Path, quoting: bool | None = None, notes: Notes | None = None) -> Rows:
    """All rows in order, each with its place.

    The line of a place is where the row starts in a file of lines, and the row's number, from 1, in a JSON list and in
    Parquet. `quoting` tells whether quotation marks enclose cells of a table; None: by its ending. `notes` takes lines
    on what was read otherwise than written. Raises SuiteError for everything that keeps a row from being read.
    """
    ending = format_of(path)
    reader = _READERS.get(ending)
    if reader is None:
        problem = f"cannot read {ending}" if ending else "cannot tell the format"
        expected = f"an ending of {', '.join(READABLE)}; compressed, {' or '.join(COMPRESSED)} after it"
        raise SuiteError(problem, Place(path), expected=expected)
    try:
        refuse_pointer(path)
        yield from reader(lambda: _opened(path), path, quoting, [] if notes is None else notes)
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
