"""The next step is the cheapest that helps, and never one that was taken or that undoes a correction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evalkit.decision.verdict import decide
from evalkit.records.economics import Span
from evalkit.records.estimate import Need
from evalkit.records.evidence import LabelFacts
from tests.builders.contenders import contender
from tests.builders.facts import ECONOMICS, LABELS, facts_of
from tests.builders.runs import run_of

SONNET = contender("sonnet")


def test_an_unknown_price_is_declared() -> None:
    result = run_of((SONNET, 0.8, 0.999))
    step = decide(result, facts_of(result, prices={})).next_step
    assert step.startswith("Declare price: `sonnet: {…, price: {input: …, output: …}}` under `models:`")


def test_recorded_answers_without_tokens_get_columns() -> None:
    result = run_of((SONNET, 0.8, 0.999))
    step = decide(result, facts_of(result, mixes={})).next_step
    assert "`input_tokens` and `output_tokens`" in step
    assert SONNET.id in step


def test_nobody_is_told_to_compare_fewer_after_looking() -> None:
    many = run_of((contender("m0"), 0.9165, 0.999), *((contender(f"m{i}"), 0.88, 0.999) for i in range(1, 8)))
    step = decide(many, facts_of(many)).next_step
    assert "fewer" not in step
    assert step.startswith("Label")


def test_a_model_that_is_listed_is_run_not_added() -> None:
    result = run_of((contender("trained", "floor"), 0.8, 1.0))
    step = decide(result, facts_of(result, listed_frontier=("haiku",))).next_step
    assert step.startswith("python -m evalkit run suites/tickets.yaml -m haiku")
    assert "Add" not in step
    none = decide(result, facts_of(result, listed_frontier=())).next_step
    assert none.startswith("Add a frontier model")


def test_labels_that_alone_are_short_are_bought() -> None:
    """40 rows for 20 dollars stand against the gain."""
    result = run_of((SONNET, 0.8, 0.999))
    labels = LabelFacts(rows=960, exact=0, near=0, in_test=0, usable=960, per_class={"a": 500, "b": 460})
    economics = replace(
        ECONOMICS, label_cost_each=Span(0.5, 0.5), tuned_accuracy=Span(0.95, 0.95), value_of_a_correct_answer=Span(1, 1)
    )
    found = decide(result, facts_of(result, labels=labels, label_error_share=Span(0, 0), economics=economics))
    assert [a.state for a in found.answers] == ["for", "against", "for"]
    assert found.outcome == "RULE_OUT"
    assert found.next_step.startswith("Label 40 more rows of train, about $20.00 at $0.50 each, against $")
    assert "baseline accept" not in found.next_step


def test_a_measured_accuracy_is_not_found_out_again() -> None:
    needs = (Need("accuracy", 0.9),)
    result = run_of((SONNET, 0.84, 0.999), needs=needs, n=250)
    fixed: dict[str, Any] = {
        name: Span(value.low, value.low)
        for name in ("build_cost", "hosting_per_month", "tuned_cost_per_1000_calls", "tuned_accuracy")
        if (value := getattr(ECONOMICS, name)) is not None
    }
    for build in (4e3, 8e3, 12e3, 16e3, 24e3, 32e3, 64e3):
        fixed |= {"calls_per_month": Span(1e6, 1e6), "build_cost": Span(build, build)}
        economics = replace(ECONOMICS, **fixed, value_of_a_correct_answer=Span(0.03, 0.03))
        verdict = decide(result, facts_of(result, economics=economics, labels=LABELS, label_error_share=Span(0, 0)))
        if verdict.answers[2].state == "undecided":
            assert "Find out accuracy" not in verdict.next_step
            assert (
                "Label more test rows: the accuracy of sonnet/default/prompt, which was measured" in verdict.next_step
            )
            return
    raise AssertionError("no build cost is undecided")
