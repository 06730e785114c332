"""Finding one of a closed set of labels in a text that is not exactly a label."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from evalkit.forms.parsing.alike import alike
from evalkit.forms.parsing.clean import unfenced, unprefixed
from evalkit.forms.parsing.compare import undecorated

# Scripts that do not put spaces between words are read character by character.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]")
_SEPARATORS = re.compile(r"[\s_\-]+")
_CUES = frozenset(
    ("answer", "label", "category", "class", "classification", "intent", "prediction", "result", "verdict")
)
_LINKS = frozenset({":", "：", "=", ">", "is", "be"})
_FILLERS = frozenset({"the", "would", "should", "must", *"\"'`*#([{"})
_LOOK_BACK = 8
_MOST_LINES = 200
_FAR = 40_000

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class _Hit:
    label: str
    cued: bool
    weak: bool


class Vocabulary:
    """The labels of a suite, with the lenient ways of naming one.

    A text names a label when, in this order,

    1. the whole text is that label, whatever its case, its separators (space, hyphen, underscore), and the
       quotes, Markdown, code fence or punctuation around it or the "Label:" in front of it;
    2. a label stands right after a cue ("answer", "label", "category" … and ":" or "is"): the last such one;
    3. one or more whole lines (of the last 200) are a label, always the same one;
    4. exactly one label occurs in the text on word boundaries (longer labels first, none right after "not").

    Rules 2 to 4 look at the last 40,000 characters.

    Several different labels and no cue name none. A label of a single letter counts by 1 to 3 only, since
    "a" and "I" are words. Labels that differ only in case or separators are told apart by their exact
    spelling alone.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        labels = [alike(label) for label in labels]
        self.labels = frozenset(labels)
        self._longest = 2 * max(map(len, labels), default=0) + 200
        self._by_key = _unique_keys((_key(label), label) for label in labels)
        self._bare_by_key = _unique_keys((_key(undecorated(label)), label) for label in labels)
        forms = _unique_keys((tuple(_tokens(undecorated(label))), label) for label in labels)
        forms |= _unique_keys((tuple(_tokens(label)), label) for label in labels)
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for tokens, named in forms.items():
            if tokens and named is not None:
                self._by_first.setdefault(tokens[0], []).append((tokens, named))
        for candidates in self._by_first.values():
            candidates.sort(key=lambda form: -len(form[0]))

    def match(self, text: str) -> str | None:
        """The label that the whole text is (rule 1), or None."""
        if len(text) > self._longest:
            return None
        for reading in (text, unfenced(text), unprefixed(unfenced(text))):
            bare = alike(reading).strip()
            if bare in self.labels:
                return bare
            for table, key in (
                (self._by_key, _key(bare)),
                (self._by_key, _key(undecorated(bare))),
                (self._bare_by_key, _key(undecorated(bare))),
            ):
                found = table.get(key)
                if found is not None:
                    return found
        return None

    def find(self, text: str) -> str | None:
        """The label that the text names (rules 1 to 4), or None."""
        whole = self.match(text)
        if whole is not None:
            return whole
        text = text[-_FAR:]
        hits = self._hits(_tokens(text))
        cued = [hit.label for hit in hits if hit.cued]
        if cued:
            return cued[-1]
        return _only({*self._lines(text)}) or _only({hit.label for hit in hits if not hit.weak})

    def _lines(self, text: str) -> list[str]:
        lines = text.splitlines()[-_MOST_LINES:]
        return [label for line in lines if (label := self.match(line)) is not None]

    def _hits(self, tokens: list[str]) -> list[_Hit]:
        hits: list[_Hit] = []
        i = 0
        while i < len(tokens):
            for form, label in self._by_first.get(tokens[i], ()):
                if tuple(tokens[i : i + len(form)]) == form:
                    if i == 0 or tokens[i - 1] != "not":
                        weak = len(form) == 1 and len(form[0]) == 1 and form[0].isalpha()
                        hits.append(_Hit(label, _cued(tokens, i), weak))
                    i += len(form)
                    break
            else:
                i += 1
        return hits


def _key(text: str) -> str:
    return _SEPARATORS.sub(" ", alike(text).casefold()).strip()


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(_key(text))


def _unique_keys(pairs: Iterable[tuple[K, str]]) -> dict[K, str | None]:
    """Key to label; None where several labels share a key."""
    found: dict[K, str | None] = {}
    for key, label in pairs:
        found[key] = label if found.get(key, label) == label else None
    return found


def _only(labels: set[str]) -> str | None:
    return labels.pop() if len(labels) == 1 else None


def _cued(tokens: list[str], start: int) -> bool:
    """Whether a cue and a link (":", "is") stand before `start`, with only quotes and small words between."""
    linked = False
    for i in range(start - 1, max(-1, start - 1 - _LOOK_BACK), -1):
        token = tokens[i]
        if token in _CUES:
            return linked
        if token in _LINKS:
            linked = True
        elif token not in _FILLERS:
            return False
    return False
