"""Targets as the values that a JSON answer would hold: what a table writes as text, by the types of the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.errors import NotJson
from evalkit.forms.parsing.alike import alike
from evalkit.forms.parsing.json_text import canonical, decode
from evalkit.forms.parsing.schema_types import SchemaTypes, fits


def typed_object(target: str | Mapping[str, Any], schema: SchemaTypes) -> dict[str, Any]:
    """The target of an extraction as an object of dicts and lists.

    A field whose schema knows no strings and whose value is text is read as JSON; text that is not of that type stays
    text. Empty text is null where the schema lets null stand. A key with dots that the schema does not have is a path
    into nested objects. Raises ValueError where the target is no object at all.
    """
    if isinstance(target, str):
        try:
            target = decode(target)
        except NotJson as error:
            raise ValueError(f"the target of an extraction must be an object: {error}") from None
    if not isinstance(target, Mapping):
        raise ValueError("the target of an extraction must be an object")
    typed: dict[str, Any] = {}
    known = schema.properties(schema.root)
    for name, value in target.items():
        key = alike(str(name))
        steps = [key] if key in known or "." not in key else key.split(".")
        inner: Any = schema.root
        for step in steps:
            inner = schema.properties(inner).get(step)
        _put(typed, steps, _value(value, inner, schema))
    return typed


def typed_answer(target: str, cell: Any, sub: Any, schema: SchemaTypes) -> Any:
    """One right value as JSON holds it. `target` is its text, `cell` the same as its row has it."""
    if isinstance(cell, str):
        return schema.typed_text(target, sub)
    types = schema.types(sub)
    if "string" in types and not fits(cell, types):
        return target
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def ideal_object(target: Mapping[str, Any], schema: SchemaTypes) -> dict[str, Any]:
    """The typed target as a right answer would be written: null is left out where the schema forbids it."""
    ideal: dict[str, Any] = _without_nulls(target, schema.root, schema)
    return ideal


def _without_nulls(value: Any, sub: Any, schema: SchemaTypes) -> Any:
    if isinstance(value, Mapping):
        known, needed = schema.properties(sub), schema.required(sub)
        kept = {}
        for key, inner in value.items():
            unknown = bool(known) and key not in known
            if inner is None and key not in needed and (unknown or not schema.allows_null(known.get(key))):
                continue  # null and a field that is not there are one
            kept[key] = _without_nulls(inner, known.get(key), schema)
        return kept
    if isinstance(value, list):
        members = [_without_nulls(inner, schema.members(sub), schema) for inner in value]
        # Lists of unique items compare as sets: a target may repeat one, an answer must not.
        return list({canonical(each): each for each in members}.values()) if schema.is_set(sub) else members
    return value


def _value(value: Any, sub: Any, schema: SchemaTypes) -> Any:
    if isinstance(value, str):
        return schema.typed_text(alike(value), sub)
    if isinstance(value, Mapping):
        known = schema.properties(sub)
        return {alike(str(key)): _value(inner, known.get(key), schema) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(inner, None, schema) for inner in value]
    return value


def _put(into: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        inner = into.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        into = inner
    into[steps[-1]] = value
