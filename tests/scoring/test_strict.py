"""The strict reading takes the exact form and nothing else."""

from __future__ import annotations

import pytest

from evalkit.errors import SuiteMistake
from evalkit.records.completion import Failure, FailureKind
from evalkit.records.output import Output
from evalkit.records.score import Status
from evalkit.scoring.scorer import Scorer
from evalkit.scoring.tasks.fields import count_fields
from tests.scoring.answers import EXTRACT, JSON, LABEL, LABELS, NATIVE, NUMBER, TEXT, said


@pytest.mark.parametrize(
    ("output", "text", "answer"),
    [
        (LABEL, "bug_report", "bug_report"),
        (NATIVE, '{"label":"billing"}', "billing"),
        (NATIVE, ' {\n "label": "billing"\n}\n', "billing"),
        (JSON, '{"intent": "card", "confidence": 0.5}', "card"),
        (NUMBER, "A: 1,250", "1,250"),
        (TEXT, " Any text.\n", " Any text.\n"),
        (EXTRACT, '{"total": 2, "name": "é"}', '{"name":"é","total":2}'),
        (Output("answer", "json", answer="n"), '{"n": 12.50}', "12.5"),
        (Output("answer", "json", answer="n"), '{"n": true}', "true"),
        (Output("write", "json"), '"a text"', "a text"),
    ],
)
def test_the_exact_form_is_ok(output: Output, text: str, answer: str) -> None:
    score = Scorer(output).score(said(text), {} if output.task == "extract" else answer)
    assert (score.status, score.answer, score.note) == (Status.OK, answer, None)
    assert score.correct is (output.task != "extract")


@pytest.mark.parametrize(
    ("output", "text", "note"),
    [
        (LABEL, "billing ", "not one of 5 labels: 'billing '"),
        (LABEL, "Billing", "not one of 5 labels: 'Billing'"),
        (LABEL, "", "empty answer"),
        (LABEL, '{"label": "billing"}', 'not one of 5 labels: \'{"label": "billing"}\''),
        (NATIVE, "billing", "not JSON: 'billing'"),
        (NATIVE, '{"label": "Billing"}', "not one of 5 labels: 'Billing'"),
        (NATIVE, '{"label": "billing", "why": ""}', "unexpected property 'why'"),
        (NATIVE, '{"label": 1}', "'label': not of type string"),
        (NATIVE, '["billing"]', "not an object"),
        (NATIVE, "{}", "missing property 'label'"),
        (JSON, '```json\n{"intent": "card"}\n```', "code fence around the JSON"),
        (JSON, '{"intent": "card"} Done.', "trailing text after the JSON"),
        (JSON, 'Sure: {"intent": "card"}', "text before the JSON"),
        (JSON, '{"intent": "card", "intent": "other"}', "duplicate key 'intent'"),
        (JSON, '{"intent": "card", "confidence": NaN}', "NaN is not JSON"),
        (JSON, '{"intent": "card", "confidence": 1e999}', "number out of range in the JSON"),
        (JSON, '{"intent": "car', "broken JSON at character 11: '\"car'"),
        (JSON, '{"intent":', "the JSON is cut short"),
        (JSON, "{'intent': 'card'}", "broken JSON at character 1: \"'intent': 'card'}\""),
        (JSON, '{"confidence": 1}', "missing property 'intent'"),
        (JSON, '{"intent": "loan"}', "'intent': not one of 5 values"),
        (JSON, '{"intent": "card", "confidence": "1"}', "'confidence': not of type number"),
        (JSON, '{"intent": "card", "x": 1}', "unexpected property 'x'"),
        (JSON, " ", "empty answer"),
        (Output("answer", "json", answer="n"), "[1]", "not an object"),
        (Output("answer", "json", answer="n"), '{"m": 1}', "missing property 'n'"),
        (Output("write", "json"), '"\\ud800"', "lone surrogate in the JSON"),
        (Output("write", "json"), "[" * 300 + "]" * 300, "nested deeper than 100 levels"),
        (Output("write", "json"), "1" * 5000, "number out of range in the JSON"),
        (NUMBER, "A: 12\n", "does not match the pattern: 'A: 12\\n'"),
        (TEXT, "\n", "empty answer"),
    ],
)
def test_anything_else_is_format_invalid_and_says_why(output: Output, text: str, note: str) -> None:
    score = Scorer(output).score(said(text), "billing")
    assert (score.status, score.answer, score.correct, score.note) == (Status.FORMAT_INVALID, None, False, note)


def test_hostile_text_in_a_note_is_short_and_escaped() -> None:
    note = Scorer(LABEL).score(said("\x1b[31m\u202e\ud800" * 1000), "card").note
    assert note is not None
    assert len(note) <= 80
    assert note.isprintable()
    assert note.encode()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("rejected", Status.REJECTED),
        ("infra", Status.INFRA_ERROR),
        ("ambiguous", Status.INFRA_ERROR),
        ("fatal", Status.INFRA_ERROR),
    ],
)
def test_failures(kind: FailureKind, status: Status) -> None:
    score = Scorer(LABEL).score(Failure(kind, "429 from\x07 the server"), "card")
    assert score.status is status
    assert score.in_vocabulary is (False if status is Status.REJECTED else None)
    assert score.note == r"'429 from\x07 the server'"
    fields = Scorer(EXTRACT).score(Failure(kind, ""), {"name": "a", "paid": True}).fields
    assert fields is not None and count_fields(fields) == (0, 0, 2)


def test_a_refusal_is_not_read_and_a_cut_off_answer_is_never_ok() -> None:
    refused = Scorer(LABEL).score(said("card", "refusal"), "card")
    assert (refused.status, refused.lenient_answer, refused.in_vocabulary) == (Status.REFUSED, None, False)
    cut = Scorer(LABEL).score(said("card", "max_tokens"), "card")
    assert (cut.status, cut.answer, cut.correct) == (Status.TRUNCATED, None, False)
    assert (cut.lenient_answer, cut.lenient_correct, cut.in_vocabulary) == ("card", True, True)


def test_no_vocabulary_without_labels() -> None:
    assert Scorer(TEXT).score(said("x"), "x").in_vocabulary is None


def test_a_pattern_that_takes_too_long_is_not_a_match() -> None:
    score = Scorer(Output("answer", "regex", pattern=r"(?P<answer>(a|aa)+)$")).score(said("a" * 60 + "b"), "a")
    assert (score.status, score.note) == (Status.FORMAT_INVALID, "the pattern took longer than 0.1 s")


@pytest.mark.parametrize(
    "output",
    [
        Output("classify", "label"),
        Output("answer", "regex"),
        Output("extract", "label", LABELS),
    ],
)
def test_an_incomplete_form_is_refused(output: Output) -> None:
    with pytest.raises(ValueError, match="needs"):
        Scorer(output)


@pytest.mark.parametrize("pattern", ["(", r"\d+"])
def test_a_useless_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(SuiteMistake, match="output pattern"):
        Scorer(Output("answer", "regex", pattern=pattern))
