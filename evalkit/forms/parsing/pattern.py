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
_GLOBAL_FLAGS = re.compile(r"\(\?([a-zA-Z0-9]+)\)")
_MORE_FLAGS = re.compile(r"\(\?[a-zA-Z0-9]*(?:[a-zA-Z0-9]|-[a-zA-Z])[:)]")
_GROUP = re.compile(r"\(\?P?<answer>")
_FIRST_IN_CLASS = re.compile(r"\^?\]?")  # a bracket that stands first in a class is text
# What looks beyond the group: a look-around, a boundary, an anchor, a reference, a condition.
_CONTEXT = re.compile(r"\(\?(?:<?[=!]|\(|P[=>]|[&R0-9])|\\[bBAZzKGRg1-9]|(?<![\\\[])[\^$]")


class AnswerPattern:
    """A pattern with a group `answer`. Raises SuiteMistake at construction.

    Both ways of using it raise TimeoutError after 0.1 s.
    """

    def __init__(self, pattern: str) -> None:
        self._exact = _compiled(pattern)
        self._groups = _answer_groups(pattern)
        self._loose = _compiled(_TAIL.sub(r"\1", _HEAD.sub(r"\1", pattern, count=1)))

    def whole(self, text: str) -> str | None:
        """The answer where the whole text matches, None where it does not or the group took no part."""
        match = self._exact.fullmatch(text, timeout=PATTERN_SECONDS)
        return None if match is None else match["answer"]

    def gives(self, text: str) -> bool:
        """Whether the text as a whole matches and is its own answer."""
        try:
            return self.whole(text) == text
        except TimeoutError:
            return False

    def may_hold(self, text: str) -> bool | None:
        """Whether some text could have this answer; None where the pattern does not tell by itself.

        What stands around the group `answer` is left out of account.
        """
        if self.gives(text):
            return True
        if not self._groups:
            return None
        try:
            return any(group.fullmatch(text, timeout=PATTERN_SECONDS) is not None for group in self._groups)
        except TimeoutError:
            return None

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


def _answer_groups(pattern: str) -> tuple[Any, ...]:
    """The groups named `answer`, each as a pattern of its own; none where one hangs on what stands around it."""
    flags = _GLOBAL_FLAGS.match(pattern)
    rest = pattern[flags.end() :] if flags else pattern
    if (flags and "x" in flags[1]) or _MORE_FLAGS.search(rest):
        return ()  # comments whose brackets are text, or flags that hold for a part
    groups = []
    for start in _GROUP.finditer(pattern):
        inside = _to_closing(pattern[start.end() :])
        if inside is None or _CONTEXT.search(inside):
            return ()
        try:
            groups.append(regex.compile((flags[0] if flags else "") + f"(?:{inside})"))
        except regex.error:
            return ()
    return tuple(groups)


def _to_closing(text: str) -> str | None:
    """The text up to the bracket that closes a group already open."""
    depth, in_class, i = 1, False, 0
    while i < len(text):
        c = text[i]
        if c == "\\":
            i += 1
        elif in_class:
            in_class = c != "]"
        elif c == "[":
            in_class = True
            i += len(_FIRST_IN_CLASS.match(text, i + 1)[0])  # type: ignore[index]  # it matches everywhere
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if not depth:
                return text[:i]
        i += 1
    return None


def _compiled(pattern: str) -> Any:
    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise SuiteMistake(("output",), f"output pattern: {error}") from None
    if "answer" not in compiled.groupindex:
        raise SuiteMistake(("output",), "output pattern: it needs a group named answer: (?P<answer>…)")
    return compiled
