"""JSON Schema, checked locally: a schema never makes evalkit fetch anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NoReturn

import jsonschema_rs

from evalkit.errors import SuiteMistake
from evalkit.forms.parsing.alike import alike
from evalkit.forms.parsing.misfit import Misfit
from evalkit.forms.parsing.notes import path_of, shown
from evalkit.forms.parsing.violation import concerning, misfit_of

# A pattern of the schema meets hostile text: this many steps are some milliseconds.
_BACKTRACK_LIMIT = 100_000


class SchemaCheck:
    """A compiled schema. Raises SuiteMistake at construction, never later."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = _plain(schema)
        try:
            self._validator = self._built(formats=False)
        except (ValueError, TypeError, jsonschema_rs.ReferencingError) as error:
            message = str(getattr(error, "message", error))
            raise SuiteMistake(("output",), f"output schema: {message}") from None

    def _built(self, formats: bool) -> jsonschema_rs.Validator:
        """A validator; an answer of a wrong `format` is valid, as JSON Schema has it since 2019."""
        return jsonschema_rs.validator_for(
            self._schema,
            retriever=_refuse,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACK_LIMIT),
            validate_formats=formats,
        )

    @cached_property
    def _strictest(self) -> jsonschema_rs.Validator:
        return self._built(formats=True)

    def problem(self, value: Any) -> str | None:
        """Why a decoded JSON value does not conform, in a few words; None where it does."""
        if self._validator.is_valid(value):
            return None
        error = next(self._validator.iter_errors(value))
        place = path_of(error.instance_path)
        return _in_words(error.kind, shown(place, 40) if place else "")

    def conforms(self, value: Any) -> bool:
        """Whether a decoded JSON value is valid."""
        return self._validator.is_valid(value)

    def violations(self, value: Any, field: str | None = None) -> list[Misfit]:
        """What of a value the schema does not take, in the words of targets.

        With `field`, only what concerns this property of it: the value is not known but for that.
        """
        if self._strictest.is_valid(value):
            return []
        for validator in (self._validator, self._strictest):
            all_errors = validator.iter_errors(value)
            parts = all_errors if field is None else (concerning(error, field) for error in all_errors)
            errors = [part for part in parts if part is not None]
            if errors:
                return [replace(misfit_of(e), likely=validator is self._strictest) for e in errors]
        return []


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} lies outside the schema, and nothing is fetched: put it under $defs")


def _plain(value: Any) -> Any:
    """Dicts and lists, with texts as answers are compared."""
    if isinstance(value, Mapping):
        return {alike(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return alike(value) if isinstance(value, str) else value


def _in_words(kind: Any, place: str) -> str:
    at = f"{place}: " if place else ""
    if kind.name == "required":
        return f"{at}missing property {shown(kind.property, 40)}"
    if kind.name == "additionalProperties":
        return f"{at}unexpected property {shown(kind.unexpected[0], 40)}"
    if kind.name == "falseSchema":
        return f"{at}not allowed here"
    if kind.name == "type":
        return f"{at}not of type {' or '.join(sorted(kind.types))}"
    if kind.name == "enum":
        return f"{at}not one of {len(kind.options)} values"
    return f"{at}{kind.name} not met"
