"""Extraction: fields counted one by one, objects compared as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.records.score import FieldResult, Score
from evalkit.scoring.scorer import Scorer
from evalkit.scoring.tasks.fields import compare_fields, count_fields, fields_text, same_object
from evalkit.scoring.tasks.object_schema import ObjectSchema
from tests.scoring.answers import EXTRACT, said


@pytest.mark.parametrize(
    ("predicted", "expected", "counts"),
    [
        ({"a": "X  y"}, {"a": "x Y"}, (1, 1, 1)),
        ({"a": 1, "b": 2}, {"a": "1.0", "c": 2}, (1, 2, 2)),
        ({"a": ["x", "y", "x"]}, {"a": ["x", "x", "z"]}, (2, 3, 3)),
        ({"a": "x"}, {"a": ["x", "x"]}, (1, 1, 2)),
        ({"a": {"b": 1, "c": None}}, {"a": {"b": 1}}, (1, 1, 1)),
        ({"a": [{"n": 1}, {"n": 2}]}, {"a": [{"n": 2}, {"n": 1}]}, (2, 2, 2)),
        ({"a": True}, {"a": "true"}, (1, 1, 1)),
        ({"a": True}, {"a": 1}, (0, 1, 1)),
        ({"a": "0041"}, {"a": "41"}, (0, 1, 1)),
        ({}, {"a": 1, "b": {"c": ["x", "y"]}}, (0, 0, 3)),
    ],
)
def test_counts(predicted: dict[str, Any], expected: dict[str, Any], counts: tuple[int, int, int]) -> None:
    assert count_fields(compare_fields(predicted, expected)) == counts


def test_each_field_says_what_became_of_it() -> None:
    said = {"tags": ["y", "Z"], "to": {"zip": "1", "door": 3}, "total": "2.0"}
    expected = {"name": "Ann", "tags": ["x", "y", "z"], "to": {"zip": "2"}, "total": 2}
    assert compare_fields(said, expected) == (
        FieldResult("name", "Ann", None, "missing"),
        FieldResult("tags", "x", None, "missing"),
        FieldResult("tags", "y", "y", "same"),
        FieldResult("tags", "z", "Z", "same"),
        FieldResult("to.zip", "2", "1", "different"),
        FieldResult("total", "2", "2.0", "same"),
        FieldResult("to.door", None, "3", "extra"),
    )


def test_stored_fields_are_bounded_whatever_an_answer_holds() -> None:
    hostile = {"k" * 10_000: list(range(5_000))}
    text = fields_text(compare_fields(hostile, {"a": 1}))
    assert text is not None and len(text) < 100_000
    kept = json.loads(text)
    assert kept[0] == {"path": "a", "expected": "1", "said": None, "state": "missing"}
    assert len(kept) == 201
    assert fields_text(None) is None
    assert fields_text(()) == "[]"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2.0], "a": 1.0}, True),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 0}, {"a": False}, False),
        ({"a": "1"}, {"a": 1}, False),
        ({"a": None}, {}, True),
        ({"a": "x "}, {"a": "x"}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
    ],
)
def test_same_object(a: object, b: object, same: bool) -> None:
    assert same_object(a, b) is same
    assert same_object(b, a) is same


def test_text_of_a_target_gets_the_type_that_the_schema_says() -> None:
    target = {
        "name": "12",
        "total": "12.50",
        "paid": "TRUE",
        "tags": '["b", "a", "b"]',
        "to.zip": "0041",
        "to.floor": "3",
    }
    assert ObjectSchema(EXTRACT.schema).typed(target) == {
        "name": "12",
        "total": 12.5,
        "paid": True,
        "tags": ["a", "b"],
        "to": {"zip": "0041", "floor": 3},
    }


def test_text_that_is_not_of_the_type_stays_and_blank_is_null() -> None:
    """An empty text is no value either, where the field may be left out."""
    written = {"total": " ", "paid": "maybe", "name": "", "to": {"floor": "3.5"}}
    assert ObjectSchema(EXTRACT.schema).typed(written) == {**written, "total": None, "name": None}
    needed = {**(EXTRACT.schema or {}), "required": ["name"]}
    assert ObjectSchema(needed).typed(written) == {**written, "total": None}


@pytest.mark.parametrize("target", ["not json", "[1]", '{"a": 1, "a": 2}'])
def test_a_target_that_is_no_object_is_an_error(target: str) -> None:
    with pytest.raises(ValueError, match="must be an object"):
        Scorer(EXTRACT).score(said("{}"), target)


def counts(score: Score) -> tuple[int, int, int]:
    return count_fields(score.fields or ())


def scored(text: str) -> Score:
    return Scorer(EXTRACT).score(said(text), {"name": "Ann", "total": "3", "tags": ["x", "y"]})


def test_exact_match_and_fields_go_apart() -> None:
    right = scored(json.dumps({"tags": ["y", "x"], "total": 3.0, "name": "Ann"}))
    assert (right.correct, right.lenient_correct, counts(right)) == (True, True, (4, 4, 4))
    near = scored('{"name": "ann", "total": 3, "tags": ["x", "y"]}')
    assert (near.correct, near.lenient_correct, counts(near)) == (False, True, (4, 4, 4))
    partly = scored('{"name": "Ann", "total": 4, "tags": ["x"]}')
    assert (partly.correct, partly.lenient_correct, counts(partly)) == (False, False, (2, 3, 4))
    fenced = scored('```json\n{"name": "Ann", "total": 3, "tags": ["x", "y"]}\n```')
    assert (fenced.correct, fenced.lenient_correct, counts(fenced)) == (False, True, (0, 0, 4))
