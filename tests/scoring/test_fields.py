"""Extraction: fields counted one by one, objects compared as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.records.score import Score
from evalkit.scoring.fields import count_fields, same_object
from evalkit.scoring.score import Scorer
from evalkit.scoring.target import ObjectSchema
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
    assert count_fields(predicted, expected) == counts


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
    typed = ObjectSchema(EXTRACT.schema).typed({"total": " ", "paid": "maybe", "name": "", "to": {"floor": "3.5"}})
    assert typed == {"total": None, "paid": "maybe", "name": "", "to": {"floor": "3.5"}}


@pytest.mark.parametrize("target", ["not json", "[1]", '{"a": 1, "a": 2}'])
def test_a_target_that_is_no_object_is_an_error(target: str) -> None:
    with pytest.raises(ValueError, match="must be an object"):
        Scorer(EXTRACT).score(said("{}"), target)


def scored(text: str) -> Score:
    return Scorer(EXTRACT).score(said(text), {"name": "Ann", "total": "3", "tags": ["x", "y"]})


def test_exact_match_and_fields_go_apart() -> None:
    right = scored(json.dumps({"tags": ["y", "x"], "total": 3.0, "name": "Ann"}))
    assert (right.correct, right.lenient_correct, right.fields) == (True, True, (4, 4, 4))
    near = scored('{"name": "ann", "total": 3, "tags": ["x", "y"]}')
    assert (near.correct, near.lenient_correct, near.fields) == (False, True, (4, 4, 4))
    partly = scored('{"name": "Ann", "total": 4, "tags": ["x"]}')
    assert (partly.correct, partly.lenient_correct, partly.fields) == (False, False, (2, 3, 4))
    fenced = scored('```json\n{"name": "Ann", "total": 3, "tags": ["x", "y"]}\n```')
    assert (fenced.correct, fenced.lenient_correct, fenced.fields) == (False, True, (0, 0, 4))
