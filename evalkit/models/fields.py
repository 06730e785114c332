"""Single fields of an API's answer, checked: what a server sends is data of any shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

# What reading an answer of the wrong shape raises. A nesting of 1,000 levels is a RecursionError.
WRONG_SHAPE = (
    msgspec.DecodeError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
)
_MOST_TOKENS = 2**53


def decode(content: bytes) -> Any:
    """JSON; raises one of WRONG_SHAPE. Half of a surrogate pair, where an answer was cut, is taken too."""
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return json.loads(content)


def text_of(value: Any) -> str:
    """A text that UTF-8 can hold: surrogate pairs joined, halves replaced. Raises TypeError for no text."""
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def name_of(value: Any) -> str | None:
    """The model's name that a server tells, None where it tells none."""
    return text_of(value) if isinstance(value, str) and value else None


def count(data: Mapping[str, Any], name: str) -> int:
    """A number of tokens, 0 where it is absent or null. Raises ValueError for what is no such number."""
    value = data.get(name)
    if value is None:
        return 0
    tokens = _tokens(value)
    if tokens is None:
        raise ValueError(f"{name} is no number of tokens: {value!r}")
    return tokens


def first_counter(data: Mapping[str, Any], places: Sequence[Sequence[str]]) -> int | None:
    """A counter that servers tell in various places, each a path of names; None where none of them tells it.

    What is no number of tokens counts as not told. Where several places tell it, the largest holds: some servers fill
    the usual place with zero and count in their own.
    """
    found = []
    for *outer, name in places:
        part: Any = data
        for each in outer:
            part = part.get(each) if isinstance(part, Mapping) else None
        if isinstance(part, Mapping) and (value := _tokens(part.get(name))) is not None:
            found.append(value)
    return max(found, default=None)


def _tokens(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST_TOKENS:
        return None
    return value
