"""Break-even against formulas and integrals that share nothing with the code."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar

from evalkit.decision.payback import Flows, gross_calls, net_months, todays_bills
from evalkit.records.economics import Span

money = st.floats(0, 1e6)
change = st.floats(-0.9, 2.0)
CASES = np.random.default_rng(11).random((50, 6))


def one(bill: float, steady: float, change: float, build: float) -> Flows:
    return Flows(*(np.array([float(v)]) for v in (bill, steady, change, build)))


def factor(months: float, change: float) -> float:
    return float((1 + change) ** (months / 12))


@pytest.mark.parametrize("u", CASES[:, :5].tolist())
def test_net_break_even_on_random_inputs(u: list[float]) -> None:
    build, calls, saving, fixed, retrain = 1e3 + 6e4 * u[0], 1e5 + 1e7 * u[1], 8e-4 * u[2], 2e3 * u[3], 500 * u[4]
    monthly = calls * saving - fixed - retrain
    expected = build / monthly if monthly > 0 else math.inf
    assert net_months(build, calls * saving, fixed, retrain) == pytest.approx(expected, rel=1e-9)
    expected = math.inf if expected > 600 else expected
    assert one(calls * saving, -fixed - retrain, 0, build).months()[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("u", CASES[:, :4].tolist())
def test_break_even_with_changing_prices_against_an_integral(u: list[float]) -> None:
    bill, rate, build = 500 + 5000 * u[0], -0.6 + 1.2 * u[1], 1e3 + 3e4 * u[2]
    steady = -bill * 1.2 * u[3]

    def total(t: float) -> float:
        return float(quad(lambda s: bill * factor(s, rate) + steady, 0, t, epsabs=1e-10, epsrel=1e-12, limit=400)[0])

    # The first month on a fine grid at which the build is reached, then the root within that step.
    grid = np.concatenate([np.linspace(0, 100, 2001), np.linspace(100, 600, 1001)[1:]])
    rates = np.array([bill * factor(t, rate) + steady for t in grid])
    rough = np.concatenate([[0], np.cumsum(np.diff(grid) * (rates[1:] + rates[:-1]) / 2)])
    steps = np.flatnonzero(rough >= build)
    expected = math.inf
    if steps.size:
        i = int(steps[0])
        expected = brentq(lambda t: total(t) - build, grid[max(i - 2, 0)], grid[min(i + 2, grid.size - 1)], xtol=1e-13)
    flows = one(bill, steady, rate, build)
    assert flows.months()[0] == pytest.approx(expected, rel=1e-9)
    for horizon in (12.0, 60.0):
        assert flows.at(horizon)[0] == pytest.approx(total(horizon), rel=1e-9, abs=1e-6)
        assert flows.pays_back(horizon)[0] == float(expected <= horizon)


def test_both_ways_of_never_and_the_way_back_are_among_the_random_inputs() -> None:
    never = [1.2 * u[3] > 1 and u[1] < 0.5 for u in CASES]
    late = [1.2 * u[3] > 1 and u[1] > 0.5 for u in CASES]
    assert any(never) and any(late)


def test_falling_prices_make_a_payback_impossible() -> None:
    # 1,000 a month saved and 600 paid: 25 months. Halving each year, the bill is under the cost after 9 months.
    assert one(1000, -600, 0, 10_000).months()[0] == 25
    falling = one(1000, -600, -0.5, 10_000)
    assert falling.months()[0] == math.inf
    assert falling.pays_back(600)[0] == 0
    peak = 12 * math.log(0.6) / math.log(0.5)
    assert falling.best(600)[0] == pytest.approx(falling.at(peak)[0], rel=1e-12)
    assert falling.best(600)[0] > falling.at(36)[0]


def test_what_was_paid_back_stays_paid_back_though_it_is_lost_later() -> None:
    flows = one(1000, -600, -0.5, 1000)
    assert flows.months()[0] < 5
    assert flows.pays_back(60)[0] == 1 and flows.net(60)[0] < 0


def test_rising_prices_pay_after_a_time_of_losses() -> None:
    flows = one(1000, -1200, 0.5, 5000)
    months = flows.months()[0]
    assert flows.at(3)[0] < 0 and 12 < months < 60
    assert flows.at(months)[0] == pytest.approx(5000, rel=1e-9)


@pytest.mark.parametrize(("steady", "rate", "months"), [(-999, 0, 0), (-1000, 0, math.inf), (-1000, -0.1, math.inf)])
def test_a_build_of_nothing(steady: float, rate: float, months: float) -> None:
    flows = one(1000, steady, rate, 0)
    assert flows.months()[0] == months
    assert flows.pays_back(12)[0] == float(months == 0)


def test_a_sunk_build_must_be_worth_more_than_nothing_at_the_end() -> None:
    flows = one(1000, -900, -0.5, 0)
    assert flows.pays_back(36)[0] == 1  # for a month or two
    assert flows.pays_back(36, sunk=True)[0] == 0
    assert one(1000, -900, 0, 0).pays_back(36, sunk=True)[0] == 1


def test_months_beyond_fifty_years_are_never() -> None:
    assert one(1, 0, 0, 600).months()[0] == 600
    assert one(1, 0, 0, 601).months()[0] == math.inf


@given(st.floats(-0.99, 5), st.floats(0, 600))
def test_todays_bills_is_the_integral(rate: float, months: float) -> None:
    k = math.log1p(rate) / 12
    expected = months if abs(k * months) < 1e-12 else math.expm1(k * months) / k
    assert todays_bills(rate, months) == pytest.approx(expected, rel=1e-9)


@given(money, st.floats(-1e6, 1e6), change, money, money)
def test_a_higher_build_never_pays_earlier(bill: float, steady: float, rate: float, a: float, b: float) -> None:
    low, high = sorted((a, b))
    cheap, dear = one(bill, steady, rate, low), one(bill, steady, rate, high)
    assert cheap.months()[0] <= dear.months()[0] * (1 + 1e-9) + 1e-9
    assert cheap.pays_back(12)[0] >= dear.pays_back(12)[0]


@given(money, st.floats(-1e6, 1e6), change, money, st.floats(0, 1e5))
def test_a_higher_running_cost_never_pays_earlier(
    bill: float, steady: float, rate: float, build: float, more: float
) -> None:
    kept, dearer = one(bill, steady, rate, build), one(bill, steady - more, rate, build)
    assert kept.best(12)[0] >= dearer.best(12)[0] - 1e-6 * (1 + abs(kept.best(12)[0]))
    assert kept.net(12)[0] >= dearer.net(12)[0]


@given(st.floats(1, 1e5), st.floats(-1e5, 1e5), change, st.floats(1, 1e6), st.floats(1, 120))
def test_the_needed_benefit_is_just_enough(bill: float, steady: float, rate: float, build: float, end: float) -> None:
    needed = one(bill, steady, rate, build).needed_benefit(end)[0]
    size = 1e-6 * (bill + abs(steady) + build + abs(needed))
    assert one(bill, steady + needed + size, rate, build).pays_back(end)[0] == 1
    assert one(bill, steady + needed - size, rate, build).pays_back(end)[0] == 0


def test_the_needed_benefit_against_a_search() -> None:
    flows = one(1000, -1500, -0.6, 4000)
    found = minimize_scalar(lambda t: (4000 - flows.at(t)[0]) / t, bounds=(0.1, 60), method="bounded")
    assert found.x < 40  # not at the end
    assert flows.needed_benefit(60)[0] == pytest.approx(found.fun, rel=1e-6)
    assert flows.needed_benefit(60, sunk=True)[0] == pytest.approx((4000 - flows.at(60)[0]) / 60)


def test_the_rule_of_thumb() -> None:
    gross = gross_calls(Span(15_000, 60_000), Span(0.0003, 0.0008))
    assert gross and (gross.low, gross.high) == pytest.approx((18.75e6, 200e6))
    assert gross_calls(Span(1, 2), Span(-1, 0)) is None
    assert gross_calls(Span(1, 2), Span(0, 4)) == Span(0.25, math.inf)


def test_arrays_are_taken_element_by_element() -> None:
    found = net_months([100, 100, 0], [30, 10, 1], [10, 10, 0], 0)
    assert found.tolist() == [5, math.inf, 0]
    mixed = Flows(np.full(3, 1000.0), np.full(3, -600.0), np.array([0, -0.5, 0.5]), np.full(3, 4000.0))
    alone = [one(1000, -600, g, 4000).months()[0] for g in (0, -0.5, 0.5)]
    assert mixed.months().tolist() == alone
