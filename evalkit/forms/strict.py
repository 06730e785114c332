"""The strict reading: the exact form that the suite asks for, and no repair of any kind."""

from __future__ import annotations

from typing import Any

from evalkit.forms.reading import Reader, Reading
from evalkit.forms.text.json_text import NotJson, canonical, decode
from evalkit.forms.text.notes import shown, storable
from evalkit.forms.text.pattern import SECONDS, AnswerPattern
from evalkit.forms.text.schema_check import SchemaCheck
from evalkit.records.output import Output

TOO_SLOW = f"the pattern took longer than {SECONDS} s"
_EMPTY = Reading(None, "empty answer")
_NATIVE_KEY = "label"


def strict_reader(output: Output) -> Reader:
    """The reader of this output form.

    Raises SchemaProblem or PatternProblem where the form is wrong in itself, ValueError where it is
    incomplete.
    """
    if output.form == "label":
        if not output.labels:
            raise ValueError("form label needs labels")
        return NativeLabels(output.labels) if output.enforce == "native" else Labels(output.labels)
    if output.form == "json":
        return Json(output)
    if output.form == "regex":
        if output.pattern is None:
            raise ValueError("form regex needs a pattern")
        return Pattern(output.pattern)
    return Text()


class Labels:
    """The text is one of the labels, to the last character."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self._readings = {label: Reading(label) for label in labels}

    def read(self, text: str) -> Reading:
        """The label, or why the text is none."""
        found = self._readings.get(text)
        if found is not None:
            return found
        if not text:
            return _EMPTY
        return Reading(None, f"not one of {len(self._readings)} labels: {shown(text, 50)}")


class NativeLabels:
    """The text is the JSON object {"label": one of the labels}, with no other key."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self._labels = Labels(labels)

    def read(self, text: str) -> Reading:
        """The label inside, or why there is none."""
        try:
            value = decode(text)
        except NotJson as error:
            return Reading(None, str(error))
        if not isinstance(value, dict):
            return Reading(None, "not an object")
        if _NATIVE_KEY not in value:
            return Reading(None, "missing property 'label'")
        label = value[_NATIVE_KEY]
        if len(value) > 1:
            extra = next(key for key in value if key != _NATIVE_KEY)
            return Reading(None, f"unexpected property {shown(extra, 40)}")
        if not isinstance(label, str):
            return Reading(None, "'label': not of type string")
        return self._labels.read(label)


class Json:
    """The text is one JSON value that conforms to the schema; the answer is a field of it, or all of it."""

    def __init__(self, output: Output) -> None:
        self._check = None if output.schema is None else SchemaCheck(output.schema)
        self._extract = output.task == "extract"
        self._field = None if self._extract else output.answer

    def read(self, text: str) -> Reading:
        """The answer as canonical text; for extraction the object too."""
        try:
            value = decode(text)
        except NotJson as error:
            return Reading(None, str(error))
        problem = None if self._check is None else self._check.problem(value)
        return self._answer(value) if problem is None else Reading(None, problem)

    def _answer(self, value: Any) -> Reading:
        if (self._extract or self._field is not None) and not isinstance(value, dict):
            return Reading(None, "not an object")
        if self._field is None:
            return Reading(canonical(value), None, value)
        if self._field not in value:
            return Reading(None, f"missing property {shown(self._field, 40)}")
        return Reading(canonical(value[self._field]))


class Pattern:
    """The whole text matches the pattern; the answer is its group `answer`."""

    def __init__(self, pattern: str) -> None:
        self._pattern = AnswerPattern(pattern)

    def read(self, text: str) -> Reading:
        """What the group holds; a pattern that takes longer than 0.1 s counts as not matched."""
        try:
            answer = self._pattern.whole(text)
        except TimeoutError:
            return Reading(None, TOO_SLOW)
        if answer is None:
            return Reading(None, f"does not match the pattern: {shown(text, 50)}") if text else _EMPTY
        return Reading(storable(answer))


class Text:
    """Any text that is more than white space."""

    def read(self, text: str) -> Reading:
        """The text itself."""
        return Reading(storable(text)) if text.strip() else _EMPTY
