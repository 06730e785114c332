"""A JSON Schema from the objects that a user has, one object at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_MOST_KEYS = 100
_MOST_OPTIONS = 150
_FEWEST_OF_EACH = 5
_LONGEST_OPTION = 80
_DEEPEST = 12
_ORDER = ("object", "array", "string", "integer", "number", "boolean", "null")


@dataclass(slots=True)
class Shape:
    """What one place of the objects has held so far.

    `options` counts its texts until there are too many to be a closed list; `keys` are the places of its
    objects by name, None once there are too many to be fields.
    """

    types: Counter[str] = field(default_factory=Counter)
    options: Counter[str] | None = field(default_factory=Counter)
    keys: dict[str, Shape] | None = field(default_factory=dict)
    items: Shape | None = None
    sets: bool = True

    def add(self, value: Any, depth: int = 0) -> None:
        """Take in one JSON value (dicts, lists, texts, numbers, booleans, null)."""
        if isinstance(value, dict):
            self.types["object"] += 1
            self._add_object(value, depth)
        elif isinstance(value, list):
            self.types["array"] += 1
            self._add_list(value, depth)
        elif isinstance(value, str):
            self.types["string"] += 1
            self._add_text(value)
        elif isinstance(value, bool):
            self.types["boolean"] += 1
        elif value is None:
            self.types["null"] += 1
        else:
            self.types["integer" if isinstance(value, int) else "number"] += 1

    def schema(self, fewest: int | None = _FEWEST_OF_EACH) -> dict[str, Any]:
        """The schema of this place.

        Texts of which each occurs `fewest` times or more are a closed list. What is not in every object is a
        find rather than a choice, so its texts stay open, as they do for None.
        """
        kinds = [kind for kind in _ORDER if self.types[kind]]
        if "number" in kinds and "integer" in kinds:
            kinds.remove("integer")
        if not kinds:
            return {}
        schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
        if set(kinds) <= {"string", "null"} and fewest is not None and self._closed(fewest):
            schema["enum"] = [*sorted(self.options or ()), *([None] if "null" in kinds else [])]
        if "object" in kinds and self.keys is not None:
            always = [name for name, shape in self.keys.items() if shape._seen == self.types["object"]]
            schema["properties"] = {
                name: shape.schema(_FEWEST_OF_EACH if fewest is not None and name in always else None)
                for name, shape in self.keys.items()
            }
            if always:
                schema["required"] = always
            schema["additionalProperties"] = False
        if "array" in kinds and self.items is not None:
            schema["items"] = self.items.schema(fewest)
            if self.sets and "enum" in schema["items"]:
                schema["uniqueItems"] = True
        return schema

    @property
    def _seen(self) -> int:
        return self.types.total()

    def _closed(self, fewest: int) -> bool:
        return bool(self.options) and min((self.options or {}).values()) >= fewest

    def _add_object(self, value: dict[str, Any], depth: int) -> None:
        if self.keys is None or depth >= _DEEPEST:
            self.keys = None
            return
        for name, inner in value.items():
            if name not in self.keys:
                if len(self.keys) >= _MOST_KEYS:
                    self.keys = None
                    return
                self.keys[name] = Shape()
            self.keys[name].add(inner, depth + 1)

    def _add_list(self, value: list[Any], depth: int) -> None:
        if depth >= _DEEPEST:
            return
        if self.items is None:
            self.items = Shape()
        for inner in value:
            self.items.add(inner, depth + 1)
        texts = [inner for inner in value if isinstance(inner, str)]
        self.sets = self.sets and len(texts) == len(value) == len(set(texts))

    def _add_text(self, text: str) -> None:
        if self.options is None:
            return
        self.options[text] += 1
        if len(self.options) > _MOST_OPTIONS or len(text) > _LONGEST_OPTION:
            self.options = None


def object_schema(shape: Shape, title: str) -> dict[str, Any]:
    """The schema document of whole objects."""
    return {"$schema": DRAFT, "title": title, **shape.schema()}


def list_schema(shape: Shape, name: str, title: str) -> dict[str, Any]:
    """The schema document of objects whose one field `name` holds what `shape` has seen.

    Texts in the lists are a closed vocabulary where each occurs twice on average.
    """
    items = shape.items
    closed = items is not None and items.options and items.types["string"] >= 2 * len(items.options)
    inner = shape.schema(1 if closed else _FEWEST_OF_EACH)
    return {
        "$schema": DRAFT,
        "title": title,
        "type": "object",
        "properties": {name: inner},
        "required": [name],
        "additionalProperties": False,
    }
