from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import binom

from evalkit.stats.quantile import at_most, quantile, quantile_estimate, quantile_in_order, rows_to_bound

shares = st.sampled_from([0.05, 0.5, 0.9, 0.95, 0.99])


@given(st.integers(1, 400), shares, st.sampled_from([0.9, 0.95, 0.99]))
def test_ranks_are_the_tightest_that_keep_the_error(n: int, q: float, confidence: float) -> None:
    figure = quantile(np.arange(1, n + 1), q)  # so that a value is its own rank
    lower, upper = figure.lower(confidence), figure.upper(confidence)
    error = 1 - confidence
    if lower is None:
        assert binom.cdf(0, n, q) > error
    else:
        assert binom.cdf(lower - 1, n, q) <= error + 1e-12
        assert binom.cdf(lower, n, q) > error
    if upper is None:
        assert binom.cdf(n - 1, n, q) < confidence
    else:
        assert binom.cdf(upper - 1, n, q) >= confidence - 1e-12
        assert binom.cdf(upper - 2, n, q) < confidence


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=120), shares)
def test_bounds_hold_the_value_and_widen(x: list[float], q: float) -> None:
    figure = quantile(x, q)
    value = figure.value
    assert value is not None and value == np.quantile(x, q, method="inverted_cdf")
    for wide, narrow in ((0.99, 0.8), (0.8, 0.5)):
        low, high = figure.interval(wide)
        inner_low, inner_high = figure.interval(narrow)
        if low is not None:
            assert inner_low is not None and low <= inner_low <= value
        if high is not None:
            assert inner_high is not None and value <= inner_high <= high


@pytest.mark.parametrize(("q", "n"), [(0.5, 60), (0.95, 200)])
def test_coverage(q: float, n: int) -> None:
    rng = np.random.default_rng(5)
    truth = -math.log(1 - q)
    runs = 1000
    too_high = too_low = 0
    for _ in range(runs):
        figure = quantile(rng.exponential(size=n), q)
        lower, upper = figure.lower(), figure.upper()
        assert lower is not None and upper is not None
        too_high += lower > truth
        too_low += upper < truth
    assert 0.005 < too_high / runs <= 0.06
    assert 0.005 < too_low / runs <= 0.06


def test_59_values_bound_a_p95() -> None:
    assert rows_to_bound(0.95) == 59
    assert quantile(range(58), 0.95).upper() is None
    assert quantile(range(59), 0.95).upper() == 58
    assert rows_to_bound(0.5) == 5


def test_a_wide_interval_is_blank_at_the_end_that_is_unknown() -> None:
    estimate = quantile_estimate(range(20), 0.95)
    assert estimate.value == 18 and estimate.low is not None and estimate.high is None
    empty = quantile_estimate([], 0.95)
    assert (empty.value, empty.low, empty.high, empty.n) == (None, None, None, 0)


def test_the_rank_does_not_jump_for_rounding() -> None:
    assert quantile(range(1, 101), 0.07).value == 7  # 100 * 0.07 is 7.000000000000001


@pytest.mark.parametrize(("x", "q"), [([math.nan], 0.5), ([1.0], 0.0), ([1.0], 1.0)])
def test_what_has_no_quantile_is_refused(x: list[float], q: float) -> None:
    with pytest.raises(ValueError, match="quantile"):
        quantile(x, q)


@pytest.mark.parametrize("n", [1, 2, 17, 50, 400, 20_000, 1_000_000])
@pytest.mark.parametrize("q", [0.05, 0.5, 0.95, 0.99])
def test_the_binomial_is_scipys(n: int, q: float) -> None:
    for k in range(0, n + 1, max(1, n // 17)):
        assert at_most(k, n, q) == pytest.approx(float(binom.cdf(k, n, q)), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("phi", [0.5, 0.9])
def test_coverage_where_neighbours_are_alike(phi: float) -> None:
    rng = np.random.default_rng(6)
    runs, n, truth = 300, 500, NormalDist().inv_cdf(0.95)
    covered = naive = 0
    for _ in range(runs):
        steps = rng.normal(size=n + 100) * math.sqrt(1 - phi * phi)
        x = lfilter([1], [1, -phi], steps)[100:]
        for figure in (quantile_in_order(x, 0.95), quantile(x, 0.95)):
            low, high = figure.interval()
            held = (low is None or low <= truth) and (high is None or truth <= high)
            if figure.worth < n:
                covered += held
            else:
                naive += held
    assert 0.93 <= covered / runs <= 0.985
    assert naive / runs < 0.92


def test_clusters_of_equal_values_are_worth_one_each() -> None:
    x = np.random.default_rng(7).exponential(size=300)
    copied = quantile_in_order(np.repeat(x, 5), 0.95, np.repeat(np.arange(300), 5))
    assert copied.value == quantile(x, 0.95).value
    assert copied.worth <= 300 and copied.clusters == 300
    assert quantile_in_order(np.full(50, 7.0), 0.95).worth == 50, "all equal"
    lost = quantile_in_order(np.concatenate([x, np.full(30, np.inf)]), 0.95, lost=30)
    assert math.isclose(lost.worth / 330, quantile_in_order(x, 0.95).worth / 300, abs_tol=0.01)
    assert quantile_in_order([], 0.95).value is None


def test_calls_beyond_the_limit_that_come_in_one_burst_do_not_show_that_it_is_kept() -> None:
    rng = np.random.default_rng(8)
    quick, slow = rng.uniform(10, 90, size=500), rng.uniform(110, 200, size=10)
    scattered, burst = quick.copy(), quick.copy()
    scattered[rng.choice(500, 10, replace=False)] = slow
    burst[240:250] = slow
    for values, kept in ((scattered, True), (burst, False)):
        upper = quantile_in_order(values, 0.95, limit=100).upper()
        assert (upper is not None and upper <= 100) == kept
    # A limit that no call passes has no bursts, and costs nothing.
    assert quantile_in_order(burst, 0.95, limit=250).worth == quantile_in_order(burst, 0.95).worth
