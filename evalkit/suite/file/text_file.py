"""Text files that belong to a suite, read as UTF-8 with errors that name the spot."""

from __future__ import annotations

import re
from pathlib import Path

from evalkit.errors import Place, SuiteError
from evalkit.rows.pointer import is_pointer, pointer_error

LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line in YAML 1.1, so that our line numbers are libyaml's."""


def read_text(path: Path, max_bytes: int | None = None) -> str:
    """A UTF-8 file as text without its byte order mark. Raises SuiteError naming a line that is not UTF-8."""
    place = Place(path)
    try:
        with path.open("rb") as file:
            raw = file.read() if max_bytes is None else file.read(max_bytes + 1)
    except FileNotFoundError:
        siblings = path.parent.glob("*") if path.parent.is_dir() else ()
        raise SuiteError("no such file", place, near=(path.name, (s.name for s in siblings))) from None
    except OSError as error:
        raise SuiteError(f"cannot be read: {error.strerror or error}", place) from None
    if max_bytes is not None and len(raw) > max_bytes:
        raise SuiteError(f"larger than {max_bytes:,} bytes", place, expected="a suite file")
    if is_pointer(raw):
        raise pointer_error(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        lines = LINE_BREAK.split(before)
        raise SuiteError(
            f"not UTF-8: byte 0x{raw[error.start]:02x}",
            Place(path, len(lines), len(lines[-1]) + 1),
            expected="a file saved as UTF-8",
        ) from None


def line_of(path: Path, line: int) -> Place:
    """The start of a line, from 1, of a text file. Raises SuiteError as `read_text`."""
    lines = read_text(path).splitlines()
    return Place(path, line, 1, lines[line - 1] if 0 < line <= len(lines) else "")
