"""Runs and facts made by hand, for the decision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evalkit.records.economics import CallMix, Economics, Span
from evalkit.records.estimate import Estimate, Need
from evalkit.records.evidence import Facts, LabelFacts, Ladder, PairedGap, Rung
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from evalkit.records.run import ContenderResult, Cost, RunResult
from evalkit.stats.measured import measured_counts
from evalkit.stats.requirement import judge

PRICE = Price((Tier(Rates(1.0, 5.0, 0.1, 1.25, 2.0)),), "2026-11-01", "a test", 0.5)
CHEAP = Price((Tier(Rates(0.1, 0.5, 0.01, 0.125, 0.2)),), "2026-11-01", "a test", 0.5)
MIX = CallMix(prompt=500, eligible=400, output=10, read_share=0.99, calls=1000)
NEEDS = (Need("accuracy", 0.9), Need("format_validity", 0.95))
LABELS = LabelFacts(rows=2000, exact=100, near=100, in_test=0, usable=1800, per_class={"a": 900, "b": 900})
USED_UP = tuple(
    Rung(
        f"p{i}",
        Estimate(0.8, 0.78, 0.82, 400, "wilson"),
        None if not i else Estimate(0, -0.01, 0.005, 400, "tango"),
        0.004,
    )
    for i in range(3)
)
ECONOMICS = Economics(
    calls_per_month=Span(20e6, 20e6),
    build_cost=Span(15_000, 20_000),
    hosting_per_month=Span(200, 300),
    tuned_cost_per_1000_calls=Span(0.01, 0.02),
    tuned_accuracy=Span(0.93, 0.96),
    value_of_a_correct_answer=Span(0.01, 0.02),
)
WORTHLESS = replace(ECONOMICS, calls_per_month=Span(10_000, 10_000), value_of_a_correct_answer=Span(1e-6, 1e-6))


def contender(name: str, role: Any = "frontier", **changes: Any) -> ContenderResult:
    """A measured contender on test, without figures."""
    base = ContenderResult(
        id=f"{name}/default/prompt",
        model=name,
        provider_model=f"anthropic/{name}",
        prompt="default",
        enforce="prompt",
        role=role,
        split="test",
        n=1000,
        status={"ok": 1000, "format_invalid": 0, "truncated": 0, "refused": 0, "rejected": 0, "infra_error": 0},
        cost=Cost(1.0, 1.0, 0.1),
    )
    return replace(base, **changes)


def run_of(
    *answers: tuple[ContenderResult, float, float], needs: tuple[Need, ...] = NEEDS, n: int = 1000, **changes: Any
) -> RunResult:
    """A run in which each contender has this accuracy and format validity on `n` rows; other needs come as figures."""
    contenders, requirements = [], []
    for result, accuracy, valid in answers:
        if result.skipped is not None:
            contenders.append(result)
            continue
        figures = {
            "accuracy": measured_counts(round(accuracy * n), n),
            "format_validity": measured_counts(round(valid * n), n),
        }
        metrics = {name: m.estimate for name, m in figures.items()} | dict(result.metrics or {})
        contenders.append(replace(result, n=n, metrics=metrics))
        requirements += [judge(result.id, need, figures.get(need.metric)) for need in needs]
    base = RunResult("tickets", "runs/tickets/1", True, tuple(contenders), tuple(requirements))
    return replace(base, **changes)


def facts_of(result: RunResult, **changes: Any) -> Facts:
    """Facts that clear everything and pay: change what a test is about."""
    ids = [c.id for c in result.contenders if c.skipped is None]
    base = Facts(
        suite="suites/tickets.yaml",
        command="python -m evalkit run suites/tickets.yaml",
        economics=ECONOMICS,
        labels=LABELS,
        label_error_share=Span(0.0, 0.03),
        ladders=tuple(Ladder(c.model, USED_UP) for c in result.contenders),
        mixes=dict.fromkeys(ids, MIX),
        prices={c.id: PRICE for c in result.contenders if c.skipped is None},
        cache_ttl=dict.fromkeys(ids, "5m"),
        has_native=True,
        listed_frontier=tuple(c.model for c in result.contenders if c.role == "frontier"),
    )
    return replace(base, **changes)


def gap(a: ContenderResult, b: ContenderResult, value: float, half: float = 0.01) -> PairedGap:
    """A paired difference with bounds `half` to both sides."""
    estimate = Estimate(value, value - half, value + half, 1000, "tango")
    return PairedGap(a.id, b.id, estimate, value - half, value + half, value + half)
