"""The simulation against answers worked out by hand, for uniform ranges, within sampling error."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.decision.costs import ways
from evalkit.decision.montecarlo import DRAWS, Simulation, payback, quantiles
from evalkit.decision.project import Input, Project
from evalkit.decision.tuned import ZERO, machines_per_month
from evalkit.records.economics import Gpu, Span, Tuned
from evalkit.records.estimate import Estimate
from tests.decision.worlds import MIX, PRICE

FREE = Tuned(ZERO, ZERO, "free")


def at(value: float) -> Span:
    return Span(value, value)


def project(**more: object) -> Project:
    """1 M calls a month at 0.001 dollars, a free fine-tune, a build of 6,000."""
    return replace(Project(at(1e6), at(0.001), FREE, at(6000)), **more)  # type: ignore[arg-type]


def error(p: float) -> float:
    """Four standard errors of a share of the draws."""
    return 4 * math.sqrt(p * (1 - p) / DRAWS)


def test_a_uniform_build_over_a_fixed_benefit() -> None:
    # Months are uniform on 6 … 16, the net value after 12 on -4,000 … 6,000.
    done = payback(Simulation.of(project(build=Span(6000, 16_000))), "m", "5m")
    assert abs(done.p_pays_back - 0.6) < error(0.6)
    for quantile, share in zip((done.months.low, done.months.median, done.months.high), (0.1, 0.5, 0.9), strict=True):
        assert abs(quantile - (6 + 10 * share)) < 10 * error(share)
    assert abs(done.net.low - (-4000 + 1000)) < 10_000 * error(0.1)
    assert done.affordable_build == pytest.approx(12_000)
    assert done.gross_calls == Span(6e6, 16e6)


def test_a_ratio_of_uniforms() -> None:
    # build ~ U(6, 18) k over calls ~ U(0.5, 1.5) M a month at 0.001: P(build <= 12 x) with x ~ U(0.5, 1.5) k.
    simulation = Simulation.of(project(build=Span(6000, 18_000), calls=Span(0.5e6, 1.5e6)))
    x = np.linspace(0.5, 1.5, 100_001)
    expected = float(np.mean(np.clip((12 * x - 6) / 12, 0, 1)))
    assert abs(simulation.p_pays_back() - expected) < error(expected)
    # The median of U(6, 18) ÷ U(0.5, 1.5): where the mean over x of P(build <= m x) is a half.
    for share, found in zip((0.1, 0.5, 0.9), vars_of(simulation), strict=True):
        assert abs(float(np.mean(np.clip((found * x - 6) / 12, 0, 1))) - share) < error(share)


def vars_of(simulation: Simulation) -> tuple[float, float, float]:
    months = simulation.months()
    return months.low, months.median, months.high


def test_measured_accuracies_give_the_normal_answer() -> None:
    # A gain of 0.05 with sd 0.02 x sqrt 2; the benefit of 12 months reaches 6,000 where the gain is above 0.05.
    known = [Input.measured(n, Estimate(v, v - 0.0392, v + 0.0392, 99, "w")) for n, v in (("a", 0.85), ("b", 0.9))]
    worth = project(
        prompted=ZERO, value=at(0.01), prompted_accuracy=known[0], tuned_accuracy=known[1], build=at(12 * 500.0)
    )
    simulation = Simulation.of(worth)
    assert abs(simulation.p_pays_back() - 0.5) < error(0.5)
    lower = 0.05 - 1.2816 * 0.02 * math.sqrt(2)  # the gain that 90 % of the draws exceed
    needed = simulation.needed_value()
    assert needed == pytest.approx(500 / 1e6 / lower, rel=0.06)
    sure = Simulation.of(replace(worth, value=at((needed or 0) * 1.0001)))
    assert sure.p_pays_back() >= 0.9


def test_no_value_helps_where_a_gain_is_not_sure() -> None:
    same = [Input.measured(n, Estimate(0.9, 0.86, 0.94, 99, "w")) for n in "ab"]
    doubtful = Simulation.of(project(prompted_accuracy=same[0], tuned_accuracy=same[1], build=at(1e6)))
    assert doubtful.needed_value() is None
    assert Simulation.of(project()).needed_value() is None  # no accuracy is known
    assert doubtful.needed_value_per_month() == pytest.approx((1e6 - 12_000) / 12)


def test_a_clipped_share_stays_a_share() -> None:
    x = Input("a", 0.9, 1.0, 0.98, 0.05).draw(2000, 1)
    assert x.max() == 1 and x.min() > 0.7
    assert Input.measured("a", None) is None


def test_p_cheaper_is_of_running_costs_over_the_horizon() -> None:
    hosted = Tuned(Span(500, 1500), ZERO, "hosted")  # of a bill of 1,000
    assert abs(Simulation.of(project(tuned=hosted)).p_cheaper() - 0.5) < error(0.5)
    # The bill of 36 months at -30 % a year is on average 0.61 of today's.
    falling = Simulation.of(project(tuned=hosted, price_change=at(-0.3), horizon=36.0))
    mean = (1 - 0.7**3) / (3 * -math.log(0.7))
    assert abs(falling.p_cheaper() - (1000 * mean - 500) / 1000) < error(0.25)
    retrained = Simulation.of(project(tuned=hosted, retrain_cost=at(6000), retrains_per_year=at(1)))
    assert retrained.p_cheaper() == pytest.approx(0, abs=error(0.01))
    cheap = Simulation.of(project(tuned=Tuned(Span(400, 400), ZERO, "hosted"))).cheaper_by()
    assert cheap and cheap.median == pytest.approx(0.6)


def test_magnitudes_are_drawn_as_such() -> None:
    """Of 1,000 to a billion calls half are below a million; drawn uniformly, one in a thousand would be."""
    wide = Input.of("calls_per_month", Span(1e3, 1e9))
    assert abs((wide.draw(10_000, 7) < 1e6).mean() - 0.5) < error(0.5)
    assert wide.centre == pytest.approx(1e6)
    narrow = Input.of("calls_per_month", Span(1e6, 1e7)).draw(10_000, 7)
    assert abs((narrow < 5.5e6).mean() - 0.5) < error(0.5)
    assert Span(0, 100).middle == 50


def test_a_range_of_six_magnitudes_is_no_proof_of_volume() -> None:
    """A build of 60,000 that pays from 10 M calls a month on: a billion at the end of the range proves nothing."""
    spread = Simulation.of(project(calls=Span(1e3, 1e9), build=at(60_000)))
    assert spread.p_pays_back() < 0.6


def test_labels_to_buy_belong_to_the_build_and_leave_what_it_may_cost() -> None:
    bought = project(labels=1000, label_cost=at(2))
    done = payback(Simulation.of(bought), "m", "5m")
    assert done.months.median == pytest.approx(8)
    assert done.affordable_build == pytest.approx(10_000)
    assert done.gross_calls == Span(8e6, 8e6)


def test_needed_calls_is_where_the_closed_form_says() -> None:
    hosted = project(tuned=Tuned(at(300), at(0.0002), "hosted"))
    # 6,000 = 12 (0.0008 calls - 300)
    assert Simulation.of(hosted).needed_calls() == pytest.approx(1e6, rel=1e-5)
    assert Simulation.of(project(tuned=Tuned(ZERO, at(0.002), "dear"))).needed_calls() is None


def test_needed_calls_has_a_probability_of_nine_tenths() -> None:
    ranged = project(build=Span(6000, 16_000))
    needed = Simulation.of(ranged).needed_calls()
    assert needed == pytest.approx(15_000 / 12 / 0.001, rel=0.01)
    assert Simulation.of(ranged).at_volume(needed or 0).p_pays_back() >= 0.9
    assert Simulation.of(ranged).at_volume((needed or 0) * 0.999).p_pays_back() < 0.9


def test_the_cheapest_option_is_taken_at_each_volume() -> None:
    options = ways(MIX, PRICE)[:2]  # no caching, 5m
    simulation = Simulation.of(project(prompted=options, calls=at(1e4)))
    costs = [
        float(simulation.at_volume(v).project.prompted_per_call({"calls_per_month": np.full(1, v)})[0])
        for v in (1e2, 1e6)
    ]
    assert costs[0] == pytest.approx(2100e-6)  # writes that are hardly ever read cost more than no caching
    assert costs[1] == pytest.approx((200 + 100 + 1800 * (0.99 * 0.1 + 0.01 * 1.25)) * 1e-6, rel=1e-6)
    curve = simulation.curve()
    assert len(curve) == 41 and curve[20].calls_per_month == pytest.approx(1e4)
    assert (curve[0].calls_per_month, curve[-1].calls_per_month) == pytest.approx((1e2, 1e6))
    assert curve[-1].hit_share_5m == pytest.approx(0.99) and curve[-1].hit_share_1h == 0  # 1h is no option here
    assert [p.p_pays_back for p in curve] == sorted(p.p_pays_back for p in curve)


def test_machines_grow_with_the_volume() -> None:
    gpu = Gpu(1.0, 5)
    machines = project(tuned=Tuned(ZERO, ZERO, "machines", gpu), calls=at(1e8), build=at(0))
    simulation = Simulation.of(machines)
    cost = machines_per_month(gpu, np.array([1e8]), 24)[0]
    assert cost > 730
    assert simulation.net().median == pytest.approx(12 * (1e8 * 0.001 - cost))


def test_swings_rank_what_matters() -> None:
    done = payback(Simulation.of(project(build=Span(5000, 7000), calls=Span(0.5e6, 1.5e6))), "m", "5m")
    assert [s.name for s in done.swings] == ["calls_per_month", "build_cost"]
    calls, build = done.swings
    assert (calls.at_low, calls.at_high) == pytest.approx((0, 12_000))
    assert (build.at_low, build.at_high) == pytest.approx((7000, 5000))
    # Plain squared rank correlations: with variances 12 : 2, near 36/37 and 1/37.
    assert calls.share == pytest.approx(36 / 37, abs=0.01) and build.share == pytest.approx(1 / 37, abs=0.01)


def test_a_sunk_build_costs_nothing_and_is_judged_at_the_end() -> None:
    kept = project(sunk=True, tuned=Tuned(Span(500, 1500), ZERO, "hosted"), build=at(1e6), labels=9, label_cost=at(1))
    done = payback(Simulation.of(kept), "m", "5m")
    assert abs(done.p_pays_back - 0.5) < error(0.5)
    assert abs(done.net.median) < 12 * 1000 * error(0.5)
    assert done.affordable_build is None


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    ranged = project(build=Span(6000, 16_000))
    assert payback(Simulation.of(ranged, 3), "m", "5m") == payback(Simulation.of(ranged, 3), "m", "5m")
    assert Simulation.of(ranged, 3).p_pays_back() != Simulation.of(ranged, 4).p_pays_back()


def test_inputs_are_drawn_independently() -> None:
    x = project(build=Span(0, 1), calls=Span(1, 2), retrain_cost=Span(0, 1)).draw(DRAWS, 7)
    ranged = np.corrcoef([x["build_cost"], x["calls_per_month"], x["retrain_cost"]])
    assert np.abs(ranged - np.eye(3)).max() < 4 / math.sqrt(DRAWS)


def test_quantiles_hold_infinity() -> None:
    q = quantiles(np.array([1.0, 2, 3, 4, 5, 6, 7, math.inf, math.inf, math.inf]))
    assert (q.low, q.median, q.high) == (1, 5, math.inf)


span = st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)).map(lambda t: Span(min(t), max(t)))


@settings(max_examples=40, deadline=None)
@given(span, st.floats(0, 1e5), st.floats(-0.8, 1), st.floats(0, 2000))
def test_a_higher_build_never_raises_p(build: Span, more: float, change: float, fixed: float) -> None:
    plan = project(build=build, price_change=at(change), tuned=Tuned(at(fixed), ZERO, "t"))
    dearer = replace(plan, build=Span(build.low + more, build.high + more))
    assert Simulation.of(dearer, 7, 300).p_pays_back() <= Simulation.of(plan, 7, 300).p_pays_back()


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.9, 1), st.floats(-0.9, 1), span)
def test_falling_prices_never_raise_p(a: float, b: float, build: Span) -> None:
    low, high = sorted((a, b))
    falling, rising = (project(build=build, price_change=at(g), tuned=Tuned(at(400), ZERO, "t")) for g in (low, high))
    assert Simulation.of(falling, 7, 300).p_pays_back() <= Simulation.of(rising, 7, 300).p_pays_back()
