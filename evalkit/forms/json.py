"""`form: json`: the answer is one JSON value that conforms to a schema, or a field of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evalkit.errors import NotJson
from evalkit.forms.base import Form, Key, TargetCheck, TargetText, as_json, no_single_value, plain
from evalkit.forms.keys import LABELS
from evalkit.forms.parsing.alike import alike_value
from evalkit.forms.parsing.answer_in_text import AnswerInText
from evalkit.forms.parsing.clean import prepared
from evalkit.forms.parsing.json_text import canonical, decode
from evalkit.forms.parsing.misfit import Misfit
from evalkit.forms.parsing.notes import shown, storable
from evalkit.forms.parsing.repair import find_object
from evalkit.forms.parsing.schema_types import SchemaTypes
from evalkit.forms.parsing.typed import ideal_object, typed_answer, typed_object
from evalkit.forms.parsing.vocabulary import Vocabulary
from evalkit.forms.reading import Reader, Reading
from evalkit.records.output import Output
from evalkit.records.sample import Target

_NULL_WORDS = frozenset({"nan", "null", "none", "nat", "<na>"})

if TYPE_CHECKING:
    from evalkit.forms.parsing.schema_check import SchemaCheck


class JsonForm(Form):
    """One JSON value. `answer` names the field that is judged; for extraction it is the whole object."""

    name = "json"
    words = "JSON values"
    keys = (
        LABELS,
        Key("schema", "schema: {path: answer.schema.json}", required=True),
        Key("answer", "answer: the field that holds it"),
    )
    enforceable = True

    def strict(self, output: Output) -> Reader:
        """The value alone, and the schema met. Raises SuiteMistake where the schema is none."""
        return StrictJson(output)

    def lenient(self, output: Output) -> Reader:
        """An object somewhere in the text, repaired where it must be; for a label also its mere name."""
        if output.task_facts.object_target:
            return ObjectInText()
        return AnswerInText(output.answer, Vocabulary(output.labels) if output.labels else None)

    def native_schema(self, output: Output) -> Mapping[str, Any] | None:
        """The suite's own schema."""
        return output.schema

    def example(self, output: Output, target: Target, cell: Any) -> str:
        """The target as an object; one value as the field that is the answer, in the type that the schema gives it."""
        return as_json(_Ideal(output).value(target, cell))

    def target_text(self, output: Output) -> TargetText:
        """A target is written as its value stands in the answer: `True` as true where the schema says boolean."""
        if output.answer is None or output.schema is None:
            return super().target_text(output)
        ideal = _Ideal(output)
        return lambda text: canonical(ideal.schema.typed_text(text, ideal.field))

    def target_check(self, output: Output) -> TargetCheck:
        """The target, or the field that is the answer, must conform to the schema; other fields may be needed too."""
        ideal, check = _Ideal(output), _schema_check(output.schema or {})

        def check_target(target: Target, cell: Any) -> Misfit | str | None:
            single = isinstance(target, str) and not ideal.schema.types(ideal.field) & {"array", "object"}
            if single and (several := no_single_value(str(target), cell)):
                return several
            value = plain(ideal.value(target, cell))
            if wrong := check.violations(value, output.answer if isinstance(target, str) else None):
                return wrong[0]
            return ideal.null_in_words(target) or (as_json(value) if check.conforms(value) else None)

        return check_target

    def guide(self, output: Output) -> str | None:
        """The schema's fields in words."""
        if output.schema is None:
            return None
        fields = output.schema.get("properties")
        if not isinstance(fields, Mapping) or not fields:
            return f"The answer is one JSON value that satisfies this JSON Schema: {_sorted(output.schema)}"
        required = output.schema.get("required")
        extra = " and no others" if output.schema.get("additionalProperties") is False else ""
        head = f"The answer is one JSON object, without fences or words around it, with these fields{extra}:"
        return "\n".join([head, *(_field(name, each, required or ()) for name, each in fields.items())])


class _Ideal:
    """Right answers as JSON values, of targets as their rows have them."""

    def __init__(self, output: Output) -> None:
        self.schema = SchemaTypes(output.schema)
        self._answer = output.answer
        self.field = self.schema.properties(self.schema.root).get(output.answer or "")

    def value(self, target: Target, cell: Any) -> Any:
        """An object of fields, or one value as the field that is the answer."""
        if not isinstance(target, str):
            return ideal_object(typed_object(target, self.schema), self.schema)
        if self._answer is None:
            return cell
        held = cell if isinstance(cell, str) else plain(cell)
        return {self._answer: typed_answer(target, held, self.field, self.schema)}

    def null_in_words(self, target: Target) -> Misfit | None:
        """A text such as `NaN` where null may stand: programs write it for an empty cell."""
        if isinstance(target, str):
            return None
        known = self.schema.properties(self.schema.root)
        for name, value in target.items():
            word = isinstance(value, str) and value.strip().casefold() in _NULL_WORDS
            if word and "null" in (types := self.schema.types(known.get(name))) and "string" in types:
                found = f"the field `{name}` is the text {value!r}, which is no null"
                return Misfit(found, "an empty cell where there is nothing", kind=f"null {name}", likely=True)
        return None


class StrictJson:
    """The text is one JSON value that conforms to the schema; the answer is a field of it, or all of it."""

    def __init__(self, output: Output) -> None:
        self._check = None if output.schema is None else _schema_check(output.schema)
        self._extract = output.task_facts.object_target
        self._field = None if self._extract else output.answer

    def read(self, text: str) -> Reading:
        """The answer as canonical text; for extraction the object too."""
        try:
            value = decode(text)
            if "\\u" in text or not text.isascii():
                value = alike_value(value)
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
        said = value[self._field]
        return Reading(None) if said is None else Reading(canonical(said))  # null is no answer, and no text "null"


class ObjectInText:
    """A JSON object somewhere in the text, repaired where it must be."""

    def read(self, text: str) -> Reading:
        """The object and its canonical text."""
        value = alike_value(find_object(prepared(text)))
        return Reading(None) if value is None else Reading(storable(canonical(value)), None, value)


def _schema_check(schema: Mapping[str, Any]) -> SchemaCheck:
    from evalkit.forms.parsing.schema_check import SchemaCheck  # its library loads in 10 ms: only where it is used

    return SchemaCheck(schema)


def _field(name: str, declared: Any, required: Sequence[str]) -> str:
    rest = dict(declared) if isinstance(declared, Mapping) else {}
    description = rest.pop("description", None)
    kind = rest.pop("type", None)
    words = [str(kind) if isinstance(kind, str) else _sorted(kind)] if kind else []
    words.append("required" if name in required else "may be left out")
    if options := rest.pop("enum", None):
        words.append("one of " + ", ".join(_sorted(option) for option in options))
    if rest:
        words.append(f"as in {_sorted(rest)}")
    return f"- {_sorted(name)} ({'; '.join(words)}){f': {description}' if isinstance(description, str) else ''}"


def _sorted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
