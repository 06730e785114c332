"""Where a file is not UTF-8."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

from evalkit.errors import Place, SuiteError


def bad_byte(place: Place, text: bytes, error: UnicodeDecodeError) -> SuiteError:
    """The byte at fault in a text that starts at `place`."""
    before = text[: error.start].decode().split("\n")
    spot = Place(place.file, (place.line or 1) + len(before) - 1, len(before[-1]) + 1)
    return SuiteError(f"not UTF-8: byte 0x{text[error.start]:02x}", spot, expected="a file saved as UTF-8")


def first_bad_byte(opened: Callable[[], IO[bytes]], path: Path) -> SuiteError:
    """Where the first line that is not UTF-8 is; a text stream decodes blocks and cannot tell."""
    with opened() as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return bad_byte(Place(path, number), line, error)
    return SuiteError("not UTF-8", Place(path))
