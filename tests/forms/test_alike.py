"""What looks the same is the same, and saying so twice changes nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.forms.parsing.alike import alike, alike_value, tidy
from evalkit.forms.parsing.schema_types import SchemaTypes
from evalkit.forms.parsing.typed import ideal_object
from evalkit.forms.parsing.vocabulary import Vocabulary
from evalkit.records.completion import Completion, Timing
from evalkit.records.output import Output
from evalkit.scoring.scorer import Scorer

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("e\u0301\u00e9\u00a0\u202f\u200b\ufeff "))


@given(TEXTS)
def test_once_is_enough(text: str) -> None:
    assert alike(alike(text)) == alike(text)
    assert tidy(tidy(text)) == tidy(text)
    assert alike(unicodedata.normalize("NFD", text)) == alike(text)
    assert alike_value({text: [text, 1, None]}) == {alike(text): [alike(text), 1, None]}


@pytest.mark.parametrize(("written", "seen"), [
    ("de\u0301ja\u0300 vu", "d\u00e9j\u00e0 vu"), ("a\u00a0b", "a b"), ("a\u202fb", "a b"), ("\ufeffa\u200b", "a"),
    ("a  b", "a  b"), ("A", "A"), ("a\u200db", "a\u200db"), ("ﬁ", "ﬁ"),
])  # fmt: skip
def test_what_cannot_be_seen_goes_and_all_else_stays(written: str, seen: str) -> None:
    assert alike(written) == seen


LABELS = ("r\u00e9clamation", "g\u00e9n\u00e9ral")
OUTPUTS = [
    Output("classify", "label", LABELS),
    Output("classify", "regex", LABELS, pattern="(?P<answer>.+)"),
    Output("answer", "text"),
]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_spelling_in_unicode_is_no_difference(output: Output, form: str) -> None:
    scorer = Scorer(output)
    for label in LABELS:
        said = unicodedata.normalize(form, label)
        score = scorer.score(Completion(said, "end", Timing(0.0)), label)
        assert score.correct and score.valid and score.lenient_correct
    assert not scorer.score(Completion(LABELS[0] + "x", "end", Timing(0.0)), LABELS[0]).correct


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_field_and_an_enum_in_another_spelling(form: str) -> None:
    def spelt(text: str) -> str:
        return unicodedata.normalize(form, text)

    schema = {
        "type": "object",
        "properties": {"t\u00e9": {"enum": [spelt("\u00e9t\u00e9"), "x"]}},
        "required": ["t\u00e9"],
    }
    for said in ("\u00e9t\u00e9", "e\u0301te\u0301", "\\u00e9t\\u00e9"):
        answer = Completion(f'{{"te\u0301": "{said}"}}', "end", Timing(0.0))
        assert Scorer(Output("answer", "json", schema=schema, answer="t\u00e9")).score(answer, "\u00e9t\u00e9").correct
        assert Scorer(Output("extract", "json", schema=schema)).score(answer, {"t\u00e9": "e\u0301te\u0301"}).correct


def test_a_form_is_not_forgiven_with_the_spelling() -> None:
    scorer = Scorer(Output("classify", "label", LABELS))
    for text in (LABELS[0] + " ", LABELS[0].upper(), f"{LABELS[0]}."):
        score = scorer.score(Completion(text, "end", Timing(0.0)), LABELS[0])
        assert not score.valid and score.lenient_correct


def test_labels_are_found_in_a_sentence() -> None:
    assert Vocabulary(LABELS).find("I say: re\u0301clamation.") == LABELS[0]


def test_names_of_a_schema_are_spelled_as_they_are_compared() -> None:
    schema = SchemaTypes({"properties": {"a\u00a0b": {"type": ["string", "null"]}}, "required": ["a\u00a0b"]})
    assert schema.required(schema.root) == {"a b"}
    assert ideal_object({"a b": None}, schema) == {"a b": None}
