"""Extraction: how many fields agree, and whether all do."""

from __future__ import annotations

from typing import Any

from evalkit.forms.text.compare import answer_key
from evalkit.forms.text.json_text import canonical

Leaf = tuple[str, str]


def count_fields(predicted: dict[str, Any], expected: dict[str, Any]) -> tuple[int, int, int]:
    """(matching, predicted, expected) leaf values of two JSON objects.

    Nested objects are flattened to dotted paths; the values of a list are counted as a multiset, in any
    order. Values agree by case-folded text with white space collapsed, numbers by value. `null` is no value.
    """
    said: list[Leaf] = []
    wanted: list[Leaf] = []
    _gather("", predicted, said)
    _gather("", expected, wanted)
    left: dict[Leaf, int] = {}
    for leaf in wanted:
        left[leaf] = left.get(leaf, 0) + 1
    hits = 0
    for leaf in said:
        if left.get(leaf, 0):
            left[leaf] -= 1
            hits += 1
    return hits, len(said), len(wanted)


def same_object(a: Any, b: Any) -> bool:
    """JSON equality: key order does not count, 1 equals 1.0, true is not 1, `null` is an absent key."""
    if isinstance(a, dict) and isinstance(b, dict):
        return all(same_object(a.get(key), b.get(key)) for key in a.keys() | b.keys())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_object, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return bool(a == b)


def _gather(path: str, value: Any, into: list[Leaf]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _gather(f"{path}.{key}" if path else key, inner, into)
    elif isinstance(value, list):
        for inner in value:
            _gather(path, inner, into)
    elif value is not None:
        into.append((path, answer_key(canonical(value))))
