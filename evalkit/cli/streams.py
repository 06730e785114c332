"""Standard output and standard error that take whatever is printed.

A terminal, or a file that output is redirected to, may not know a character; whoever reads a pipe may have read enough.
Neither is a reason for a command to fail, or to lose its exit code.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
import unicodedata
from typing import Any, TextIO

_HANDLER = "evalkit.plain"
_PLAIN = {
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "–": "-",
    "—": "--",
    "−": "-",
    "…": "...",
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": "'",
    "’": "'",
    "×": "x",
    "÷": "/",
    "→": "->",
    "←": "<-",
    "·": ".",
    "•": "*",
    "±": "+-",
    "€": "EUR",
    "▲": "^",
    "▼": "v",
    "∫": "S",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\u2011": "-",
    **dict(zip("▁▂▃▄▅▆▇█", "_.-=+oO#", strict=True)),
    **dict.fromkeys("─━═", "-"),
    **dict.fromkeys("│┃║", "|"),
}


def prepare_streams() -> None:
    """Make both streams gentle. What cannot be encoded is written plainly, a reader that left is no error.

    Called once, before anything is printed; a stream that was closed from the start takes everything.
    """
    codecs.register_error(_HANDLER, _plainly)
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        setattr(sys, name, open(os.devnull, "w", encoding="utf-8") if stream is None else _gentle(stream))  # noqa: SIM115
    if sys.stdin is not None and hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")


def print_json(data: Any, indent: int | None = None) -> None:
    """One JSON object on standard output, in UTF-8 whatever the terminal's own encoding is."""
    print_document(json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent) + "\n")


def print_document(text: str) -> None:
    """A text that programs read, in UTF-8. Half of a surrogate pair becomes an escape, as JSON and YAML write it."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # somebody else's stream, without an encoding of its own
        sys.stdout.write(text)
        return
    buffer.write(text.encode("utf-8", "backslashreplace"))
    buffer.flush()


def flush_streams() -> str | None:
    """Write out what is held back; why that fails, where it does, and then nothing is tried again."""
    problem = None
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (OSError, ValueError) as error:
            problem = f"standard {'output' if name == 'stdout' else 'error'} cannot be written: {_reason(error)}"
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    return problem


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding does not have: like ones of ASCII, else their escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    if "\u2500" <= character <= "\u257f":
        return "+"
    same = unicodedata.normalize("NFKC", character)
    return same if same.isascii() else character.encode("ascii", "backslashreplace").decode("ascii")


def _gentle(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # a test's, a notebook's
    if stream.isatty():
        stream.reconfigure(errors=_HANDLER)
        return stream
    try:
        raw = _Pipe(stream.fileno(), "wb", closefd=False)
    except (OSError, ValueError):
        return stream
    return io.TextIOWrapper(
        raw if stream.write_through else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=_HANDLER,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Pipe(io.FileIO):
    """What is written after the reader has left goes nowhere."""

    def write(self, data: Any, /) -> int:
        """Write, or let it go."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes
