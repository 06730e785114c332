"""What a JSON Schema says about the types of its fields, and text of a table read as those types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.errors import NotJson
from evalkit.forms.parsing.alike import alike, alike_value, tidy
from evalkit.forms.parsing.json_text import decode

_MOST_REFERENCES = 8
_TYPE_NAMES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    tuple: "array",
    dict: "object",
    str: "string",
    type(None): "null",
}


class SchemaTypes:
    """The declared properties and types of a schema. What is declared nowhere has no types."""

    def __init__(self, schema: Mapping[str, Any] | None) -> None:
        # Its names are spelled as those of targets and answers are compared.
        self.root: Mapping[str, Any] = alike_value(dict(schema or {}))
        # By the identity of sub-schemas, which live as long as the root.
        self._properties: dict[int, dict[str, Any]] = {}
        self._types: dict[int, frozenset[str]] = {}
        self._required: dict[int, frozenset[str]] = {}

    def properties(self, schema: Any) -> dict[str, Any]:
        """The declared properties of a sub-schema."""
        found = self._properties.get(id(schema))
        if found is None:
            found = {}
            for part in self.parts(schema):
                properties = part.get("properties")
                for name, inner in properties.items() if isinstance(properties, Mapping) else ():
                    # An alternative may say otherwise: then either may be.
                    found[name] = {"anyOf": [found[name], inner]} if name in found else inner
            self._properties[id(schema)] = found
        return found

    def types(self, schema: Any) -> frozenset[str]:
        """The declared types of a sub-schema, those of its `enum` and `const` too; empty where it declares none."""
        found = self._types.get(id(schema))
        if found is None:
            names: set[str] = set()
            for part in self.parts(schema):
                declared = part.get("type")
                if declared is not None:
                    names.update([declared] if isinstance(declared, str) else declared)
                else:
                    values = [*(part.get("enum") or ()), *([part["const"]] if "const" in part else ())]
                    names.update(_TYPE_NAMES[type(value)] for value in values)
            found = self._types[id(schema)] = frozenset(names)
        return found

    def options(self, schema: Any) -> list[Any]:
        """The values that a sub-schema lists, in `enum` or `const`."""
        parts = list(self.parts(schema))
        listed = [option for part in parts for option in part.get("enum") or ()]
        return listed + [part["const"] for part in parts if "const" in part]

    def typed_text(self, text: str, schema: Any) -> Any:
        """A cell of a table as a value of a sub-schema.

        Empty text is null where that may be. Text of types without strings is read as JSON (`TRUE` as true, "2.50" as
        2.5), and so is what is then one of the listed values; what is not of the types stays text.
        """
        types = self.types(schema)
        text = self._as_listed(text, schema)
        if not text.strip() and ("null" in types or (types and "string" not in types)):
            return None
        if not types or types == {"string"}:
            return text
        value = _read(text, types)
        if "string" in types:
            options = [(type_name(option), option) for option in self.options(schema)]
            listed = (type_name(value), value) in options and ("string", text) not in options
            return value if listed else text
        return value

    def _as_listed(self, text: str, schema: Any) -> str:
        """The listed text that differs from this one in outer spaces alone; the text itself where none does."""
        listed = {alike(option) for option in self.options(schema) if isinstance(option, str)}
        found = {option for option in listed if tidy(option) == tidy(text)}
        return found.pop() if len(found) == 1 and alike(text) not in listed else text

    def allows_null(self, schema: Any) -> bool:
        """Whether null may be a value here, as far as types tell."""
        types = self.types(schema)
        return not types or "null" in types

    def required(self, schema: Any) -> frozenset[str]:
        """The properties that a sub-schema requires, itself or by `allOf`."""
        found = self._required.get(id(schema))
        if found is None:
            names: set[str] = set()
            for part in self.parts(schema, ("allOf",)):
                names.update(part.get("required") or ())
            found = self._required[id(schema)] = frozenset(names)
        return found

    def members(self, schema: Any) -> Any:
        """The schema of a list's members; None where it declares none."""
        return next((part["items"] for part in self.parts(schema) if "items" in part), None)

    def is_set(self, schema: Any) -> bool:
        """Whether a list's items are unique, so that it is a set."""
        return any(part.get("uniqueItems") for part in self.parts(schema))

    def parts(self, schema: Any, words: tuple[str, ...] = ("anyOf", "oneOf", "allOf")) -> Iterator[Mapping[str, Any]]:
        """The schema, what it refers to inside the document, and the members of anyOf, oneOf and allOf."""
        yield from self._parts(schema, words, 0)

    def _parts(self, schema: Any, words: tuple[str, ...], depth: int) -> Iterator[Mapping[str, Any]]:
        if not isinstance(schema, Mapping) or depth > _MOST_REFERENCES:
            return
        yield schema
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            yield from self._parts(self._at(reference), words, depth + 1)
        for word in words:
            for member in schema.get(word) or ():
                yield from self._parts(member, words, depth + 1)

    def _at(self, reference: str) -> Any:
        place: Any = self.root
        for step in reference[2:].split("/"):
            if not isinstance(place, Mapping):
                return None
            place = place.get(step.replace("~1", "/").replace("~0", "~"))
        return place


def type_name(value: Any) -> str:
    """The JSON type of a value: a whole number is an integer, however it is written."""
    if isinstance(value, float) and value.is_integer():
        return "integer"
    return _TYPE_NAMES.get(type(value), "object")


def fits(value: Any, types: frozenset[str]) -> bool:
    """Whether a value is of one of the types."""
    name = type_name(value)
    return name in types or (name == "integer" and "number" in types)


def _read(text: str, types: frozenset[str]) -> Any:
    """Text as JSON where that gives one of the types, else as it is."""
    try:
        value = decode(text.strip().casefold() if "boolean" in types else text)
    except NotJson:
        return text
    if value is None or not fits(value, types):
        return text  # "null" is a text: what is null stands empty
    return int(value) if isinstance(value, float) and value.is_integer() else alike_value(value)
