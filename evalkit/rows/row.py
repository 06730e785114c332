"""What every reader of rows shares: a row with its place, and a short reason why one cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.errors import Place, SuiteError

_LONGEST_REASON = 300

Row = Mapping[str, Any]
Rows = Iterator[tuple[Place, Row]]
Notes = list[str]

BOM = b"\xef\xbb\xbf"


def one_line(error: BaseException) -> str:
    """An error as a short line, without the file's name, which the place tells."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(reason.split())[:_LONGEST_REASON] or type(error).__name__


def distinct(header: list[str], place: Place) -> list[str]:
    """The names of columns. Raises SuiteError where one is given twice."""
    twice = next((name for i, name in enumerate(header) if name in header[:i]), None)
    if twice is not None:
        raise SuiteError(f"the column {twice!r} is given twice", place, expected="distinct column names")
    return header
