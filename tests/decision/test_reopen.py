"""What a verdict says would reopen it does: applied, and all decided again, the outcome is another one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from evalkit.decision.conditions import applied, with_threshold
from evalkit.decision.verdict import decide
from evalkit.records.economics import Span
from evalkit.records.estimate import Need
from evalkit.records.evidence import Facts
from evalkit.records.run import RunResult
from evalkit.records.verdict import Condition, Verdict
from evalkit.stats.measured import measured_counts
from evalkit.stats.requirement import judge
from tests.builders.contenders import contender
from tests.builders.facts import CHEAP, ECONOMICS, LABELS, PRICE, WORTHLESS, facts_of, gap
from tests.builders.runs import run_of
from tests.decision.random_worlds import draw_world
from tests.decision.world_observed import observe

DRAWS = 200
SONNET, TUNED = contender("sonnet"), contender("tuned", "fine_tuned")


def turned(result: RunResult, facts: Facts, verdict: Verdict, draws: int = DRAWS) -> Verdict:
    """Decided again with what it named."""
    return decide(*applied(verdict.reopen, result, facts), draws=draws)


@pytest.mark.parametrize("first", range(500, 620, 20))
def test_in_random_worlds_the_condition_turns_the_outcome(first: int) -> None:
    silent = decided = 0
    for seed in range(first, first + 20):
        result, facts = observe(draw_world(seed), 1000, seed)
        verdict = decide(result, facts, draws=DRAWS)
        if verdict.outcome == "NOT_YET":
            continue
        decided += 1
        silent += not verdict.reopen
        assert bool(verdict.reopen) == bool(verdict.reopen_when) == ("not known" not in verdict.sentence)
        if verdict.reopen:
            again = turned(result, facts, verdict)
            assert again.outcome != verdict.outcome, (seed, verdict.sentence, verdict.reopen_when)
    assert decided >= 5
    assert silent <= 0.3 * decided


def volume_case(calls: float, **declared: Any) -> tuple[RunResult, Facts]:
    result = run_of((SONNET, 0.95, 0.999))
    economics = replace(ECONOMICS, calls_per_month=Span(calls, calls), tuned_accuracy=Span(0.96, 0.97), **declared)
    return result, facts_of(result, case="volume", economics=economics)


def test_the_volume_that_it_names_is_the_one_that_is_needed() -> None:
    result, facts = volume_case(100_000)
    verdict = decide(result, facts)
    assert verdict.outcome == "RULE_OUT"
    (condition,) = verdict.reopen
    assert (condition.figure, condition.comparison) == ("economics.calls_per_month", "at_least")
    assert turned(result, facts, verdict, 10_000).outcome == "FUND"
    # What is said is what is stored: the figure in the sentence turns it too.
    said = re.fullmatch(r"the volume reaches ([\d.]+) M calls a month", verdict.reopen_when or "")
    assert said
    assert float(said[1]) * 1e6 == pytest.approx(condition.value)


def test_where_two_answers_are_against_both_conditions_are_named() -> None:
    result = run_of((SONNET, 0.8, 0.999))
    facts = facts_of(result, labels=replace(LABELS, usable=580), label_error_share=Span(0, 0), economics=WORTHLESS)
    verdict = decide(result, facts)
    assert [a.state for a in verdict.answers] == ["for", "against", "against"]
    assert len(verdict.reopen) == 2
    assert "420 more labels and " in (verdict.reopen_when or "")
    assert turned(result, facts, verdict, 10_000).outcome != "RULE_OUT"


def test_a_fund_is_reopened_by_less_volume_and_not_by_what_is_so_already() -> None:
    result, facts = volume_case(100e6)
    verdict = decide(result, facts)
    assert verdict.outcome == "FUND"
    assert "meets all needs" not in (verdict.reopen_when or "")
    assert "falls to" in (verdict.reopen_when or "")
    assert turned(result, facts, verdict, 10_000).outcome != "FUND"


@pytest.mark.parametrize(("mine", "theirs", "prices", "outcome"), [
    (0.96, 0.96, (CHEAP, PRICE), "FUND"),
    (0.96, 0.80, (CHEAP, PRICE), "FUND"),
    (0.96, 0.96, (PRICE, CHEAP), "RULE_OUT"),
    (0.60, 0.96, (CHEAP, PRICE), "RULE_OUT"),
])  # fmt: skip
def test_an_endpoint_too(mine: float, theirs: float, prices: Any, outcome: str) -> None:
    result = run_of((TUNED, mine, 0.999), (SONNET, theirs, 0.999), needs=(Need("accuracy", 0.9),))
    economics = replace(ECONOMICS, calls_per_month=Span(2e9, 2e9), tuned_accuracy=None)
    facts = facts_of(result, economics=economics, pairs=(gap(TUNED, SONNET, mine - theirs),))
    facts = replace(facts, prices=dict(zip((TUNED.id, SONNET.id), prices, strict=True)))
    verdict = decide(result, facts)
    assert verdict.outcome == outcome
    assert verdict.reopen
    assert turned(result, facts, verdict, 10_000).outcome != outcome


@pytest.mark.parametrize("case", ["brand_voice", "knowledge_base"])
def test_a_redirect_names_another_case_where_that_changes_something(case: Any) -> None:
    open_ = run_of((SONNET, 0.9, 0.999))
    verdict = decide(open_, facts_of(open_, case=case))
    assert verdict.reopen == (Condition("case", "is", "format"),)
    assert turned(open_, facts_of(open_, case=case), verdict, 10_000).outcome != "RULE_OUT"


def test_where_nothing_is_known_to_turn_it_the_sentence_says_so() -> None:
    """Half of the labels may be wrong, or all of them: no number of labels is enough."""
    result = run_of((SONNET, 0.9, 0.999))
    labels = replace(LABELS, usable=300, per_class={})
    facts = facts_of(result, labels=labels, label_error_share=Span(1.0, 1.0))
    verdict = decide(result, facts)
    assert verdict.outcome == "RULE_OUT"
    assert verdict.reopen == ()
    assert verdict.reopen_when is None
    assert verdict.sentence.endswith("What would reopen it is not known.")


@pytest.mark.parametrize("threshold", [0.5, 0.85, 0.9, 0.93, 0.99])
@pytest.mark.parametrize("margin", [0.0, 0.01])
def test_a_requirement_held_against_another_threshold_is_as_if_judged_so(threshold: float, margin: float) -> None:
    measured = measured_counts(900, 1000)
    moved = with_threshold(judge("a", Need("accuracy", 0.9, margin), measured), threshold)
    fresh = judge("a", Need("accuracy", threshold, margin), measured)
    assert moved.state == fresh.state
    assert moved.need == fresh.need
    assert moved.gap.high == pytest.approx(fresh.gap.high)


def test_an_unknown_figure_is_an_error() -> None:
    result, facts = volume_case(1e6)
    with pytest.raises(ValueError, match="no such figure"):
        applied((Condition("weather", "is", "fine"),), result, facts)
    assert applied((), result, facts) == (result, facts)
