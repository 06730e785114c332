"""No FUND on figures that make no sense, nor on a need that the labels forbid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.decision.sense import lacks
from evalkit.decision.verdict import decide
from evalkit.records.economics import Span
from evalkit.records.estimate import Gap, Need
from evalkit.records.evidence import LabelConflicts, Rules
from evalkit.records.run import ClassFigures, ContenderResult
from evalkit.records.verdict import Verdict
from tests.builders.contenders import contender
from tests.builders.facts import facts_of
from tests.builders.runs import run_of

SONNET = contender("sonnet")
CLASSES = tuple(ClassFigures(name, n, n, 0.8, 0.8, 0.8) for name, n in (("a", 700), ("b", 300)))


def judged(
    accuracy: float, n: int = 1000, needs: Any = None, sonnet: ContenderResult = SONNET, **facts: Any
) -> Verdict:
    result = run_of(
        (sonnet, accuracy, 0.999), n=n, needs=needs or (Need("accuracy", 0.9), Need("format_validity", 0.95))
    )
    return decide(result, facts_of(result, **facts))


def test_nothing_right_of_thirty_is_no_reason_to_build() -> None:
    verdict = judged(0.0, n=30)
    assert verdict.outcome == "NOT_YET"
    assert verdict.next_step.startswith("Look at the answers first")


@pytest.mark.parametrize(("n", "rules", "outcome"), [
    (199, Rules(), "NOT_YET"),
    (200, Rules(), "FUND"),
    (199, Rules(min_test_rows=100), "FUND"),
])  # fmt: skip
def test_a_build_rests_on_enough_rows(n: int, rules: Rules, outcome: str) -> None:
    assert judged(0.6, n=n, rules=rules).outcome == outcome


def test_a_model_that_is_no_better_than_the_largest_class_has_a_broken_prompt() -> None:
    verdict = judged(0.71, sonnet=replace(SONNET, per_class=CLASSES))
    assert verdict.outcome == "NOT_YET"
    assert "largest class (.700)" in verdict.sentence
    assert verdict.next_step.startswith("Look at the answers first")
    assert judged(0.80, sonnet=replace(SONNET, per_class=CLASSES)).outcome == "FUND"


def test_nor_is_one_that_is_no_better_than_the_trained_reference_worth_a_build() -> None:
    trained = contender("trained", "floor")
    result = run_of((SONNET, 0.8, 0.999), (trained, 0.82, 1.0))
    verdict = decide(result, facts_of(result))
    assert verdict.outcome == "NOT_YET"
    assert "trained/default/prompt (.820)" in verdict.sentence
    below = run_of((SONNET, 0.8, 0.999), (trained, 0.7, 1.0))
    assert decide(below, facts_of(below)).outcome == "FUND"


@pytest.mark.parametrize(("status", "kind"), [
    ({"ok": 969, "refused": 31}, "refused"),
    ({"ok": 960, "refused": 25, "rejected": 15}, "rejected by the provider"),
])  # fmt: skip
def test_many_refusals_are_looked_at_first(status: dict[str, int], kind: str) -> None:
    verdict = judged(0.8, sonnet=replace(SONNET, status=status))
    assert verdict.outcome == "NOT_YET"
    assert kind in verdict.sentence
    assert judged(0.8, sonnet=replace(SONNET, status={"ok": 980, "refused": 20})).outcome == "FUND"


def test_prompting_that_does_it_needs_no_more_rows_to_rule_a_build_out() -> None:
    assert judged(0.99, n=150).outcome == "RULE_OUT"


def test_the_latency_case_too_asks_for_sense() -> None:
    needs = (Need("accuracy", 0.5), Need("ttft_p95_ms", 100, at_least=False))
    result = run_of((SONNET, 0.9, 0.999), needs=needs, n=100)
    late = {"state": "unmet", "gap": Gap(300.0, 250.0, None), "why": "above 100"}
    slow = [replace(r, **late) if r.need.metric == "ttft_p95_ms" else r for r in result.requirements]
    answer = decide(replace(result, requirements=tuple(slow)), facts_of(result, case="latency")).answers[0]
    assert answer.state == "undecided"
    assert "100 rows" in answer.why


def test_the_time_is_named_in_an_answer_about_time() -> None:
    needs = (Need("accuracy", 0.9), Need("ttft_p95_ms", 100, at_least=False))
    result = run_of((SONNET, 0.85, 0.999), needs=needs)
    late = {"state": "unmet", "gap": Gap(300.0, 250.0, None), "why": "above 100"}
    slow = [replace(r, **late) if r.need.metric == "ttft_p95_ms" else r for r in result.requirements]
    why = decide(replace(result, requirements=tuple(slow)), facts_of(result, case="latency")).answers[0].why
    assert "misses the time needed: nearest is sonnet/default/prompt, whose first token" in why
    assert "accuracy" not in why


# ---- labels


def test_wrong_labels_shift_an_accuracy_they_do_not_only_cap_it() -> None:
    """.884 as measured, with 4 to 6 % of the labels wrong, is about .93: the need of .90 may well be met."""
    verdict = judged(0.884, n=2000, label_error_share=Span(0.04, 0.06))
    assert verdict.answers[0].state == "undecided"
    assert "with up to 6.0 % wrong labels" in verdict.answers[0].why
    assert verdict.next_step.startswith("Correct wrong labels of test")
    assert judged(0.80, n=2000, label_error_share=Span(0.04, 0.06)).outcome == "FUND"
    assert judged(0.884, n=2000, label_error_share=Span(0.0, 0.0)).answers[0].state == "for"


@pytest.mark.parametrize("vouched", [(), ("labels",)])
def test_a_need_above_what_contradictory_labels_allow_is_never_funded(vouched: tuple[Any, ...]) -> None:
    conflicts = LabelConflicts(rows=113, of=1000, ceiling=0.899, least_wrong=0.04)
    needs = (Need("accuracy", 0.95), Need("format_validity", 0.95))
    verdict = judged(0.7, needs=needs, label_conflicts=conflicts, vouched=vouched, label_error_share=None)
    assert verdict.outcome == "NOT_YET"
    vouched_for = judged(0.7, needs=needs, vouched=("labels",))
    assert vouched_for.answers[0].state == "for"
    if vouched:
        assert "113 rows of test contradict" in verdict.answers[0].why
        assert "no model can reach more than .899" in verdict.answers[0].why
        assert verdict.next_step.startswith("Correct the labels of test, or lower `accuracy`")


def test_the_ceiling_holds_where_another_need_clears_the_build() -> None:
    """A form that nothing mends would fund it, "provided accuracy ≥ .95", which the labels forbid."""
    conflicts = LabelConflicts(rows=113, of=1000, ceiling=0.899)
    sonnet = replace(SONNET, enforce="native")
    needs = (Need("accuracy", 0.95), Need("format_validity", 0.95))
    result = run_of((sonnet, 0.7, 0.8), needs=needs)
    assert decide(result, facts_of(result)).answers[0].state == "for"
    assert decide(result, facts_of(result, label_conflicts=conflicts)).answers[0].state == "undecided"


def test_at_least_the_contradictions_are_wrong() -> None:
    """Nobody declared a wrong label, but contradictions prove 6 %."""
    conflicts = LabelConflicts(rows=120, of=2000, ceiling=0.97, least_wrong=0.06)
    declared = {"n": 2000, "label_error_share": Span(0.0, 0.01)}
    assert judged(0.86, **declared).answers[0].state == "for"
    assert judged(0.86, **declared, label_conflicts=conflicts).answers[0].state == "undecided"


def test_lacks_are_none_for_sound_figures() -> None:
    result = run_of((replace(SONNET, per_class=CLASSES), 0.85, 0.99))
    assert lacks(result.contenders[0], result, facts_of(result)) == []


def test_a_weaker_contender_with_a_broken_prompt_is_named_and_holds_nothing_back() -> None:
    broken = replace(contender("haiku"), per_class=CLASSES)
    result = run_of((SONNET, 0.8, 0.999), (broken, 0.3, 0.999))
    verdict = decide(result, facts_of(result))
    assert verdict.outcome == "FUND"
    assert any(line.startswith("Not sound: the accuracy of haiku") for line in verdict.answers[0].evidence)


def test_a_floor_that_meets_all_that_is_declared_holds_a_fund_back() -> None:
    """The form alone is needed, and a trained model keeps it for nothing: the accuracy that is needed is not said."""
    trained = contender("trained", "floor")
    needs = (Need("format_validity", 0.95),)
    result = run_of((replace(SONNET, enforce="native"), 0.85, 0.8), (trained, 0.4, 1.0), needs=needs)
    verdict = decide(result, facts_of(result, case="format"))
    assert verdict.outcome == "NOT_YET"
    assert "the floor trained/default/prompt meets every need that is declared" in verdict.answers[0].why
    assert verdict.next_step.startswith("Say under `good_enough:` which accuracy is needed")
    asked = run_of(
        (replace(SONNET, enforce="native"), 0.85, 0.8), (trained, 0.4, 1.0), needs=(*needs, Need("accuracy", 0.9))
    )
    assert decide(asked, facts_of(asked, case="format")).outcome == "FUND"


def test_refusals_that_may_explain_a_gap_are_looked_at_first() -> None:
    """Of two models one refuses 5 in 100: with these right it might meet the need."""
    shy = replace(contender("shy"), status={"ok": 950, "refused": 50})
    for reached, outcome in ((0.84, "NOT_YET"), (0.70, "FUND")):
        result = run_of((contender("sonnet"), 0.85, 0.999), (shy, reached, 0.999))
        verdict = decide(result, facts_of(result))
        assert verdict.outcome == outcome, verdict.answers
        if outcome == "NOT_YET":
            assert "5.0 % of the answers were refused; with these right" in verdict.answers[0].why
            assert verdict.next_step.startswith("Look at the answers first")
