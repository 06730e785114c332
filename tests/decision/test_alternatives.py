"""What a fine-tune must beat besides its rival: other contenders, by declared values, at known prices or free."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.decision.verdict import decide
from evalkit.records.economics import Economics, Span
from evalkit.records.estimate import Estimate, Need
from evalkit.records.evidence import Facts
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from evalkit.records.run import RunResult
from evalkit.records.verdict import Verdict
from tests.builders.contenders import contender
from tests.builders.facts import CHEAP, ECONOMICS, PRICE, facts_of, gap
from tests.builders.runs import run_of

SONNET, HAIKU, TUNED = contender("sonnet"), contender("haiku"), contender("tuned", "fine_tuned")
DEAR = Price((Tier(Rates(4.0, 20.0, 0.4, 5.0, 8.0)),), "2026-11-01", "a test", 0.5)


def without_price(facts: Facts, name: str) -> Facts:
    return replace(facts, prices={k: v for k, v in facts.prices.items() if not k.startswith(f"{name}/")})


def built(result: RunResult, economics: Economics, haiku: Price | None = CHEAP) -> Verdict:
    facts = facts_of(result, case="format", economics=economics)
    prices = {SONNET.id: DEAR, **({} if haiku is None else {HAIKU.id: haiku})}
    return decide(result, replace(facts, prices=prices))


@pytest.mark.parametrize(("value", "outcome"), [(50_000, "NOT_YET"), (900_000, "FUND")])
def test_a_build_must_pay_against_the_cheap_contender_too(value: float, outcome: str) -> None:
    """Nobody meets the need. The dear model is nearest, and its bill alone would pay the build. The cheap one's bill
    is small, so that only the value of meeting the need pays, which an expected .85 to .95 reaches in half the cases.
    """
    result = run_of((SONNET, 0.80, 0.999), (HAIKU, 0.70, 0.999))
    economics = replace(
        ECONOMICS,
        calls_per_month=Span(200e6, 200e6),
        tuned_cost_per_1000_calls=Span(0.15, 0.2),
        tuned_accuracy=Span(0.86, 0.95) if outcome == "NOT_YET" else Span(0.92, 0.95),
        value_of_a_correct_answer=None,
        value_of_meeting_need_per_month=Span(value, value),
    )
    verdict = built(result, economics)
    assert verdict.outcome == outcome, verdict.answers
    if outcome == "NOT_YET":
        assert "against haiku/default/prompt that probability is" in verdict.answers[2].why


def test_a_price_that_nobody_knows_counts_as_none_at_all() -> None:
    """Where the fine-tune pays even against a free one, the price does not matter; else it is asked for."""
    result = run_of((SONNET, 0.80, 0.999), (HAIKU, 0.79, 0.999))
    rich = replace(ECONOMICS, value_of_a_correct_answer=Span(0.01, 0.02))
    assert built(result, rich, haiku=None).outcome == "FUND"
    poor = replace(
        ECONOMICS,
        calls_per_month=Span(200e6, 200e6),
        value_of_a_correct_answer=Span(1e-6, 2e-6),
    )
    assert built(result, poor, haiku=PRICE).outcome == "FUND"
    verdict = built(result, poor, haiku=None)
    assert verdict.outcome == "NOT_YET"
    assert "haiku/default/prompt may do it for less: its price is unknown" in verdict.answers[2].why
    assert verdict.next_step.startswith("Declare price: `haiku: {…, price:")


def test_in_case_volume_a_winner_without_a_price_keeps_it_open() -> None:
    result = run_of((SONNET, 0.94, 0.999), (HAIKU, 0.94, 0.999), needs=(Need("accuracy", 0.9),))
    facts = facts_of(result, case="volume", economics=replace(ECONOMICS, calls_per_month=Span(2e9, 2e9)))
    facts = replace(facts, prices={SONNET.id: PRICE, HAIKU.id: PRICE})
    assert decide(result, facts).outcome == "FUND"
    verdict = decide(result, without_price(facts, "haiku"))
    assert verdict.outcome == "NOT_YET"
    assert "its price is unknown" in verdict.answers[0].why
    assert verdict.next_step.startswith("Declare price: `haiku")


def kept(theirs: float, value: float, price: Price | None = DEAR, third: float | None = None) -> Verdict:
    """An endpoint of .93 at 1/40 of the price of sonnet; the form alone is needed. `third` adds a free haiku."""
    answers = [(TUNED, 0.93, 0.999), (SONNET, theirs, 0.999)]
    if third is not None:
        answers.append((HAIKU, third, 0.999))
    result = run_of(*answers, needs=(Need("format_validity", 0.95),))
    economics = replace(
        ECONOMICS,
        calls_per_month=Span(20e6, 20e6),
        build_cost=None,
        tuned_accuracy=None,
        value_of_a_correct_answer=Span(value, value),
    )
    pairs = tuple(gap(TUNED, other, 0.93 - reached) for other, reached, _ in answers[1:])
    facts = facts_of(result, economics=economics, pairs=pairs)
    prices = {TUNED.id: CHEAP, **({} if price is None else {SONNET.id: price})}
    return decide(result, replace(facts, prices=prices))


def test_an_endpoint_that_gives_away_right_answers_is_not_kept_for_its_price() -> None:
    """By the needs both do the job. Each right answer is worth 0.28 $, and prompting gives 5 points more of them."""
    assert kept(0.93, 0.28).outcome == "FUND"
    verdict = kept(0.98, 0.28)
    assert verdict.outcome != "FUND"
    assert "against sonnet/default/prompt that probability is" in verdict.answers[2].why
    assert kept(0.98, 1e-5).outcome == "FUND", "right answers are worth less than the saving"


def test_an_endpoint_is_not_kept_while_a_winner_has_no_price() -> None:
    assert kept(0.93, 1e-5, third=0.7).outcome == "NOT_YET"


def test_a_prompted_contender_that_may_meet_the_needs_holds_a_build_back() -> None:
    """The frontier misses for sure; a model on an own server is not decided."""
    llama = contender("llama", "prompted")
    result = run_of((SONNET, 0.80, 0.999), (llama, 0.90, 0.999))
    verdict = decide(result, facts_of(result))
    assert verdict.outcome == "NOT_YET"
    assert verdict.answers[0].why.startswith("llama/default/prompt is not decided")
    missed = run_of((SONNET, 0.80, 0.999), (llama, 0.82, 0.999))
    assert decide(missed, facts_of(missed)).outcome == "FUND"


def test_wrong_labels_may_hide_a_prompted_contender() -> None:
    llama = contender("llama", "prompted")
    result = run_of((SONNET, 0.70, 0.999), (llama, 0.87, 0.999))
    assert decide(result, facts_of(result, label_error_share=Span(0.0, 0.005))).outcome == "FUND"
    verdict = decide(result, facts_of(result, label_error_share=Span(0.0, 0.04)))
    assert verdict.outcome == "NOT_YET"
    assert verdict.answers[0].why.startswith("Whether llama/default/prompt meets all needs is open: accuracy is at")


def test_a_floor_is_uncertain_too() -> None:
    """220 rows: .72 against a trained .66 may be chance."""
    trained = replace(contender("trained", "floor"), metrics={"accuracy": Estimate(0.66, 0.595, 0.719, 220, "wilson")})
    result = run_of((SONNET, 0.72, 0.999), (trained, 0.66, 0.999), n=220)
    verdict = decide(result, facts_of(result))
    assert verdict.outcome == "NOT_YET"
    assert "is not surely above that of the reference trained/default/prompt" in verdict.answers[0].why
    clear = run_of((SONNET, 0.78, 0.999), (trained, 0.66, 0.999), n=220)
    assert decide(clear, facts_of(clear)).outcome == "FUND"


def test_in_case_volume_a_cheap_contender_that_is_nearly_as_accurate_counts() -> None:
    """Nobody meets the need. At .77 against .80 it may be the better deal; at .60 it does another job."""
    economics = replace(ECONOMICS, calls_per_month=Span(500e6, 500e6), tuned_cost_per_1000_calls=Span(0.1, 0.12))
    for theirs, outcome in ((0.77, "NOT_YET"), (0.60, "FUND")):
        result = run_of((SONNET, 0.80, 0.999), (HAIKU, theirs, 0.999), n=3000)
        facts = facts_of(result, case="volume", economics=economics)
        verdict = decide(result, replace(facts, prices={SONNET.id: DEAR, HAIKU.id: CHEAP}))
        assert verdict.outcome == outcome, verdict.answers


def test_without_a_frontier_model_the_volume_alone_funds_nothing() -> None:
    llama = contender("llama", "prompted")
    result = run_of((llama, 0.94, 0.999), needs=(Need("accuracy", 0.9),))
    facts = facts_of(result, case="volume", economics=replace(ECONOMICS, calls_per_month=Span(2e9, 2e9)))
    verdict = decide(result, facts)
    assert verdict.outcome == "NOT_YET"
    assert "not measured: any frontier model" in verdict.answers[0].why
