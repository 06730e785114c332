"""The lenient reading forgives the form and invents no content."""

from __future__ import annotations

import pytest

from evalkit.forms.parsing.repair import find_object
from evalkit.forms.parsing.vocabulary import Vocabulary
from evalkit.records.output import Output
from evalkit.scoring.scorer import Scorer
from tests.scoring.answers import EXTRACT, JSON, LABEL, NATIVE, NUMBER, TEXT, said


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (" Billing.\n", "billing"),
        ("**Bug Report**", "bug_report"),
        ("`card-not-working`", "card_not_working"),
        ("Label: card", "card"),
        ("**Final answer:** card", "card"),
        ("```\ncard\n```", "card"),
        ("```json\n{'label': 'card',}\n```", "card"),
        ('{"category": "Card"}', "card"),
        ('{"anything": ["card"]}', "card"),
        ("<think>billing or other?</think>\ncard", "card"),
        ("billing, no, wait</think> card", "card"),
        ("billing <think>so</think> billing</think> card", "card"),
        ("The ticket is about a card not working.", "card_not_working"),
        ("It is a card, the card was blocked", "card"),
        ("This could be billing or other. Answer: other", "other"),
        ("Label: billing. On reflection, the answer is card", "card"),
        ("card\n\nThe customer mentions billing in passing.", "card"),
        ("The card matter, not billing", "card"),
        ('{"label": "card", "reason": "billing seems', "card"),
        ("billing or other", None),
        ("billing\nother", None),
        ("scorecards", None),
        ("not billing", None),
        ("", None),
        ("I cannot say.", None),
        ("<think>card", None),
    ],
)
@pytest.mark.parametrize("output", [LABEL, NATIVE, JSON], ids=["label", "native", "json"])
def test_labels(output: Output, text: str, answer: str | None) -> None:
    score = Scorer(output).score(said(text), "card")
    assert score.lenient_answer == answer
    assert score.lenient_correct is (answer == "card")
    assert score.in_vocabulary is (answer is not None)


@pytest.mark.parametrize(
    ("labels", "text", "label"),
    [
        (("C", "C++", "C#"), "I would use c++ here", "C++"),
        (("C", "C++", "C#"), "c#.", "C#"),
        (("A", "B"), "A nice day", None),
        (("A", "B"), "The answer is (b).", "B"),
        (("A", "B"), "A) because …", None),
        (("yes", "no"), "Yes, there is no doubt", None),
        (("Yes", "No"), "No\n\nyes would need proof", "No"),
        (("hearsay", "not_hearsay"), "This is not hearsay.", "not_hearsay"),
        (("us", "US"), "US", "US"),
        (("us", "US"), "Us", None),
        (("us", "US"), "in the US", None),
        (("reverted_card_payment?", "other"), "reverted card payment", "reverted_card_payment?"),
        (("退款", "账单"), "这是退款问题", "退款"),
        (("Zurück", "Größe"), "GRÖSSE!", "Größe"),
        (("1", "2", "3"), "Rating: 2", "2"),
        (("1", "2", "3"), "12", None),
    ],
)
def test_vocabularies_with_a_difficulty(labels: tuple[str, ...], text: str, label: str | None) -> None:
    assert Vocabulary(labels).find(text) == label
    assert Vocabulary(labels[::-1]).find(text) == label


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Here: {'a': 'it\\'s', 'b': None, 'c': [1, 2,],}", {"a": "it's", "b": None, "c": [1, 2]}),
        ("{a: hello there, b: True} and more", {"a": "hello there", "b": True}),
        ("use {x}, then {“a”: “b”}", {"a": "b"}),
        ('{"a": "two\nlines", "b": 1 // why\n}', {"a": "two\nlines", "b": 1}),
        ('{"a": "whole", "b": {"c": [1, 2], "d": "cut o', {"a": "whole", "b": {"c": [1, 2]}}),
        ('{"a": 1, "b": 12', {"a": 1}),
        ("no object, {just braces}", None),
        ("{}", None),
        ("{" * 1000, None),
    ],
)
def test_objects_in_a_text(text: str, value: object) -> None:
    assert find_object(text) == value


def test_the_object_that_fits_is_preferred() -> None:
    assert find_object('{"x": 1} {"a": 2}', lambda value: "a" in value) == {"a": 2}
    assert find_object('{"x": 1} {"y": 2}', lambda value: "a" in value) == {"x": 1}


@pytest.mark.parametrize(
    ("output", "text", "target"),
    [
        (NUMBER, "So 3 * 4 = 12.\nA: $1,250.00", "1250"),
        (NUMBER, "A: 7 or rather A: 8", "8"),
        (Output("answer", "regex", pattern=r"\A(?P<answer>[^\d]?\d+)\z"), "it is 42 now", "42"),
        (Output("answer", "regex", pattern=r"A: (?P<answer>[^\n]+)"), "so\nA: 12\nok", "12"),
        (Output("answer", "json", answer="n"), "{'n': ['Paris']}", "paris"),
        (TEXT, "Answer: The **Nile**", "the **nile"),
        (TEXT, '"the  Nile."', "The Nile"),
        (TEXT, "12.0 %", "12"),
        (Output("answer", "json", answer="n"), "n is {'n': 12.50}", "12.5"),
        (Output("answer", "json", answer="n"), '{"N": "Paris"}', "paris"),
        (Output("answer", "json", answer="n"), "Paris", "paris"),
        (EXTRACT, 'Sure! {"NAME": 1, "name": " ann  LEE", "total": "2.50", }', {"name": "Ann Lee", "total": 2.5}),
    ],
)
def test_other_forms(output: Output, text: str, target: str) -> None:
    score = Scorer(output).score(said(text), target)
    assert score.lenient_correct is (output is not EXTRACT)
    assert not score.correct
