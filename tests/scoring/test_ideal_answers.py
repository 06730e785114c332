"""Whatever the target, form and schema: a target that the check lets pass has an answer that is scored as right."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.forms.base import plain
from evalkit.forms.parsing.alike import tidy
from evalkit.forms.table import form_of
from evalkit.records.completion import Completion, Timing
from evalkit.records.output import Output
from evalkit.records.score import Score
from evalkit.records.task import TASKS
from evalkit.scoring.scorer import Scorer
from evalkit.suite.data.target import TargetReader

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(tidy)
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9)
TRUTHS = st.booleans()
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": WORDS,
    "number": NUMBERS,
    "integer": st.integers(-(10**9), 10**9) | st.integers(-99, 99).map(float),
    "boolean": TRUTHS,
    "array": st.lists(WORDS | NUMBERS, max_size=3),
}


def as_cell(value: Any) -> str:
    """The value as a table has it, as Python and spreadsheets write it."""
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, list) else str(value)


def scored(output: Output, text: str, target: Any) -> Score:
    return Scorer(output).score(Completion(text, "end", Timing(0.0)), target)


def round_trip(output: Output, cell: Any) -> Score | None:
    """The score of the ideal answer to a cell, as a suite reads it; None where the target does not make one."""
    form = form_of(output)
    reader = TargetReader("label", {}, output.task_facts.object_target, form.target_text(output))
    target = reader.read({"label": cell})
    text = form.target_check(output)(target, cell)
    assert text is None or isinstance(text, str), text
    return None if text is None else scored(output, text, target)


@st.composite
def typed(draw: st.DrawFn, nullable: bool = False) -> tuple[dict[str, Any], Any]:
    """A sub-schema and a value of it."""
    kind = draw(st.sampled_from(sorted(VALUES)))
    value = draw(VALUES[kind])
    shapes: list[dict[str, Any]] = [
        {"type": kind},
        {"anyOf": [{"type": kind}, {"type": "null"}]},
        {"type": [kind, "null"]},
    ]
    if kind in ("string", "integer"):
        shapes.append({"enum": [value, "other"]})
    shape = draw(st.sampled_from(shapes))
    if nullable and "enum" not in shape and shape != {"type": kind} and draw(TRUTHS):
        return shape, None
    return shape, value


@settings(max_examples=300, deadline=None)
@given(typed(), TRUTHS, st.sampled_from([name for name, facts in TASKS.items() if facts.one_value]))
def test_one_value_in_json(made: tuple[dict[str, Any], Any], in_a_table: bool, task: Any) -> None:
    shape, value = made
    if isinstance(value, list) and in_a_table:
        return  # a list in a cell of a table is a text
    schema = {"type": "object", "properties": {"a": shape}, "required": ["a"], "additionalProperties": False}
    score = round_trip(Output(task, "json", schema=schema, answer="a"), as_cell(value) if in_a_table else value)
    assert score is not None and score.correct and score.lenient_correct


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), typed(nullable=True), min_size=1), TRUTHS, st.data())
def test_objects(made: dict[str, tuple[dict[str, Any], Any]], in_a_table: bool, data: st.DataObject) -> None:
    required = sorted(name for name in made if data.draw(TRUTHS))
    fields = {name: shape for name, (shape, _) in made.items()}
    schema = {"type": "object", "properties": fields, "required": required, "additionalProperties": False}
    target = {name: as_cell(value) if in_a_table else plain(value) for name, (_, value) in made.items()}
    score = round_trip(Output("extract", "json", schema=schema), target)
    assert score is not None and score.correct and score.lenient_correct
    assert {field.state for field in score.fields or ()} <= {"same"}


@settings(deadline=None)
@given(st.sets(WORDS.map(tidy), min_size=2, max_size=5), st.sampled_from(["label", "json", "regex", "text"]), st.data())
def test_labels(labels: set[str], form: str, data: st.DataObject) -> None:
    vocabulary = tuple(sorted(labels))
    schema = {"type": "object", "properties": {"a": {"enum": list(vocabulary)}}, "required": ["a"]}
    enforce: Any = data.draw(st.sampled_from(["prompt", "native"])) if form == "label" else "prompt"
    output = Output(
        "classify", form, vocabulary, schema if form == "json" else None, "a" if form == "json" else None,
        "(?s)(?P<answer>.*)" if form == "regex" else None, enforce,
    )  # fmt: skip
    label = data.draw(st.sampled_from(vocabulary))
    written = data.draw(st.sampled_from([label, f" {label}\u00a0", f"\u200b{label}"]))
    score = round_trip(output, written)
    assert score is not None and score.correct and score.answer == label


@settings(deadline=None)
@given(WORDS | NUMBERS | TRUTHS, st.sampled_from(["text", "regex"]))
def test_free_answers(value: Any, form: str) -> None:
    score = round_trip(Output("answer", form, pattern="(?s)(?P<answer>.*)" if form == "regex" else None), value)
    assert score is not None and score.correct and score.lenient_correct


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_numbers_compare_by_value(a: float, b: float) -> None:
    """However both are written, and no number is another one."""
    schema = {"type": "object", "properties": {"a": {"type": "number"}}}
    output = Output("answer", "json", schema=schema, answer="a")
    as_text = form_of(output).target_text(output)
    for target in {as_text(str(a)), as_text(repr(float(a))), as_text(f"{a:.20e}")}:
        for said in {json.dumps(a), json.dumps(float(a)), json.dumps(b)}:
            assert scored(output, f'{{"a": {said}}}', target).correct == (float(said) == float(a))
