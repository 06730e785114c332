"""What the commands show, made by hand: a night, a history, a climb, a sweep, a dry run."""

from __future__ import annotations

from dataclasses import replace

from evalkit.records.check import ContenderCheck, DropTest, Finding, Flaky, FlakyItem, Night, SuiteCheck
from evalkit.records.estimate import Estimate, Need
from evalkit.records.history import Change, ContenderHistory, History
from evalkit.records.history import Night as PastNight
from evalkit.records.ladder import LadderReport, ModelLadder, RungFigures
from evalkit.records.plan import Plan, PlannedContender, TokenMix, Visible
from evalkit.records.run import ContenderResult, RunResult
from evalkit.records.sweep import Sweep, SweepStep
from tests.builders.contenders import measured_contender
from tests.builders.needs import ACCURACY, LATENCY, estimate, held


def small_run() -> RunResult:
    """A contender that misses a need, one that is undecided, a reference, and one that was skipped."""
    haiku = measured_contender("haiku/default/prompt", "frontier", 0.861, 0.991, 0.0612)
    sonnet = measured_contender("sonnet/default/prompt", "frontier", 0.925, 0.987, 1234.0)
    trained = measured_contender("trained/default/prompt", "floor", 0.754, 1.0, None)
    skipped = ContenderResult(
        id="opus/default/prompt",
        model="opus",
        provider_model="anthropic/claude-opus-5-5",
        prompt="default",
        enforce="prompt",
        role="frontier",
        split="test",
        skipped="ANTHROPIC_API_KEY is not set",
    )
    requirements = (
        held(haiku.id, ACCURACY, 0.861, "unmet"),
        held(haiku.id, LATENCY, 1480.0, "met"),
        held(sonnet.id, ACCURACY, 0.925, "undecided"),
        held(sonnet.id, LATENCY, 1480.0, "met"),
        held(trained.id, ACCURACY, 0.754, "unmet"),
    )
    return RunResult("tickets", "runs/tickets/1", True, (haiku, sonnet, trained, skipped), requirements)


def check_night() -> Night:
    """One suite with a confirmed drop, a note and flaky samples; one that could not be run."""
    fell = DropTest(500, Estimate(-0.042, -0.066, -0.018, 500, "tango"), 0.0003, 0.0012, 0.031, second=-0.038)
    drop = Finding("drop", "fail", "accuracy fell by 4.2 points", -0.042, -0.02, fell)
    findings = (
        drop,
        Finding("cost_up", "note", "1,000 calls cost $0.12, in the baseline $0.09 (+33 %)", 0.33, 0.2),
        Finding("format_validity_drop", "undecided", "9 rows cannot judge it"),
        Finding("latency_up", "pass", "the median latency is as before"),
    )
    flaky = Flaky(12, 500, 3, (FlakyItem("t-7", 6, 3, 2, "nights"), FlakyItem("t-9", 6, 4, 2, "nights")))
    bad = ContenderCheck(
        "haiku/default/prompt", "haiku", 500, "b.json", estimate(0.879, 500), "haiku-1", findings, (), flaky
    )
    new = ContenderCheck("sonnet/default/prompt", "sonnet", 500, None, estimate(0.921, 500), None, ())
    accept = "python -m evalkit baseline accept runs/tickets/1 --contender sonnet"
    suite = SuiteCheck("suites/tickets.yaml", "tickets", "runs/tickets/1", True, (bad, new), commands=(accept,))
    wrong = SuiteCheck("suites/b.yaml", "b", None, True, error="b.yaml: no such file", wrong=True)
    return Night("2026-11-24T02-00-00Z-ab12cd", True, 0.01, 2, (suite, wrong))


def past_nights() -> History:
    """Four nights: the last two are worse, the served model changed, one came from the cache."""
    nights = tuple(
        PastNight(
            run=f"runs/tickets/{i}",
            when=f"2026-11-2{i}T02:00:00Z",
            n=500,
            complete=i != 3,
            cached=i == 2,
            accuracy=None if i == 4 else estimate(accuracy, 500),
            format_validity=estimate(0.99, 500, half=0.01),
            cost_per_1000_calls=cost,
            latency_p50_ms=640.0,
            served_model="haiku-1" if i < 3 else None,
            data="d",
            prompt="p",
            scoring="0.1.0",
        )
        for i, accuracy, cost in ((1, 0.93, 0.0612), (2, 0.92, 0.0), (3, 0.88, 1234.0), (4, 0.0, None))
    )
    changes = (
        Change(2, "accuracy", "accuracy fell from .925 to .880", 0.00002),
        Change(2, "model", "the served model is unknown, was haiku-1"),
    )
    return History("tickets", (ContenderHistory("haiku/default/prompt", nights, changes),), ("runs/x: no summary",))


