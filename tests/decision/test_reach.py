"""The declared fine-tune must be able to reach what is needed, in every case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.decision.reach import chance_of
from evalkit.decision.verdict import decide
from evalkit.records.economics import Span
from evalkit.records.estimate import Need
from evalkit.records.verdict import Verdict
from evalkit.stats.measured import measured_counts
from evalkit.stats.requirement import judge
from tests.builders.contenders import contender
from tests.builders.facts import ECONOMICS, LABELS, facts_of
from tests.builders.runs import run_of

NEEDS = (Need("accuracy", 0.92), Need("format_validity", 0.95))


def judged(expected: Span | None, prompted: float = 0.86, case: Any = None, **economics: Any) -> Verdict:
    result = run_of((contender("sonnet"), prompted, 0.999), needs=NEEDS)
    declared = replace(ECONOMICS, tuned_accuracy=expected, **economics)
    return decide(result, facts_of(result, case=case, economics=declared))


@pytest.mark.parametrize("case", [None, "domain", "volume"])
@pytest.mark.parametrize("expected", [Span(0.86, 0.90), Span(0.80, 0.84), Span(0.9, 0.9)])
def test_a_range_below_the_need_rules_the_build_out(expected: Span, case: Any) -> None:
    verdict = judged(expected, case=case)
    assert verdict.answers[2].state == "against"
    assert verdict.outcome == "RULE_OUT"
    assert "by your own expectation" in verdict.sentence
    assert ".920" in verdict.sentence


def test_a_chance_below_a_half_is_undecided_and_the_condition_is_said() -> None:
    money = {"value_of_a_correct_answer": Span(1.0, 1.0)}
    low = judged(Span(0.88, 0.93), **money)
    assert low.answers[2].state == "undecided"
    assert "with a probability of 20 % only" in low.answers[2].why
    even = judged(Span(0.90, 0.96), **money)
    assert even.answers[2].state == "for"
    assert even.outcome == "FUND"
    assert "provided that the fine-tune reaches accuracy ≥ .92" in even.sentence
    assert "the .920 needed with a probability of 67 %" in even.answers[2].evidence[0]


def test_a_range_below_the_prompted_model_is_against_where_prompting_meets_the_need() -> None:
    """Case volume: prompting meets the need, and so would the fine-tune, but it would be worse."""
    assert judged(Span(0.925, 0.93), prompted=0.97, case="volume").answers[2].state == "against"
    near = judged(Span(0.925, 0.955), prompted=0.96, case="volume")
    assert near.answers[2].state == "undecided"


def test_an_undeclared_expectation_funds_nothing() -> None:
    result = run_of((contender("sonnet"), 0.97, 0.999), needs=NEEDS)
    economics = replace(ECONOMICS, tuned_accuracy=None)
    verdict = decide(result, facts_of(result, case="volume", economics=economics))
    assert verdict.answers[2].state == "undecided"
    assert "economics.tuned_accuracy" in verdict.answers[2].why
    assert "economics.tuned_accuracy" in verdict.next_step
    form = (Need("format_validity", 0.95),)
    result = run_of((contender("sonnet"), 0.97, 0.999), needs=form)
    assert decide(result, facts_of(result, case="volume", economics=economics)).answers[2].state == "for"


def test_the_margin_counts() -> None:
    needs = (Need("accuracy", 0.92, margin=0.02),)
    result = run_of((contender("sonnet"), 0.85, 0.999), needs=needs)
    economics = replace(ECONOMICS, tuned_accuracy=Span(0.905, 0.905), value_of_a_correct_answer=Span(1, 1))
    assert decide(result, facts_of(result, economics=economics, labels=LABELS)).answers[2].state == "for"


@pytest.mark.parametrize(("span", "needed", "chance"), [
    (Span(0.90, 0.96), 0.92, 2 / 3),
    (Span(0.92, 0.92), 0.92, 1.0),
    (Span(0.90, 0.92), 0.92, 0.0),
    (Span(0.91, 0.91), 0.92, 0.0),
    (Span(0.93, 0.95), 0.92, 1.0),
])  # fmt: skip
def test_the_chance_is_the_share_of_the_range(span: Span, needed: float, chance: float) -> None:
    assert chance_of(span, needed) == pytest.approx(chance)


def test_without_a_need_of_accuracy_a_less_accurate_build_is_not_against() -> None:
    """Only the form is needed, and prompting misses it: that it is more accurate does not matter."""
    form = (Need("format_validity", 0.95),)
    result = run_of((replace(contender("sonnet"), enforce="native"), 0.80, 0.85), needs=form)
    economics = replace(
        ECONOMICS, tuned_accuracy=Span(0.7, 0.75), value_of_a_correct_answer=None,
        value_of_meeting_need_per_month=Span(50_000, 60_000),
    )  # fmt: skip
    assert decide(result, facts_of(result, case="format", economics=economics)).answers[2].state == "for"


def test_wrong_labels_hide_right_answers_of_the_prompted_model_too() -> None:
    """Measured .88 with up to 8 % wrong labels may be .95, no less than the fine-tune is expected to reach."""
    assert judged(Span(0.93, 0.94), prompted=0.88, value_of_a_correct_answer=Span(1, 1)).answers[2].state == "for"
    result = run_of((contender("sonnet"), 0.88, 0.999), needs=NEEDS)
    economics = replace(ECONOMICS, tuned_accuracy=Span(0.93, 0.94), value_of_a_correct_answer=Span(1, 1))
    facts = facts_of(result, economics=economics, label_error_share=Span(0.05, 0.08))
    assert decide(result, facts).answers[2].state == "undecided"


def test_meeting_the_needs_is_worth_something_only_where_they_are_met() -> None:
    """Half a million a month, and a chance of two in three that the fine-tune reaches what is needed: no sure thing."""
    worth = {
        "value_of_a_correct_answer": None,
        "value_of_meeting_need_per_month": Span(5e5, 5e5),
        "build_cost": Span(1e5, 1e5),
    }
    assert judged(Span(0.93, 0.96), **worth).answers[2].state == "for"
    assert judged(Span(0.90, 0.96), **worth).answers[2].state == "undecided"


@pytest.mark.parametrize(("expected", "outcome"), [
    (None, "NOT_YET"), (Span(0.5, 0.6), "NOT_YET"), (Span(0.91, 0.96), "NOT_YET"), (Span(0.95, 0.99), "FUND"),
])  # fmt: skip
def test_an_expected_accuracy_is_held_against_a_need_of_macro_f1_too(expected: Span | None, outcome: str) -> None:
    """It says something of macro F1: enough to hold money back, too little to rule anything out."""
    need, figure = Need("macro_f1", 0.95), measured_counts(800, 1000)
    sonnet = replace(contender("sonnet"), metrics={"macro_f1": figure.estimate})
    result = run_of((sonnet, 0.82, 0.999), needs=(Need("format_validity", 0.9),))
    unmet = judge(sonnet.id, need, figure)
    assert unmet.state == "unmet"
    result = replace(result, requirements=(*result.requirements, unmet))
    money = replace(ECONOMICS, tuned_accuracy=expected, value_of_meeting_need_per_month=Span(1e6, 1e6))
    if expected is None:
        money = replace(money, value_of_a_correct_answer=None)
    verdict = decide(result, facts_of(result, economics=money))
    assert verdict.outcome == outcome, verdict.answers
    if outcome == "NOT_YET":
        assert "macro F1" in verdict.answers[2].why
