"""Objects of extraction as the schema means them: typed text, and lists that are sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.errors import NotJson
from evalkit.forms.parsing.json_text import canonical, decode

_MOST_REFERENCES = 8
_TYPE_NAMES = {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


class ObjectSchema:
    """What a JSON Schema says about the fields of a target and of an answer."""

    def __init__(self, schema: Mapping[str, Any] | None) -> None:
        self._root: Mapping[str, Any] = schema or {}
        self._has_sets = "uniqueItems" in repr(schema)
        # By the identity of sub-schemas, which live as long as the root.
        self._properties: dict[int, dict[str, Any]] = {}
        self._types: dict[int, frozenset[str]] = {}

    def typed(self, target: str | Mapping[str, Any]) -> dict[str, Any]:
        """The target as an object of dicts and lists, in the form of `normal`.

        A field whose schema knows no strings and whose value is text is read as JSON (empty text as null);
        text that is not of that type stays text. A key with dots that the schema does not have is a path
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
        known = self._properties_of(self._root)
        for key, value in target.items():
            steps = [key] if key in known or "." not in key else key.split(".")
            schema: Any = self._root
            for step in steps:
                schema = self._properties_of(schema).get(step)
            _put(typed, steps, self._value(value, schema))
        return self.normal(typed)

    def normal(self, value: dict[str, Any]) -> dict[str, Any]:
        """An object whose lists with `uniqueItems` are sorted and without repeats: they compare as sets."""
        if not self._has_sets:
            return value
        return {key: self._sorted_sets(inner, self._properties_of(self._root).get(key)) for key, inner in value.items()}

    def _sorted_sets(self, value: Any, schema: Any) -> Any:
        if isinstance(value, dict):
            known = self._properties_of(schema)
            return {key: self._sorted_sets(inner, known.get(key)) for key, inner in value.items()}
        if isinstance(value, list):
            parts = list(self._parts(schema))
            members = next((part["items"] for part in parts if "items" in part), None)
            inside = [self._sorted_sets(inner, members) for inner in value]
            if not any(part.get("uniqueItems") for part in parts):
                return inside
            by_text = {canonical(inner): inner for inner in inside}
            return [by_text[text] for text in sorted(by_text)]
        return value

    def _value(self, value: Any, schema: Any) -> Any:
        if isinstance(value, str):
            return self._typed_text(value, self._types_of(schema))
        if isinstance(value, Mapping):
            known = self._properties_of(schema)
            return {str(key): self._value(inner, known.get(key)) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._value(inner, None) for inner in value]
        return value

    def _typed_text(self, text: str, types: frozenset[str]) -> Any:
        if not types or "string" in types:
            return text
        if not text.strip():
            return None
        try:
            value = decode(text.strip().casefold() if "boolean" in types else text)
        except NotJson:
            return text
        name = _TYPE_NAMES.get(type(value))
        return value if name in types or (name == "integer" and "number" in types) else text

    def _properties_of(self, schema: Any) -> dict[str, Any]:
        """The declared properties of a sub-schema."""
        found = self._properties.get(id(schema))
        if found is None:
            found = {}
            for part in self._parts(schema):
                properties = part.get("properties")
                if isinstance(properties, Mapping):
                    found |= properties
            self._properties[id(schema)] = found
        return found

    def _types_of(self, schema: Any) -> frozenset[str]:
        """The declared types of a sub-schema; empty where it declares none."""
        found = self._types.get(id(schema))
        if found is None:
            names: set[str] = set()
            for part in self._parts(schema):
                declared = part.get("type", ())
                names.update([declared] if isinstance(declared, str) else declared)
            found = self._types[id(schema)] = frozenset(names)
        return found

    def _parts(self, schema: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
        """The schema, what it refers to inside the document, and the members of anyOf, oneOf and allOf."""
        if not isinstance(schema, Mapping) or depth > _MOST_REFERENCES:
            return
        yield schema
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            yield from self._parts(self._at(reference), depth + 1)
        for word in ("anyOf", "oneOf", "allOf"):
            for member in schema.get(word) or ():
                yield from self._parts(member, depth + 1)

    def _at(self, reference: str) -> Any:
        place: Any = self._root
        for step in reference[2:].split("/"):
            if not isinstance(place, Mapping):
                return None
            place = place.get(step.replace("~1", "/").replace("~0", "~"))
        return place


def _put(into: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        inner = into.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        into = inner
    into[steps[-1]] = value
