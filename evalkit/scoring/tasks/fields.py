"""Extraction: which fields agree, and whether all do."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import msgspec

from evalkit.forms.parsing.compare import answer_key
from evalkit.forms.parsing.json_text import canonical
from evalkit.forms.parsing.notes import storable
from evalkit.records.score import FieldResult, FieldState

# An answer is hostile: a long key with many values would repeat the key, so what is stored is bounded.
_LONGEST_PATH = 200
_MOST_EXTRA = 200


Leaf = tuple[str, str]


def compare_fields(said: dict[str, Any], expected: dict[str, Any]) -> tuple[FieldResult, ...]:
    """The leaf values of two JSON objects side by side: those expected, in their order, then what was said besides.

    Nested objects are flattened to dotted paths; the values of a list are counted as a multiset, in any
    order. Values agree by case-folded text with white space collapsed, numbers by value. `null` is no value.
    What does not agree is set against another value of the same path, as far as there is one.
    """
    wanted, rest = _leaves(expected), _leaves(said)
    results: dict[int, FieldResult] = {}
    # First what is the same to the letter, which is cheap to find and the common case.
    for alike, state in _LIKENESS:
        if not rest or len(results) == len(wanted):
            break
        waiting: dict[Hashable, list[Leaf]] = {}
        for leaf in reversed(rest):  # so that the first is taken first
            waiting.setdefault(alike(leaf), []).append(leaf)
        for i, leaf in enumerate(wanted):
            if i not in results and (others := waiting.get(alike(leaf))):
                results[i] = FieldResult(*leaf, others.pop()[1], state)
        rest = [leaf for others in reversed(waiting.values()) for leaf in reversed(others)]
    every = [results.get(i) or FieldResult(*leaf, None, "missing") for i, leaf in enumerate(wanted)]
    return (*every, *(FieldResult(path, None, text, "extra") for path, text in rest))


def count_fields(fields: Sequence[FieldResult]) -> tuple[int, int, int]:
    """(matching, said, expected) leaf values."""
    hits = said = expected = 0
    for field in fields:
        hits += field.state == "same"
        said += field.said is not None
        expected += field.expected is not None
    return hits, said, expected


def fields_text(fields: Sequence[FieldResult] | None) -> str | None:
    """Field results as JSON text for a store; None where there are none.

    Long paths are cut, and of what the target does not have the first 200 values are kept.
    """
    if fields is None:
        return None
    extra = 0
    kept = []
    for field in fields:
        extra += field.state == "extra"
        if extra <= _MOST_EXTRA:
            cut = len(field.path) > _LONGEST_PATH
            kept.append(msgspec.structs.replace(field, path=f"{field.path[:_LONGEST_PATH]}…") if cut else field)
    return msgspec.json.encode(kept).decode()


def same_object(a: Any, b: Any) -> bool:
    """JSON equality: key order does not count, 1 equals 1.0, true is not 1, `null` is an absent key."""
    if isinstance(a, dict) and isinstance(b, dict):
        return all(same_object(a.get(key), b.get(key)) for key in a.keys() | b.keys())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_object, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return bool(a == b)


def _leaves(value: dict[str, Any]) -> list[Leaf]:
    leaves: list[Leaf] = []
    _gather("", value, leaves)
    return leaves


def _meaning(leaf: Leaf) -> Leaf:
    return leaf[0], answer_key(leaf[1])


# In which order values are set against each other: by path and text, by path and meaning, by path alone.
_LIKENESS: tuple[tuple[Callable[[Leaf], Hashable], FieldState], ...] = (
    (lambda leaf: leaf, "same"),
    (_meaning, "same"),
    (lambda leaf: leaf[0], "different"),
)


def _gather(path: str, value: Any, into: list[Leaf]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _gather(f"{path}.{key}" if path else key, inner, into)
    elif isinstance(value, list):
        for inner in value:
            _gather(path, inner, into)
    elif value is not None:
        into.append((path, storable(canonical(value))))
