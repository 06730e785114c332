"""The one error that a user of a suite sees: where it is, what was found, what was expected, what is near."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LONGEST_LINE = 100
_LONGEST_WORD = 200

# Control and format characters (bidi overrides among them), surrogates and line separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# What must not be echoed even where it was typed into the suite: keys and the passwords of URLs.
_TOKENS = (
    re.compile(r"\b((?:sk|pk|rk|hf|gh[a-z]|xox[a-z])[-_][A-Za-z0-9_-]{8,})"),
    re.compile(r"://[^/\s:@]*:([^@\s/]+)@"),
)
_ENTRIES = (
    re.compile(r"(?:api[-_]?key|token|secret|password|authorization)[\"']?\s*:\s*[\"']?([^\s\"',}#]+)", re.I),
    re.compile(r"api_key_env[\"']?\s*+:\s*+[\"']?+(?!\$|[A-Za-z_][A-Za-z0-9_]*+[\"']?\s*(?:$|[,}#]))([^\"',}#]+)"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file. `line` and `column` count from 1 in characters; `text` is that whole line."""

    file: Path
    line: int | None = None
    column: int | None = None
    text: str | None = None


class SuiteError(Exception):
    """The suite or its data is wrong (exit code 2).

    `problem` says what was found, `expected` what would be right, `hint` the nearest right thing to what
    was written, and `more` counts the further problems that are not shown. Text taken from files may
    be given as it is: `render` escapes it.
    """

    def __init__(
        self,
        problem: str,
        place: Place | None = None,
        *,
        expected: str | None = None,
        hint: str | None = None,
        more: int = 0,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = place
        self.expected = expected
        self.hint = hint
        self.more = more

    @property
    def file(self) -> Path | None:
        """The file at fault, where there is one."""
        return self.place.file if self.place else None

    @property
    def line(self) -> int | None:
        """Counted from 1."""
        return self.place.line if self.place else None

    @property
    def column(self) -> int | None:
        """Counted from 1, in characters."""
        return self.place.column if self.place else None

    def __str__(self) -> str:
        """Position and problem on one line."""
        return f"{self._location()}{_safe(self.problem)}"

    def render(self, color: bool = False) -> str:
        """The whole message on several lines, safe to print: control characters escaped, keys masked."""
        red, green, bold, off = ("\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m") if color else ("",) * 4
        lines = [f"{bold}{self._location()}{off}{red}{_safe(self.problem)}{off}"]
        if self.place and self.place.text is not None and self.place.line and self.place.column:
            source, offset = _excerpt(self.place.text, self.place.column)
            gutter = f"{self.place.line:>5} | "
            lines += [gutter + source, " " * (len(gutter) - 2) + "| " + " " * offset + f"{red}^{off}"]
        if self.expected:
            lines.append(f"expected: {_safe(self.expected)}")
        if self.hint:
            lines.append(f"did you mean {green}`{_safe(self.hint)}`{off}?")
        if self.more:
            lines.append(f"(+{self.more} more problem{'s' if self.more > 1 else ''})")
        return "\n".join(lines)

    def _location(self) -> str:
        if self.place is None:
            return ""
        numbers = [str(n) for n in (self.place.line, self.place.column) if n is not None]
        return _safe(":".join([_shortest(self.place.file), *numbers])) + ": "


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word` (case and - against _ forgiven), or None where none is close."""
    by_fold = {_fold(candidate): candidate for candidate in reversed(list(candidates))}
    found = difflib.get_close_matches(_fold(word[:_LONGEST_WORD]), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def visible(text: str) -> str:
    """`text` with control, format and surrogate characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _HIDDEN_CATEGORIES else c for c in text)


def _escape(character: str) -> str:
    short = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(character)
    if short:
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _masked(text: str, patterns: Iterable[re.Pattern[str]]) -> str:
    """Secrets replaced by as many stars, so that columns stay true."""
    for pattern in patterns:
        text = pattern.sub(
            lambda m: m[0][: m.start(1) - m.start()] + "*" * len(m[1]) + m[0][m.end(1) - m.start() :], text
        )
    return text


def _safe(text: str) -> str:
    return visible(_masked(text, _TOKENS))


def _fold(word: str) -> str:
    return word.casefold().replace("-", "_").replace(" ", "_")


def _width(text: str) -> int:
    """Terminal cells: two for East Asian wide characters, none for combining ones."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _excerpt(line: str, column: int) -> tuple[str, int]:
    """The printable line, cut around the column where it is long, and the cells before the column."""
    line = _masked(line, _TOKENS + _ENTRIES)
    start = max(0, min(column - 1 - _LONGEST_LINE // 2, len(line) - _LONGEST_LINE))
    before, after = line[start : column - 1], line[column - 1 : start + _LONGEST_LINE]
    head = ("…" if start else "") + visible(before)
    tail = visible(after) + ("…" if start + _LONGEST_LINE < len(line) else "")
    return head + tail, _width(head)


def _shortest(file: Path) -> str:
    """The path as given or relative to the working directory, whichever is shorter."""
    try:
        relative = os.path.relpath(file)
    except (OSError, ValueError):  # no working directory; another drive
        return str(file)
    return min(str(file), relative, key=len)
