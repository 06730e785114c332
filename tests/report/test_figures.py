"""A figure with its interval and n, in the unit of its metric, wherever it is printed or held against a need."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from evalkit.records.estimate import Estimate, Need
from evalkit.records.metric import METRICS, Metric
from evalkit.records.run import ContenderResult, Cost, Percentiles, RunResult
from evalkit.report.requirement import requirement_line
from evalkit.report.run import show_run
from evalkit.wording.names import metric
from evalkit.wording.needs import amount, figure
from tests.builders.contenders import measured_contender
from tests.builders.needs import held

CLOCK = Percentiles(640.0, 1480.0, 620.0, 660.0, 1390.0, 1610.0, 400)
P95 = Estimate(1480.0, 1390.0, 1610.0, 400, "order_statistic")


def timed() -> ContenderResult:
    measured = measured_contender("sonnet/default/prompt", "frontier", 0.9, 0.99, 0.4)
    return replace(measured, latency_ms=CLOCK, ttft_ms=replace(CLOCK, p95=90.0, p95_low=80.0, p95_high=99.0))


def test_a_contender_gives_every_figure_wherever_the_table_places_it() -> None:
    asked = timed()
    assert asked.figure("latency_p95_ms") == P95
    assert asked.figure("ttft_p95_ms") == Estimate(90.0, 80.0, 99.0, 400, "order_statistic")
    assert asked.figure("accuracy") == (asked.metrics or {})["accuracy"]
    cost = asked.figure("cost_per_1000_calls")
    assert cost is not None and (cost.value, cost.low, cost.n) == (0.4, None, 0)
    nothing = replace(asked, latency_ms=None, ttft_ms=Percentiles(None, None), cost=Cost(1.0, 1.0, None), metrics=None)
    assert all(nothing.figure(name) is None for name in [*METRICS, "judge_score"])


def test_percentiles_of_older_files_come_without_interval() -> None:
    assert Percentiles(640.0, 1480.0).estimate == Estimate(1480.0, None, None, 0, "order_statistic")


@pytest.mark.parametrize(
    ("need", "value", "expected"),
    [
        (Need("latency_p95_ms", 2000.0, at_least=False), 1480.0, "latency, p95 1,480 ms [1,390 ms, 1,610 ms] at n 400"),
        (Need("ttft_p95_ms", 100.0, at_least=False), 90.0, "first token, p95 90 ms [80 ms, 99 ms] at n 400"),
        (Need("accuracy", 0.85), 0.9, "accuracy .900 [.875, .920] at n 400"),
        (Need("cost_per_1000_calls", 1.0, at_least=False), 0.4, "cost of 1,000 calls $0.40: meets"),
    ],
)
def test_a_need_is_told_with_the_interval_of_its_figure(need: Need, value: float, expected: str) -> None:
    asked = timed()
    assert expected in requirement_line(held(asked.id, need, value, "met"), asked)


def test_the_table_shows_the_interval_of_a_time_that_is_judged() -> None:
    asked = timed()

    def printed(*needs: Need) -> str:
        requirements = tuple(held(asked.id, need, 90.0, "met") for need in needs)
        stream = io.StringIO()
        show_run(RunResult("tickets", "runs/1", True, (asked,), requirements), stream)
        return stream.getvalue()

    assert "[1,390 ms, 1,610 ms]" not in printed(Need("accuracy", 0.85))
    assert "[1,390 ms, 1,610 ms]" in printed(Need("latency_p95_ms", 2000.0, at_least=False))
    assert "90 ms [80 ms, 99 ms]" in printed(Need("ttft_p95_ms", 100.0, at_least=False))


def test_a_share_that_must_stay_low_is_told_in_points(monkeypatch: pytest.MonkeyPatch) -> None:
    low = Metric(name="spam", words="spam", description="Share of spam.", kind="form", at_least=False)
    monkeypatch.setitem(METRICS, "spam", low)
    asked = timed()
    asked = replace(asked, metrics={**(asked.metrics or {}), "spam": Estimate(0.2, 0.17, 0.23, 400, "wilson")})
    missed = held(asked.id, Need("spam", 0.05, 0.01, at_least=False), 0.2, "unmet")
    line = "spam .200 [.170, .230] at n 400: 15.0 points over .050 (at least 13.0, 95 % bound)"
    assert requirement_line(missed, asked) == line
    stream = io.StringIO()
    show_run(RunResult("tickets", "runs/1", True, (asked,), (missed,)), stream)
    assert "good enough: spam ≤ .050 (margin 1 point)" in stream.getvalue()
    assert "unmet, −15.0 pt" in stream.getvalue() and "15.0 points over .050" in stream.getvalue()


def test_names_and_units_come_from_the_table() -> None:
    units = {"share": ".500", "ms": "0.5 ms", "usd": "$0.50"}
    for name, known in METRICS.items():
        assert metric(name) == known.words
        assert amount(name, 0.5) == units[known.unit]
    assert metric("judge_score") == "judge score" and amount("judge_score", 0.5) == ".500"
    assert figure("latency_p95_ms", P95) == "1,480 ms [1,390 ms, 1,610 ms]"
    assert figure("latency_p95_ms", replace(P95, high=None)) == "1,480 ms"
    assert figure("latency_p95_ms", None) == "–"
