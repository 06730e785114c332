"""The lenient reading of one value: what a text says when its form is forgiven. It tells format from content."""

from __future__ import annotations

from typing import Any

from evalkit.forms.parsing.clean import answer_text, prepared
from evalkit.forms.parsing.json_text import canonical
from evalkit.forms.parsing.notes import storable
from evalkit.forms.parsing.repair import find_object
from evalkit.forms.parsing.vocabulary import Vocabulary
from evalkit.forms.reading import Reading

# Where a model names the field its own way.
_ALIASES = (
    "answer",
    "label",
    "category",
    "class",
    "classification",
    "intent",
    "prediction",
    "result",
    "output",
)
_LONGEST_BARE_ANSWER = 200


class AnswerInText:
    """A label, or a JSON field, in whichever of the two forms and whatever else stands around it."""

    def __init__(self, field: str | None, vocabulary: Vocabulary | None) -> None:
        self._field = field
        self._vocabulary = vocabulary

    def read(self, text: str) -> Reading:
        """First the whole text as a label, then a field of an object in it, then a label named in it."""
        text = prepared(text)
        if self._vocabulary is not None and (whole := self._vocabulary.match(text)) is not None:
            return Reading(whole)
        found = find_object(text, lambda value: self._member(value) is not None)
        answer = None if found is None else self._member(found)
        if answer is not None:
            return Reading(storable(answer))
        if self._vocabulary is not None:
            return Reading(self._vocabulary.find(text))
        bare = answer_text(text)
        fits = found is None and bool(bare) and len(bare) <= _LONGEST_BARE_ANSWER and "\n" not in bare
        return Reading(storable(bare) if fits else None)

    def _member(self, value: dict[str, Any]) -> str | None:
        """The answer in an object: its field, a field of a like name, or its only value."""
        if self._field is None and self._vocabulary is None:
            return canonical(value)
        folded = {key.casefold(): inner for key, inner in value.items()}
        names = _ALIASES if self._field is None else (self._field.casefold(), *_ALIASES)
        inner = next((folded[name] for name in names if name in folded), None)
        if inner is None and len(value) == 1:
            inner = next(iter(value.values()))
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]
        if inner is None or isinstance(inner, (dict, list)):
            return None
        said = canonical(inner)
        return said if self._vocabulary is None else self._vocabulary.match(said)
