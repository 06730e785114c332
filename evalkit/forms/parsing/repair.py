"""A JSON object in a text that is not JSON: prose around it, single quotes, trailing commas, bare words.

A small reader with a fixed budget: 100 kB of opening braces kept a general repair library busy for 19 s.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from evalkit.forms.parsing.json_text import too_deep

_CANDIDATES = 8
_TOKENS = 10_000
_DEPTH = 50

_PLAIN = json.JSONDecoder()
_SPACE = re.compile(r"(?:\s+|//[^\n]*)*")
_QUOTED = {
    '"': re.compile(r'"([^"\\]*(?:\\(?:.|\Z)[^"\\]*)*)("|\Z)', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\(?:.|\Z)[^'\\]*)*)('|\Z)", re.DOTALL),
    "“": re.compile(r"“([^”]*)(”|\Z)"),
}
_BARE = re.compile(r"[^\s,:{}\[\]\"'“](?:(?!//)[^,:{}\[\]\"'“\n])*")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}


class _Hopeless(Exception):
    """This place of the text holds no object."""


class _Cut(Exception):
    """The text ends inside a value."""


def find_object(text: str, fits: Callable[[dict[str, Any]], bool] = bool) -> dict[str, Any] | None:
    """The first object in `text` that `fits`, else the first that is not empty, else None. Never raises.

    Looks at the first 8 opening braces outside objects already read. An object that is cut short gives the
    members that were complete.
    """
    first: dict[str, Any] | None = None
    start, end = -1, 0
    reader = _Reader(text)
    for _ in range(_CANDIDATES):
        start = text.find("{", max(start + 1, end))
        if start < 0:
            break
        found, end = _object_at(text, start, reader)
        if found and fits(found):
            return found
        first = first or found or None
    return first


def _object_at(text: str, start: int, reader: _Reader) -> tuple[dict[str, Any] | None, int]:
    try:
        value, end = _PLAIN.raw_decode(text, start)
    except (ValueError, RecursionError):
        return reader.read(start)
    return (None, end) if too_deep(value) else (value, end)


class _Reader:
    """A recursive descent that moves forward only and gives up after 10,000 tokens in all."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._tokens = 0

    def read(self, start: int) -> tuple[dict[str, Any] | None, int]:
        self._at = start
        try:
            return self._object(0), self._at
        except (_Hopeless, _Cut):
            return None, start + 1

    def _peek(self) -> str:
        """The next character that is not space or a comment; empty at the end."""
        self._tokens += 1
        if self._tokens > _TOKENS:
            raise _Hopeless
        space = _SPACE.match(self._text, self._at)
        if space is not None:
            self._at = space.end()
        return self._text[self._at : self._at + 1]

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._at += 1
        while True:
            head = self._peek()
            if head in ("}", ""):
                self._at += 1
                return found
            if head == ",":
                self._at += 1
                continue
            try:
                key = self._key(head)
                if self._peek() not in (":", "="):
                    raise _Hopeless
                self._at += 1
                found[key] = self._value(depth)
            except _Cut:
                return found

    def _key(self, head: str) -> str:
        return self._string(head) if head in _QUOTED else self._bare()

    def _value(self, depth: int) -> Any:
        head = self._peek()
        if not head:
            raise _Cut
        if head in "{[":
            if depth >= _DEPTH:
                raise _Hopeless
            return self._object(depth + 1) if head == "{" else self._list(depth + 1)
        if head in _QUOTED:
            return self._string(head)
        return _literal(self._bare())

    def _list(self, depth: int) -> list[Any]:
        found: list[Any] = []
        self._at += 1
        while True:
            head = self._peek()
            if head in ("]", ""):
                self._at += 1
                return found
            if head == ",":
                self._at += 1
                continue
            try:
                found.append(self._value(depth))
            except _Cut:
                return found

    def _string(self, quote: str) -> str:
        match = _QUOTED[quote].match(self._text, self._at)
        if match is None or not match[2]:
            raise _Cut
        self._at = match.end()
        return _unescaped(match[1])

    def _bare(self) -> str:
        match = _BARE.match(self._text, self._at)
        if match is None:
            raise _Hopeless
        self._at = match.end()
        if self._at == len(self._text):
            raise _Cut
        return match[0].strip()


def _unescaped(raw: str) -> str:
    if "\\" not in raw:
        return raw
    try:
        return str(json.loads(f'"{_escaped_quotes(raw)}"', strict=False))
    except ValueError:
        return raw


def _escaped_quotes(raw: str) -> str:
    return raw.replace("\\'", "'").replace('\\"', '"').replace('"', '\\"')


def _literal(word: str) -> Any:
    lowered = word.casefold()
    if lowered in _WORDS:
        return _WORDS[lowered]
    try:
        return _PLAIN.decode(word)
    except ValueError:
        return word
