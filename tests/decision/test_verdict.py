"""The verdict end to end on made runs: states, outcomes, and next steps that name commands which exist."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from typer.main import get_command

from evalkit.cli.main import app
from evalkit.decision.verdict import decide
from evalkit.records.economics import Span
from evalkit.records.estimate import Estimate, Gap, Need
from evalkit.records.run import UnmeasuredCost
from evalkit.records.verdict import Verdict
from tests.builders.contenders import contender
from tests.builders.facts import CHEAP, ECONOMICS, LABELS, WORTHLESS, facts_of, gap
from tests.builders.runs import run_of

COMMANDS = set(get_command(app).commands)  # type: ignore[attr-defined]

ACCURACY = {"for": 0.8, "against": 0.95, "undecided": 0.9}
LABEL = {"for": LABELS, "against": replace(LABELS, usable=300, per_class={"a": 150, "b": 150}), "undecided": None}
PAYS = replace(ECONOMICS, value_of_a_correct_answer=None, value_of_meeting_need_per_month=Span(50_000, 60_000))
MONEY = {"for": PAYS, "against": WORTHLESS, "undecided": None}


def followable(verdict: Verdict) -> None:
    """Every command in the next step exists with its options, and the step is one line."""
    step = verdict.next_step
    assert step and "\n" not in step
    for name in re.findall(r"python -m evalkit (\w+)", step):
        assert name in COMMANDS, step
    assert "python -m evalkit" in step


@pytest.mark.parametrize(
    "case", [None, "volume", "domain", "latency", "format", "quality", "brand_voice", "knowledge_base"]
)
def test_every_combination_of_answers(case: Any) -> None:
    reached = set()
    for one, two, three in product(ACCURACY, LABEL, MONEY):
        result = run_of((contender("sonnet"), ACCURACY[one], 0.999))
        verdict = decide(result, facts_of(result, case=case, labels=LABEL[two], economics=MONEY[three]))
        followable(verdict)
        states = tuple(a.state for a in verdict.answers)
        reached.add(states)
        if case is None:
            assert states == (one, two, three)
            wanted = "RULE_OUT" if "against" in states else "FUND" if set(states) == {"for"} else "NOT_YET"
            assert verdict.outcome == wanted
        if case in ("brand_voice", "knowledge_base"):
            assert verdict.outcome == "RULE_OUT"
            assert verdict.instead
        if case == "quality":
            assert verdict.outcome != "FUND"
        if verdict.outcome == "RULE_OUT":
            assert verdict.instead
            assert verdict.reopen_when or "not known" in verdict.sentence
        assert verdict.sentence.startswith(verdict.outcome.replace("_", " "))
    assert len(reached) >= 9


@pytest.mark.parametrize(("mine", "theirs", "calls", "outcome"), [
    (0.95, 0.80, 20e6, "FUND"),
    (0.95, 0.95, 10_000, "RULE_OUT"),
    (0.95, 0.95, 2e9, "FUND"),
    (0.95, 0.80, 10_000, "NOT_YET"),
])  # fmt: skip
def test_an_endpoint_is_kept_where_it_earns_its_keep(mine: float, theirs: float, calls: float, outcome: str) -> None:
    tuned, sonnet = contender("tuned", "fine_tuned"), contender("sonnet")
    result = run_of((tuned, mine, 0.999), (sonnet, theirs, 0.999))
    economics = replace(ECONOMICS, calls_per_month=Span(calls, calls), build_cost=None, tuned_accuracy=None)
    facts = facts_of(result, economics=economics, pairs=(gap(tuned, sonnet, mine - theirs),))
    facts = replace(facts, prices={**facts.prices, tuned.id: CHEAP})
    verdict = decide(result, facts)
    assert verdict.subject == "keep"
    assert verdict.answers[1].state == "not_applicable"
    assert verdict.outcome == outcome, verdict
    followable(verdict)


def test_an_endpoint_beside_nothing_is_not_yet() -> None:
    result = run_of((contender("tuned", "fine_tuned"), 0.95, 0.999))
    verdict = decide(result, facts_of(result))
    assert (verdict.subject, verdict.outcome) == ("keep", "NOT_YET")


def test_a_skipped_frontier_model_keeps_question_1_open() -> None:
    result = run_of(
        (contender("sonnet"), 0.8, 0.999), (contender("opus", skipped="ANTHROPIC_API_KEY is not set"), 0, 0)
    )
    cost = UnmeasuredCost(
        "opus", "anthropic/opus", "frontier", "ANTHROPIC_API_KEY is not set", 1.0, 3000.0, 0.25, 0.9, "…"
    )
    result = replace(result, unmeasured=(cost,))
    verdict = decide(result, facts_of(result, missing_env={"opus": ("ANTHROPIC_API_KEY",)}))
    assert verdict.answers[0].state == "undecided"
    assert verdict.outcome == "NOT_YET"
    assert verdict.next_step.startswith("export ANTHROPIC_API_KEY=…; python -m evalkit run suites/tickets.yaml")
    assert "$0.25" in verdict.next_step


def test_floors_are_no_evidence() -> None:
    result = run_of((contender("small", "floor"), 0.99, 0.999))
    verdict = decide(result, facts_of(result))
    assert verdict.answers[0].state == "undecided"


def test_people_are_compared_and_are_no_prompting() -> None:
    """They meet all needs, and free of charge: no reason to go on with prompting."""
    people = contender("human_free", "reference")
    result = run_of((people, 0.99, 1.0), (contender("sonnet"), 0.8, 0.999))
    verdict = decide(result, facts_of(result))
    assert verdict.outcome == "FUND"
    alone = run_of((people, 0.99, 1.0))
    verdict = decide(alone, facts_of(alone))
    assert verdict.answers[0].state == "undecided"
    assert "human_free" not in verdict.sentence


def test_several_contenders_are_corrected_for() -> None:
    """One of many that is just above the need is no proof that some contender meets it."""
    lone = run_of((contender("m0"), 0.9165, 0.999))
    many = run_of((contender("m0"), 0.9165, 0.999), *((contender(f"m{i}"), 0.88, 0.999) for i in range(1, 8)))
    assert decide(lone, facts_of(lone)).answers[0].state == "against"
    assert decide(many, facts_of(many)).answers[0].state == "undecided"


@pytest.mark.parametrize(("changes", "word"), [
    ({"label_error_share": None}, "wrong labels"),
    ({"label_error_share": Span(0.0, 0.15)}, "cap accuracy"),
    ({"ladders": ()}, "headroom is unknown"),
])  # fmt: skip
def test_evidence_that_is_missing_keeps_question_1_open(changes: dict[str, Any], word: str) -> None:
    result = run_of((contender("sonnet"), 0.8, 0.999))
    verdict = decide(result, facts_of(result, **changes))
    assert verdict.answers[0].state == "undecided"
    assert word in verdict.answers[0].why
    stood = decide(result, facts_of(result, **changes, vouched=("prompt", "labels")))
    assert stood.answers[0].state == "for"
    assert any("Vouched for" in line for line in stood.first)


def test_a_format_gap_must_survive_native_output() -> None:
    plain = contender("sonnet")
    alone = run_of((plain, 0.95, 0.8))
    assert "native" in decide(alone, facts_of(alone, case="format")).answers[0].why
    assert "enforce: native" in decide(alone, facts_of(alone, case="format")).next_step
    native = replace(plain, id="native/default/native", model="native", enforce="native")
    both = run_of((plain, 0.95, 0.8), (native, 0.95, 0.85))
    assert decide(both, facts_of(both, case="format")).answers[0].state == "for"
    solved = run_of((plain, 0.95, 0.8), (native, 0.95, 0.999))
    assert decide(solved, facts_of(solved, case="format")).answers[0].state == "against"


def test_native_output_that_the_server_ignores_clears_nothing() -> None:
    plain = contender("sonnet")
    twin = replace(plain, id="native/default/native", model="native", enforce="native")
    for share in (1.0, 0.002):
        ignored = replace(twin, not_enforced=share)
        both = run_of((plain, 0.95, 0.8), (ignored, 0.95, 0.85))
        first = decide(both, facts_of(both, case="format")).answers[0]
        assert first.state == "undecided" and "does not enforce the schema" in first.why
        alone = run_of((ignored, 0.95, 0.85))
        assert decide(alone, facts_of(alone, case="format")).answers[0].state == "undecided"
    kept = run_of((plain, 0.95, 0.8), (replace(twin, not_enforced=0.0), 0.95, 0.85))
    assert decide(kept, facts_of(kept, case="format")).answers[0].state == "for"


def test_cut_off_answers_clear_nothing() -> None:
    cut = {"ok": 950, "format_invalid": 0, "truncated": 50, "refused": 0, "rejected": 0, "infra_error": 0}
    result = run_of((contender("sonnet", status=cut), 0.8, 0.999))
    verdict = decide(result, facts_of(result))
    assert "cut off" in verdict.answers[0].why
    assert "max_tokens" in verdict.next_step


def test_latency_needs_no_headroom() -> None:
    needs = (Need("accuracy", 0.9), Need("ttft_p95_ms", 100, at_least=False))
    result = run_of((contender("sonnet"), 0.95, 0.999), needs=needs)
    late = {"state": "unmet", "gap": Gap(300.0, 250.0, None)}
    slow = [replace(r, **late) if r.need.metric == "ttft_p95_ms" else r for r in result.requirements]
    result = replace(result, requirements=tuple(slow))
    assert decide(result, facts_of(result, case="latency", ladders=())).answers[0].state == "for"


def test_labels_that_are_short_say_how_many_more() -> None:
    result = run_of((contender("sonnet"), 0.8, 0.999))
    facts = facts_of(result, labels=replace(LABELS, usable=580), label_error_share=Span(0.0, 0.0))
    assert decide(result, facts).reopen_when == "420 more labels"
    rare = decide(result, facts_of(result, labels=replace(LABELS, per_class={"a": 1796, "b": 4})))
    assert rare.answers[1].state == "against"
    assert "6 more labels" in (rare.reopen_when or "")


def test_more_labels_than_seem_to_be_short_are_explained_by_the_share_of_wrong_ones() -> None:
    result = run_of((contender("sonnet"), 0.8, 0.999))
    facts = facts_of(result, labels=replace(LABELS, usable=387), label_error_share=Span(0.0, 0.03))
    verdict = decide(result, facts)
    assert verdict.answers[1].why == (
        "387 usable labelled examples, counted as 375 since up to 3 % of the labels may be wrong, "
        "are fewer than the 1,000 needed."
    )
    assert verdict.reopen_when == (
        "644 more labels (1,031 in all, which count as 1,000 since up to 3 % of the labels may be wrong)"
    )


def test_volume_asks_whether_a_tuned_model_is_cheaper_at_all() -> None:
    result = run_of((contender("sonnet"), 0.95, 0.999))
    cheap = decide(result, facts_of(result, case="volume"))
    assert cheap.answers[0].state == "for"
    dear = facts_of(result, case="volume", economics=replace(ECONOMICS, tuned_cost_per_1000_calls=Span(1.0, 2.0)))
    assert decide(result, dear).answers[0].state == "against"


def test_a_rule_of_thumb_rules_nothing_out() -> None:
    """20 % cheaper at 1e9 calls a month is a great deal of money, though the rule of thumb says 30 to 60 %."""
    result = run_of((contender("sonnet"), 0.97, 0.999))
    # 5 minutes of cache: 100 fresh, 400 read and 10 written tokens are 0.19 $ per 1,000 calls.
    economics = replace(
        ECONOMICS,
        calls_per_month=Span(1e9, 1e9),
        tuned_cost_per_1000_calls=Span(0.15, 0.155),
        tuned_accuracy=Span(0.97, 0.98),
    )
    verdict = decide(result, facts_of(result, case="volume", economics=economics))
    assert verdict.outcome == "FUND"
    assert "cheaper to run" in verdict.answers[0].why
    assert any(line.startswith("It saves ") for line in verdict.answers[0].evidence)
    assert any(line.startswith("Rules of thumb, which decide nothing") for line in verdict.answers[0].evidence)
    assert any("operations_per_month" in line for line in verdict.answers[2].evidence)


def test_certainty_that_comes_from_single_figures_is_told() -> None:
    result = run_of((contender("sonnet"), 0.97, 0.999))
    fixed = {
        name: Span(value.high, value.high)
        for name in ("calls_per_month", "build_cost", "hosting_per_month", "tuned_cost_per_1000_calls")
        if (value := getattr(ECONOMICS, name)) is not None
    }
    economics = replace(ECONOMICS, **fixed, tuned_accuracy=Span(0.98, 0.98), value_of_a_correct_answer=None)
    why = decide(result, facts_of(result, case="volume", economics=economics)).answers[2].why
    assert "100 %, as certain as the figures that you gave" in why
    ranged = replace(economics, build_cost=Span(1_000, 2_000))
    assert "as certain" not in decide(result, facts_of(result, case="volume", economics=ranged)).answers[2].why


def test_an_incomplete_run_is_finished_first() -> None:
    result = replace(run_of((contender("sonnet"), 0.9, 0.999)), complete=False)
    assert decide(result, facts_of(result)).next_step.startswith("python -m evalkit run suites/tickets.yaml")


def test_the_need_that_would_reopen_is_the_bound() -> None:
    result = run_of((contender("sonnet"), 0.95, 0.999))
    verdict = decide(result, facts_of(result))
    assert verdict.outcome == "RULE_OUT"
    match = re.search(r"rises to \.(\d+)", verdict.reopen_when or "")
    assert match
    assert 0.93 < float(f"0.{match[1]}") < 0.95


def test_unknown_usage_gives_no_payback() -> None:
    result = run_of((contender("sonnet"), 0.8, 0.999))
    verdict = decide(result, facts_of(result, mixes={}))
    assert verdict.answers[2].state == "undecided"
    assert verdict.economics is not None
    assert verdict.economics.payback is None
    assert isinstance(result.contenders[0].metrics["accuracy"], Estimate)  # type: ignore[index]


def test_labels_whose_correctness_decides_are_undecided() -> None:
    result = run_of((contender("sonnet"), 0.8, 0.999))
    facts = facts_of(result, labels=replace(LABELS, usable=1020), label_error_share=Span(0.0, 0.05))
    answer = decide(result, facts).answers[1]
    assert answer.state == "undecided"
    assert "969 to 1,020" in answer.why
