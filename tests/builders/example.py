"""One run with all that can be in it, and its verdict."""

from __future__ import annotations

from dataclasses import replace

from evalkit.records.estimate import Requirement, State
from evalkit.records.run import ContenderResult, RunResult, UnmeasuredCost
from evalkit.records.verdict import Answer, Verdict
from tests.builders.contenders import measured_contender
from tests.builders.economics import example_economics
from tests.builders.needs import ACCURACY, FORMAT, LATENCY, held


def example_run() -> RunResult:
    """Two frontier models, a tuned endpoint without price, and a floor; one model unmeasured."""
    found = (
        measured_contender("haiku/default", "frontier", 0.941, 0.991, 0.0612),
        measured_contender("sonnet/default", "frontier", 0.925, 0.987, 1.21),
        replace(measured_contender("sonnet/short", "frontier", 0.872, 0.96, 0.94), notes=("examples were left out",)),
        measured_contender("tuned/default", "fine_tuned", 0.948, 0.999, None),
        replace(measured_contender("trained/default", "floor", 0.796, 1.0, 0.0), confusion=None),
    )
    skipped = ContenderResult(
        "opus/default",
        "opus",
        "anthropic/claude-opus-5-5",
        "default",
        "prompt",
        "frontier",
        "test",
        skipped="ANTHROPIC_API_KEY is not set",
    )
    states: dict[str, State] = {"haiku/default": "met", "sonnet/default": "undecided", "sonnet/short": "unmet"}
    held_against: list[Requirement] = []
    for c in found:
        metrics = c.metrics or {}
        for need, value in ((ACCURACY, metrics["accuracy"]), (FORMAT, metrics["format_validity"])):
            assert value is not None and value.value is not None
            state = states.get(c.id, "met") if need is ACCURACY else "met"
            held_against.append(held(c.id, need, value.value, state))
        held_against.append(held(c.id, LATENCY, 1480.0, "met"))
    text = "opus was not measured: at 3 M calls a month its bill is about $7,300 (estimate), far over haiku's."
    cost = UnmeasuredCost(
        "opus", "anthropic/claude-opus-5-5", "frontier", "ANTHROPIC_API_KEY is not set", 2.43, 7_290.0, 0.97, 0.92, text
    )
    return RunResult(
        "support-routing",
        "runs/2026-11-24T16-20-11-support-routing",
        True,
        (*found, skipped),
        tuple(held_against),
        (cost,),
    )


def example_verdict() -> Verdict:
    """RULE OUT, because prompting meets the needs and the build does not pay."""
    answers = (
        Answer(
            1,
            "against",
            "haiku meets all requirements: accuracy .941 [.916, .961] against .920, and costs $184 a month.",
            (
                "The cheapest that meets them costs 8 % of the fine-tune's median month.",
                "Caching: 86 % of prompt tokens were read.",
            ),
        ),
        Answer(2, "for", "1,483 of 1,529 usable rows are correct at the declared error share of at most .030.", ()),
        Answer(
            3,
            "against",
            "P(pays back within 12 months) is 4 %; it pays from about 11 M calls a month.",
            ("The build cost explains 62 % of the spread.",),
        ),
    )
    return Verdict(
        subject="build",
        outcome="RULE_OUT",
        case="volume",
        answers=answers,
        sentence="Do not build a fine-tune: haiku with prompt caching is good enough, and at 3 M calls a month a build "
        "pays back within 12 months with a probability of 4 %.",
        instead="Keep haiku with a 5-minute cache: about $184 a month at your volume.",
        next_step="evalkit run suites/classify.yaml --fresh   # about $0.03",
        reopen_when="the volume passes 11 M calls a month",
        first=("You vouched for the labels: their correctness was not measured.", "The prompt was chosen on test."),
        vouched=("labels",),
        economics=example_economics(),
    )  # fmt: skip
