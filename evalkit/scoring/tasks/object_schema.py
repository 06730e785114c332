"""Objects of extraction as the schema means them: typed text, and lists that are sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.forms.parsing.json_text import canonical
from evalkit.forms.parsing.schema_types import SchemaTypes
from evalkit.forms.parsing.typed import typed_object


class ObjectSchema:
    """What a JSON Schema says about the fields of a target and of an answer."""

    def __init__(self, schema: Mapping[str, Any] | None) -> None:
        self._types = SchemaTypes(schema)
        self._has_sets = "uniqueItems" in repr(schema)

    def typed(self, target: str | Mapping[str, Any]) -> dict[str, Any]:
        """The target as an object of dicts and lists, in the form of `normal`. Raises ValueError for no object."""
        return self.normal(typed_object(target, self._types))

    def normal(self, value: dict[str, Any]) -> dict[str, Any]:
        """An object as it is compared.

        Empty text is no value where the schema lets the field be null or left out. Lists with `uniqueItems` are sorted
        and without repeats: they compare as sets.
        """
        normal: dict[str, Any] = self._normal(value, self._types.root)
        return normal

    def _normal(self, value: Any, schema: Any) -> Any:
        if isinstance(value, dict):
            known, needed = self._types.properties(schema), self._types.required(schema)
            return {
                key: None
                if inner == "" and (key not in needed or self._types.allows_null(known.get(key)))
                else self._normal(inner, known.get(key))
                for key, inner in value.items()
            }
        if not isinstance(value, list):
            return value
        members = self._types.members(schema)
        inside = [self._normal(inner, members) if isinstance(inner, (dict, list)) else inner for inner in value]
        if not self._has_sets or not self._types.is_set(schema):
            return inside
        by_text = {canonical(inner): inner for inner in inside}
        return [by_text[text] for text in sorted(by_text)]
