"""What clears an unmet need is looked up by the kind of its metric; what has no rule is never cleared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.decision.clearing import doubts
from evalkit.decision.verdict import decide
from evalkit.records.estimate import Gap, Need, Requirement
from evalkit.records.metric import METRICS, Metric
from tests.builders.contenders import contender
from tests.builders.facts import facts_of
from tests.builders.runs import run_of

SONNET = contender("sonnet")
MISSED = Gap(0.1, 0.08, 0.12)


def unmet(metric: str) -> Requirement:
    return Requirement(SONNET.id, Need(metric, 0.9), "unmet", MISSED, None, "below 0.9")


def kinds(metric: str, **facts: Any) -> set[str]:
    result = run_of((SONNET, 0.8, 0.999))
    return {doubt.kind for doubt in doubts(result.contenders[0], unmet(metric), result, facts_of(result, **facts))}


def made_up(monkeypatch: pytest.MonkeyPatch, kind: Any) -> str:
    monkeypatch.setitem(
        METRICS, "wit", Metric(name="wit", words="wit", description="Share of witty answers.", kind=kind)
    )
    return "wit"


def open_facts(has_native: bool = True) -> dict[str, Any]:
    return {"ladders": (), "label_error_share": None, "has_native": has_native}


@pytest.mark.parametrize("metric", [m.name for m in METRICS.values()])
def test_every_metric_of_the_table_has_the_rule_of_its_kind(metric: str) -> None:
    expected = {"content": {"labels", "prompt"}, "form": {"format"}, "time": set(), "cost": set()}
    assert kinds(metric, **open_facts()) == expected[METRICS[metric].kind]
    assert kinds(metric) <= {"format"}  # all other evidence is there


@pytest.mark.parametrize(
    ("kind", "native", "expected"),
    [
        ("content", True, {"labels", "prompt"}),
        ("form", True, {"format"}),
        ("form", False, {"prompt"}),
        ("time", True, set()),
        ("cost", True, set()),
        ("judge", True, {"no_rule"}),
        ("a kind of next year", True, {"no_rule"}),
    ],
)
def test_a_made_up_metric_follows_its_kind(
    monkeypatch: pytest.MonkeyPatch, kind: str, native: bool, expected: set[str]
) -> None:
    assert kinds(made_up(monkeypatch, kind), **open_facts(native)) == expected


def test_a_metric_of_no_table_is_never_cleared() -> None:
    assert kinds("judge_score") == {"no_rule"}


def test_a_verdict_stays_open_on_a_need_that_nothing_clears(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_of((SONNET, 0.95, 0.999))
    result = replace(result, requirements=(*result.requirements, unmet(made_up(monkeypatch, "judge"))))
    verdict = decide(result, facts_of(result))
    assert verdict.answers[0].state == "undecided"
    assert "no rule tells whether missing wit" in verdict.answers[0].why
    assert "Leave `wit` out of `good_enough:`" in verdict.next_step
    known = replace(result, requirements=(*result.requirements[:-1], unmet(made_up(monkeypatch, "cost"))))
    assert decide(known, facts_of(known)).answers[0].state == "for"
