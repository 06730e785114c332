"""An endpoint that exists: kept, given up for prompting, or neither."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.decision.verdict import decide
from evalkit.records.economics import Span
from evalkit.records.estimate import Need
from evalkit.records.run import ClassFigures, ContenderResult
from evalkit.records.verdict import Verdict
from tests.builders.contenders import contender
from tests.builders.facts import CHEAP, ECONOMICS, PRICE, facts_of, gap
from tests.builders.runs import run_of

TUNED, SONNET = contender("tuned", "fine_tuned"), contender("sonnet")
NEEDS = (Need("accuracy", 0.92), Need("format_validity", 0.95))


def judged(
    mine: float,
    theirs: float,
    *,
    calls: float = 2e9,
    half: float = 0.01,
    tuned: ContenderResult = TUNED,
    cheap_endpoint: bool = True,
    n: int = 1000,
    **changes: Any,
) -> Verdict:
    result = run_of((tuned, mine, 0.999), (SONNET, theirs, 0.999), needs=NEEDS, n=n)
    economics = replace(ECONOMICS, calls_per_month=Span(calls, calls), build_cost=None, tuned_accuracy=None)
    facts = facts_of(result, economics=economics, pairs=(gap(tuned, SONNET, mine - theirs, half),), **changes)
    prices = {TUNED.id: CHEAP, SONNET.id: PRICE} if cheap_endpoint else {TUNED.id: PRICE, SONNET.id: CHEAP}
    return decide(result, replace(facts, prices=prices))


def test_an_endpoint_that_misses_a_need_is_given_up_for_prompting_that_meets_it() -> None:
    verdict = judged(0.60, 0.96)
    assert verdict.outcome == "RULE_OUT"
    assert "sonnet/default/prompt" in verdict.sentence
    assert "return to prompting" in verdict.sentence
    assert "tuned/default/prompt does not" in verdict.sentence


@pytest.mark.parametrize("cheap_endpoint", [True, False])
@pytest.mark.parametrize(("mine", "theirs", "words"), [
    (0.85, 0.60, "tuned/default/prompt is more accurate than sonnet/default/prompt by +25.0"),
    (0.60, 0.85, "sonnet/default/prompt is more accurate"),
    (0.85, 0.85, "is open: the difference is 0.0"),
    (0.92, 0.60, "is not decided; tuned/default/prompt is more accurate"),
])  # fmt: skip
def test_where_nobody_meets_the_needs_it_says_which_is_better(
    mine: float, theirs: float, words: str, cheap_endpoint: bool
) -> None:
    verdict = judged(mine, theirs, cheap_endpoint=cheap_endpoint)
    assert verdict.outcome == "NOT_YET"
    assert words in verdict.sentence


def test_a_cheaper_endpoint_that_meets_the_needs_is_kept_and_a_dearer_one_is_not() -> None:
    assert judged(0.96, 0.96).outcome == "FUND"
    dearer = judged(0.96, 0.96, cheap_endpoint=False)
    assert dearer.outcome == "RULE_OUT"
    assert "does as well for less" in dearer.sentence


def test_prompting_that_is_not_inferior_and_costs_less_is_returned_to() -> None:
    """It is undecided on the need, but the paired difference is small for sure."""
    assert judged(0.945, 0.93, half=0.004, cheap_endpoint=False).outcome == "RULE_OUT"
    assert judged(0.945, 0.93, half=0.03, cheap_endpoint=False).outcome == "NOT_YET"


@pytest.mark.parametrize("need", [0.92, 0.55])
def test_a_constant_answer_is_never_kept(need: float) -> None:
    """Six of ten rows are of one class, so an endpoint of .60 may always say the same."""
    classes = tuple(ClassFigures(name, n, 500, 0.6, 0.6, 0.6) for name, n in (("a", 600), ("b", 400)))
    constant = replace(TUNED, per_class=classes)
    result = run_of((constant, 0.60, 1.0), (SONNET, 0.40, 0.999), needs=(Need("accuracy", need),))
    facts = facts_of(
        result,
        economics=replace(ECONOMICS, calls_per_month=Span(2e9, 2e9), tuned_accuracy=None),
        pairs=(gap(TUNED, SONNET, 0.2),),
    )
    verdict = decide(result, replace(facts, prices={TUNED.id: CHEAP, SONNET.id: PRICE}))
    assert verdict.outcome == "NOT_YET"
    if need == 0.55:
        assert "largest class" in verdict.answers[2].why
        assert verdict.next_step.startswith("Look at the answers")


def test_few_rows_keep_nothing() -> None:
    verdict = judged(1.0, 0.6, n=150)
    assert verdict.outcome == "NOT_YET"
    assert "at least 200 are needed" in verdict.sentence
    assert verdict.next_step.startswith("Label test rows, at least 200")


def test_an_endpoint_that_meets_the_needs_goes_before_a_more_accurate_one() -> None:
    odd = contender("odd", "fine_tuned")
    result = run_of((odd, 0.97, 0.5), (TUNED, 0.96, 0.999), (SONNET, 0.7, 0.999), needs=NEEDS)
    verdict = decide(result, facts_of(result, economics=replace(ECONOMICS, tuned_accuracy=None)))
    assert "tuned/default/prompt meets all needs" in verdict.answers[0].why


def test_a_cheaper_model_that_was_not_measured_keeps_it_open() -> None:
    """Prompting may do it for less: the model that would tell was skipped."""
    skipped = contender("luna", skipped="LUNA_KEY is not set")
    result = run_of((TUNED, 0.96, 0.999), (SONNET, 0.96, 0.999), (skipped, 0, 0), needs=NEEDS)
    economics = replace(ECONOMICS, calls_per_month=Span(2e9, 2e9), tuned_accuracy=None)
    facts = facts_of(result, economics=economics, pairs=(gap(TUNED, SONNET, 0.0),))
    verdict = decide(result, replace(facts, prices={TUNED.id: CHEAP, SONNET.id: PRICE}))
    assert verdict.outcome == "NOT_YET"
    assert "luna was not measured and may do it for less" in verdict.answers[2].why


def test_an_endpoint_is_not_kept_because_the_prompt_is_broken() -> None:
    """Prompting is no better than a trained floor: that is looked at before an endpoint is held against it."""
    trained = contender("trained", "floor")
    for theirs, outcome in ((0.70, "NOT_YET"), (0.80, "FUND")):
        result = run_of((TUNED, 0.96, 0.999), (SONNET, theirs, 0.999), (trained, 0.70, 1.0), needs=NEEDS)
        economics = replace(ECONOMICS, calls_per_month=Span(2e9, 2e9), build_cost=None, tuned_accuracy=None)
        facts = facts_of(result, economics=economics, pairs=(gap(TUNED, SONNET, 0.96 - theirs),))
        verdict = decide(result, replace(facts, prices={TUNED.id: CHEAP, SONNET.id: PRICE}))
        assert verdict.outcome == outcome, verdict.answers
    assert "every frontier contender misses one" in verdict.answers[0].why


def test_nothing_is_kept_for_a_quality_that_nobody_diagnosed() -> None:
    assert judged(0.96, 0.80).outcome == "FUND"
    verdict = judged(0.96, 0.80, case="quality")
    assert verdict.outcome == "NOT_YET"
    assert "most often a matter of the prompt" in verdict.sentence


def test_who_does_as_well_is_told_in_one_number() -> None:
    haiku = contender("haiku")
    result = run_of((TUNED, 0.96, 0.999), (SONNET, 0.96, 0.999), (haiku, 0.96, 0.999), needs=NEEDS)
    facts = facts_of(result, economics=replace(ECONOMICS, build_cost=None, tuned_accuracy=None))
    why = decide(result, facts).answers[0].why
    assert why == (
        "sonnet/default/prompt and haiku/default/prompt do as well as tuned/default/prompt: they meet all needs."
    )


def test_an_endpoint_is_not_kept_because_answers_were_cut_off() -> None:
    """A second model misses the need, and 4 of 100 of its answers were cut off: that is mended first."""
    for cut, outcome in ((40, "NOT_YET"), (0, "FUND")):
        haiku = replace(contender("haiku"), status={"ok": 1000 - cut, "truncated": cut})
        result = run_of((TUNED, 0.96, 0.999), (SONNET, 0.85, 0.999), (haiku, 0.84, 0.999), needs=NEEDS)
        economics = replace(ECONOMICS, calls_per_month=Span(2e9, 2e9), build_cost=None, tuned_accuracy=None)
        pairs = (gap(TUNED, SONNET, 0.11), gap(TUNED, haiku, 0.12))
        facts = facts_of(result, economics=economics, pairs=pairs)
        verdict = decide(result, replace(facts, prices={TUNED.id: CHEAP, SONNET.id: PRICE, haiku.id: PRICE}))
        assert verdict.outcome == outcome, verdict.answers
        if outcome == "NOT_YET":
            assert "of haiku/default/prompt 4.0 % of the answers were cut off" in verdict.answers[0].why
            assert verdict.next_step.startswith("Raise `output.max_tokens`")
