"""Patterns of `form: regex`: a text must not be able to keep one busy."""

from __future__ import annotations

import re
from time import monotonic
from typing import Any

import regex

from evalkit.errors import SuiteMistake
from evalkit.forms.reading import PATTERN_SECONDS

_HEAD = re.compile(r"\A(\(\?[a-zA-Z]+\))?(?:\^|\\A)")
_TAIL = re.compile(r"(?<!\\)((?:\\\\)*)(?:\$|\\[zZ])\Z")


class AnswerPattern:
    """A pattern with a group `answer`. Raises SuiteMistake at construction.

    Both ways of using it raise TimeoutError after 0.1 s.
    """

    def __init__(self, pattern: str) -> None:
        self._exact = _compiled(pattern)
        self._loose = _compiled(_TAIL.sub(r"\1", _HEAD.sub(r"\1", pattern, count=1)))

    def whole(self, text: str) -> str | None:
        """The answer where the whole text matches, None where it does not or the group took no part."""
        match = self._exact.fullmatch(text, timeout=PATTERN_SECONDS)
        return None if match is None else match["answer"]

    def last(self, text: str) -> str | None:
        """The answer of the last match anywhere in the text; the pattern's outer anchors do not count."""
        found: str | None = None
        deadline = monotonic() + PATTERN_SECONDS
        for match in self._loose.finditer(text, timeout=PATTERN_SECONDS):
            if match["answer"] is not None:
                found = match["answer"]
            if monotonic() > deadline:  # the library's own limit starts anew with every match
                raise TimeoutError
        return found


def _compiled(pattern: str) -> Any:
    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise SuiteMistake(("output",), f"output pattern: {error}") from None
    if "answer" not in compiled.groupindex:
        raise SuiteMistake(("output",), "output pattern: it needs a group named answer: (?P<answer>…)")
    return compiled
