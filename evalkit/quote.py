"""Foreign text quoted without harm: hidden characters escaped, keys masked, cut to what a line holds."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_LONGEST_LINE = 100
_LONGEST_WORD = 200

# What shows nothing, or moves what stands beside it: control, format (bidi overrides among them), surrogate and
# private characters, line and paragraph separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_SHORT_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}

# What must not be echoed even where it was typed into the suite: keys and the passwords of URLs.
_TOKENS = (
    re.compile(r"\b((?:sk|pk|rk|hf|gh[a-z]|xox[a-z])[-_][A-Za-z0-9_-]{8,})"),
    re.compile(r"://[^/\s:@]*:([^@\s/]+)@"),
)
_ENTRIES = (
    re.compile(r"(?:api[-_]?key|token|secret|password|authorization)[\"']?\s*:\s*[\"']?([^\s\"',}#]+)", re.I),
    re.compile(r"api_key_env[\"']?\s*+:\s*+[\"']?+(?!\$|[A-Za-z_][A-Za-z0-9_]*+[\"']?\s*(?:$|[,}#]))([^\"',}#]+)"),
)


def visible(text: str) -> str:
    r"""The text with every hidden character written as an escape: `\n`, `\x1b`, `\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _HIDDEN_CATEGORIES else c for c in text)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word` (case and - against _ forgiven), or None where none is close."""
    by_fold = {_fold(candidate): candidate for candidate in reversed(list(candidates))}
    close = difflib.get_close_matches(_fold(word[:_LONGEST_WORD]), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def safe(text: str) -> str:
    """`text` to be shown in a terminal: control characters escaped, keys and passwords masked."""
    return visible(_masked(text, _TOKENS))


def excerpt(line: str, column: int) -> tuple[str, int]:
    """The printable line of a file, cut around the column where it is long, and the cells before the column."""
    line = _masked(line, _TOKENS + _ENTRIES)
    start = max(0, min(column - 1 - _LONGEST_LINE // 2, len(line) - _LONGEST_LINE))
    before, after = line[start : column - 1], line[column - 1 : start + _LONGEST_LINE]
    head = ("…" if start else "") + visible(before)
    tail = visible(after) + ("…" if start + _LONGEST_LINE < len(line) else "")
    return head + tail, _width(head)


def shortest(file: Path) -> str:
    """The path as given or relative to the working directory, whichever is shorter."""
    try:
        relative = os.path.relpath(file)
    except (OSError, ValueError):  # no working directory; another drive
        return str(file)
    return min(str(file), relative, key=len)


def _masked(text: str, patterns: Iterable[re.Pattern[str]]) -> str:
    """Secrets replaced by as many stars, so that columns stay true."""
    for pattern in patterns:
        text = pattern.sub(
            lambda m: m[0][: m.start(1) - m.start()] + "*" * len(m[1]) + m[0][m.end(1) - m.start() :], text
        )
    return text


def _fold(word: str) -> str:
    return word.casefold().replace("-", "_").replace(" ", "_")


def _width(text: str) -> int:
    """Terminal cells: two for East Asian wide characters, none for combining ones."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _escape(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short:
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
