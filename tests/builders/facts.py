"""Facts of a run: those that clear everything and pay, and the parts that they are made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evalkit.records.economics import (
    CallMix,
    Economics,
    Span,
)
from evalkit.records.estimate import Estimate, Need
from evalkit.records.evidence import Facts, LabelFacts, Ladder, PairedGap, Rung
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from evalkit.records.run import ContenderResult, RunResult
from tests.builders.contenders import CLASSES
from tests.builders.needs import estimate

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


def example_ladder() -> Ladder:
    """Three rungs, the last of no use."""
    gain, none = Estimate(0.031, 0.008, 0.055, 300, "tango"), Estimate(0.002, -0.011, 0.015, 300, "tango")
    return Ladder(
        "haiku",
        (
            Rung("bare", estimate(0.871, 300)),
            Rung("default", estimate(0.902, 300), gain, 0.051),
            Rung("long", estimate(0.904, 300), none, 0.0128),
            Rung("long_spaced", estimate(0.904, 300), none, 0.0128, distinct=False),
        ),
    )


def example_facts() -> Facts:
    """Economics, labels and a ladder."""
    declared = Economics(
        calls_per_month=Span(2_000_000, 4_000_000),
        build_cost=Span(15_000, 60_000),
        hosting_per_month=Span(200, 2_000),
    )
    per_class = {label: 40 * (i + 1) for i, label in enumerate(CLASSES)} | {"legal": 6}
    labels = LabelFacts(1_620, 48, 31, 12, 1_529, per_class, "MinHash of word 5-grams, Jaccard ≥ 0.8")
    return Facts(
        suite="suites/classify.yaml",
        command="evalkit run suites/classify.yaml",
        case="volume",
        economics=declared,
        labels=labels,
        label_error_share=Span(0.0, 0.03),
        ladders=(example_ladder(),),
        mixes={"haiku/default": CallMix(1_410, 1_290, 4, 0.97, 400)},
        listed_frontier=("haiku", "sonnet"),
        chosen_on_test=True,
        vouched=("labels",),
    )
