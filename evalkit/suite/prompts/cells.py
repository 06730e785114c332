"""Cells of a row as templates show them: JSON for lists and objects, ISO 8601 for times, and never "None"."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from typing import Any, Literal

import jinja2
import msgspec

NullIs = Literal["error", "empty"]


class NullShown(jinja2.TemplateError):
    """A template shows a null."""


class Null(jinja2.Undefined):
    """A null of the data: false, equal to `none`, replaced by `default`. Shown or looped over, it is an error."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__(hint=f"{name!r} is null", name=name)

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Null)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(None)

    def __str__(self) -> str:
        raise NullShown(self._undefined_message)

    def __iter__(self) -> Iterator[Any]:
        raise NullShown(self._undefined_message)

    def __len__(self) -> int:
        raise NullShown(self._undefined_message)


class EmptyNull(Null):
    """A null that the suite wants to be an empty text and an empty list."""

    __slots__ = ()

    def __str__(self) -> str:
        return ""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _List(list[Any]):
    def __str__(self) -> str:
        return to_json(self)


class _Object(dict[Any, Any]):
    def __str__(self) -> str:
        return to_json(self)


def shown(name: str, value: Any, null_is: NullIs = "error") -> Any:
    """A value as a template is given it. `name` is what a message calls it."""
    if value is None or value != value:
        return EmptyNull(name) if null_is == "empty" else Null(name)
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return _Object((key, shown(f"{name}.{key}", inner, null_is)) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return _List(shown(f"{name}[{i}]", inner, null_is) for i, inner in enumerate(value))
    return value


def printable(value: Any) -> Any:
    """What stands in the text for the value of an expression; called for each.

    A function that is printed instead of called (`text.upper`) would show where it is in memory.
    """
    if isinstance(value, str):
        return value
    if value is None or value != value:
        raise NullShown("the value of an expression is null")
    if isinstance(value, jinja2.Undefined):
        return value
    if callable(value):
        raise TypeError("a function stands here that is not called; add ()")
    return _text(value)


def is_null(value: Any) -> bool:
    """The test `none` of templates."""
    return value is None or isinstance(value, Null)


def to_json(value: Any, indent: int | None = None) -> str:
    """The filter `tojson`."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_in_json)


def _in_json(value: Any) -> Any:
    return None if isinstance(value, Null) else _text(value)


def _text(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple | set):
        return to_json(list(value) if isinstance(value, set) else value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return msgspec.json.decode(msgspec.json.encode(value))
    if isinstance(value, bytes):
        raise TypeError(f"{len(value):,} bytes that are not text stand here")
    return value
