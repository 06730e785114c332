"""`form: label`: the answer is one of the labels and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.errors import NotJson
from evalkit.forms.base import Form, as_json
from evalkit.forms.keys import REQUIRED_LABELS
from evalkit.forms.parsing.alike import alike
from evalkit.forms.parsing.answer_in_text import AnswerInText
from evalkit.forms.parsing.json_text import decode
from evalkit.forms.parsing.notes import shown
from evalkit.forms.parsing.vocabulary import Vocabulary
from evalkit.forms.reading import EMPTY, Reader, Reading
from evalkit.records.output import Output
from evalkit.records.sample import Target

_NATIVE_KEY = "label"


class LabelForm(Form):
    """The bare label; where a provider enforces it, the object {"label": one of the labels}."""

    name = "label"
    words = "labels"
    keys = (REQUIRED_LABELS,)
    max_tokens = 64
    enforceable = True

    def strict(self, output: Output) -> Reader:
        """The label to the last character."""
        if not output.labels:
            raise ValueError("form label needs labels")
        return NativeLabels(output.labels) if output.enforce == "native" else Labels(output.labels)

    def lenient(self, output: Output) -> Reader:
        """A label in whatever stands around it."""
        return AnswerInText(_NATIVE_KEY, Vocabulary(output.labels))

    def native_schema(self, output: Output) -> Mapping[str, Any] | None:
        """One label of the vocabulary in an object, because providers enforce objects only."""
        return {
            "type": "object",
            "properties": {_NATIVE_KEY: {"type": "string", "enum": list(output.labels)}},
            "required": [_NATIVE_KEY],
            "additionalProperties": False,
        }

    def stop(self, output: Output) -> tuple[str, ...]:
        """The end of the line, where the label stands bare and none has several lines."""
        several = any("\n" in label for label in output.labels)
        return ("\n",) if output.enforce == "prompt" and not several else ()

    def example(self, output: Output, target: Target, cell: Any) -> str:
        """The label, in its object where that is enforced."""
        if output.enforce == "native":
            return as_json({_NATIVE_KEY: target})
        return super().example(output, target, cell)


class Labels:
    """The text is one of the labels, to the last character that can be seen."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self._readings = {alike(label): Reading(label) for label in labels}

    def read(self, text: str) -> Reading:
        """The label, or why the text is none."""
        reading = self._readings.get(alike(text))
        if reading is not None:
            return reading
        if not text:
            return EMPTY
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