def climb() -> LadderReport:
    """Three rungs, one of the suite, and one that was skipped."""
    rungs = (
        RungFigures("bare", n=300, accuracy=estimate(0.871, 300), cost_per_1000_calls=0.02, prefix_tokens=120.0),
        RungFigures(
            "default",
            own=True,
            n=300,
            accuracy=estimate(0.902, 300),
            gain=Estimate(0.031, 0.008, 0.055, 300, "tango"),
            upper=0.051,
            cost_per_1000_calls=0.0612,
            prefix_tokens=1290.0,
        ),
        RungFigures("thinking", on="default", skipped="the model has no reasoning"),
    )
    why = "the last of 2 prompts (default) gains haiku at most 5.1 points (95 % bound), and 1 point would matter"
    haiku = ModelLadder(
        model="haiku",
        provider_model="anthropic/claude-haiku-5-5",
        role="frontier",
        chosen="default",
        rungs=rungs,
        best="default",
        used_up=False,
        why=why,
        gap=0.018,
    )
    return LadderReport(
        suite="tickets",
        run="runs/tickets/l",
        evidence="runs/ladders/tickets.json",
        complete=True,
        n=300,
        models=(haiku,),
        skipped={"opus": "no key"},
        spent=0.0121,
        cold=0.0484,
        sent=600,
        warnings=("a warning",),
        next_step="python -m evalkit run suites/tickets.yaml",
    )


def sweep_of_rates() -> Sweep:
    """A rate that is within the need and one that is over it, with an answer that never came."""
    within = SweepStep(
        rate=4.0,
        state="within",
        why="p95 is at most 1,420 ms",
        calls=240,
        measured=220,
        answered=220,
        errors=0,
        achieved=3.98,
        latency_p50_ms=Estimate(640.0, 610.0, 680.0, 220, "order_statistic"),
        latency_p95_ms=Estimate(1290.0, 1180.0, 1420.0, 220, "order_statistic"),
        ttft_p50_ms=None,
        ttft_p95_ms=None,
        late_p95_ms=3.2,
    )
    over = replace(
        within,
        rate=8.0,
        state="over",
        why="p95 is at least 2,700 ms",
        answered=211,
        errors=9,
        achieved=7.1,
        latency_p50_ms=Estimate(980.0, 900.0, 1100.0, 220, "order_statistic"),
        latency_p95_ms=Estimate(12_400.0, 2700.0, float("inf"), 220, "order_statistic"),
        cut_short=True,
    )
    return Sweep(
        suite="tickets",
        model="tuned",
        provider_model="openai/ft-support",
        prompt="default",
        needs=(Need("latency_p95_ms", 2500.0, at_least=False),),
        steps=(over, within),
        capacity_rps=4.0,
        over_rps=8.0,
        ended="the next rate would lie within 10 % of the last two",
        calls=480,
        gpu_hour=2.5,
        cost_per_1000_calls=0.1736,
        spent=0.0,
    )


def dry_run() -> Plan:
    """A contender with a known cost, one whose prefix may not be cached, and one without a price."""
    haiku = PlannedContender(
        id="haiku/default/prompt",
        provider_model="anthropic/claude-haiku-5-5",
        split="test",
        calls=400,
        tokens=TokenMix(1290.0, 62.0, 4.0),
        cost=0.0121,
        cost_uncached=0.0484,
        prices_as_of="2026-10-24",
        cost_low=0.0121,
        cost_high=0.0121,
    )
    sonnet = replace(
        haiku, id="sonnet/default/prompt", cost=1.21, cost_uncached=1234.0, cost_low=1.21, cost_high=1234.0
    )
    own = replace(haiku, id="own/default/prompt", cost=None, cost_uncached=None, cost_low=None, cost_high=None)
    contenders = (haiku, sonnet, replace(own, prices_as_of=None, skipped="OWN_URL is not set"))
    visible = (Visible(ACCURACY, 0.043, 0.031, 60), Visible(Need("format_validity", 0.999), None, None, 2995))
    return Plan("tickets", "python -m evalkit run suites/tickets.yaml", 400, {}, contenders, visible, ("a warning",))
