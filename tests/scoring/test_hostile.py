"""Whatever a model says: no exception, no answer that cannot be stored, and lenient agrees with a strict ok."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.records.output import Output
from evalkit.records.score import Score, Status
from evalkit.scoring.scorer import Scorer
from tests.scoring.answers import ALL, LABELS, said

SCORERS = [(output, Scorer(output)) for output in ALL]
PIECES = ["{", "}", "[", "]", '"', "'", ":", ",", "```", "json", "<think>", "</think>", "\n", "\\", "\ud800", "\x1b"]
WORDS = (*LABELS, *PIECES, "label", "answer:", "A:", "intent", "is", "not", "12", "1,5")


def scores_of(text: str) -> list[Score]:
    found = []
    for output, scorer in SCORERS:
        for stop in ("end", "max_tokens"):
            score = scorer.score(said(text, stop), {"name": "x"} if output.task == "extract" else "card")
            json.dumps([score.answer, score.lenient_answer, score.note], ensure_ascii=False).encode()
            found.append(score)
    return found


def check(text: str) -> None:
    for score in scores_of(text):
        assert score.valid or (score.answer is None and not score.correct and score.note)
        if score.status is Status.OK:
            assert score.lenient_answer == score.answer
            assert score.note is None
        if score.correct:
            assert score.lenient_correct


@given(st.text(st.characters(exclude_categories=())))
def test_any_text(text: str) -> None:
    check(text)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.lists(st.sampled_from(WORDS)).map("".join))
def test_text_made_of_what_the_readers_look_for(text: str) -> None:
    check(text)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "total", "x"]), inner),
    max_leaves=8,
)


@given(JSON_VALUES)
def test_any_json(value: object) -> None:
    check(json.dumps(value))
    assert Scorer(Output("write", "json")).score(said(json.dumps(value, ensure_ascii=False)), "").valid


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        "{" * 1_000_000,
        '"' * 1_000_000,
        '{"a": "' + "\\" * 999_999,
        "<think>" * 150_000,
        "</think>" * 150_000,
        "```json\n" * 100_000,
        "card " * 200_000,
        "answer is " * 100_000,
        "card\n" * 200_000,
        "A: x\n" * 200_000,
        "\x1b[2J" * 250_000,
        "\ud800" * 1_000_000,
        " " * 1_000_000,
        "{a: {b: " * 100_000,
        "{," * 500_000,
        "9" * 1_000_000,
        '{"intent": "card"}' + "\n" * 1_000_000,
        "{" + ",".join(f'"k{i}": {i}' for i in range(20_000)) + "}",
    ],
    ids=lambda text: repr(text[:8]),
)
def test_a_megabyte(text: str) -> None:
    check(text)


@given(st.permutations(LABELS), st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
@settings(max_examples=50)
def test_the_order_of_labels_is_nothing(labels: list[str], text: str) -> None:
    one = Scorer(Output("classify", "label", LABELS)).score(said(text), "card")
    assert Scorer(Output("classify", "label", tuple(labels))).score(said(text), "card") == one
