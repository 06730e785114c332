from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from evalkit.records.estimate import Need
from evalkit.stats.measured import measured_counts
from evalkit.stats.power import (
    Observed,
    chance_to_decide,
    clean_answers_needed,
    rows_to_decide,
    smallest_visible_gap,
    turning_points,
)
from evalkit.stats.proportion import proportion_of_counts, wilson_bounds
from evalkit.stats.requirement import judge


def _decides(seen: Observed, limit: float, rows: int) -> float:
    """The same chance by the beta-binomial distribution of what is to come."""
    new = rows - seen.n
    enough, too_few = turning_points(limit, rows)
    ahead = betabinom(new, seen.right + 0.5, seen.n - seen.right + 0.5)
    return float(ahead.sf(enough - seen.right - 1) + ahead.cdf(too_few - seen.right))


@pytest.mark.parametrize(("rows", "low", "high"), [(1000, 0.56, 0.59), (3000, 0.74, 0.77)])
def test_92_of_100_at_a_need_of_092(rows: int, low: float, high: float) -> None:
    assert low < chance_to_decide(Observed(92, 100), 0.92, rows) < high


@given(st.integers(1, 300), st.floats(0, 1), st.floats(0.1, 0.97), st.sampled_from([2, 5, 10]))
@settings(max_examples=40, deadline=None)
def test_the_chance_is_that_of_the_posterior(n: int, share: float, limit: float, times: int) -> None:
    seen = Observed(round(n * share), n)
    assert chance_to_decide(seen, limit, times * n) == pytest.approx(_decides(seen, limit, times * n), abs=0.01)


@given(st.integers(20, 300), st.floats(0.5, 1), st.floats(0.6, 0.95))
@settings(max_examples=20, deadline=None)
def test_rows_to_decide_reach_80_percent_or_not_even_20000_do(n: int, share: float, limit: float) -> None:
    seen = Observed(round(n * share), n)
    rows = rows_to_decide(seen, limit)
    if rows is None:
        assert chance_to_decide(seen, limit, 20_000) < 0.8
    else:
        assert rows <= 20_000 and chance_to_decide(seen, limit, rows) >= 0.8


def test_at_the_threshold_itself_enough_rows_still_decide() -> None:
    rows = rows_to_decide(Observed(92, 100), 0.92)
    assert rows is not None and 4_000 < rows < 5_000
    assert rows_to_decide(Observed(4600, 5000), 0.92) is None
    assert rows_to_decide(Observed(18_400, 20_000), 0.92) is None, "as many as are looked at"


def test_clusters_cost_rows_and_sides_are_alike() -> None:
    plain, clustered = Observed(270, 300), Observed(270, 300, deff=3)
    assert chance_to_decide(Observed(30, 300), 0.08, 1500) == pytest.approx(chance_to_decide(plain, 0.92, 1500))
    assert chance_to_decide(clustered, 0.92, 1500) == pytest.approx(chance_to_decide(Observed(90, 100), 0.92, 500))
    assert (rows_to_decide(clustered, 0.92) or 20_000) > 2 * (rows_to_decide(plain, 0.92) or 20_000)


def test_without_a_new_row_the_state_is_known() -> None:
    assert chance_to_decide(Observed(92, 100), 0.92, 100) == 0
    assert chance_to_decide(Observed(100, 100), 0.92, 100) == 1


@pytest.mark.parametrize("limit", [0.0, 1.0, math.nan])
def test_nonsense_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="no number of rows"):
        chance_to_decide(Observed(5, 10), limit, 20)


@given(st.floats(0.02, 0.98), st.integers(1, 3000))
@settings(max_examples=60, deadline=None)
def test_turning_points_are_where_the_exact_bounds_turn(limit: float, n: int) -> None:
    enough, too_few = turning_points(limit, n)
    assert enough > n or binom.sf(enough - 1, n, limit) <= 0.05
    assert enough == 0 or binom.sf(enough - 2, n, limit) > 0.05
    assert too_few < 0 or binom.cdf(too_few, n, limit) < 0.05
    assert binom.cdf(too_few + 1, n, limit) >= 0.05


@pytest.mark.parametrize(("limit", "n"), [(0.999, 223), (0.92, 60), (0.92, 320), (0.8, 100), (0.95, 1000), (0.5, 30)])
def test_a_true_share_at_the_threshold_is_wrongly_decided_in_5_percent_at_most(limit: float, n: int) -> None:
    states = [judge("a", Need("accuracy", limit), measured_counts(k, n)).state for k in range(n + 1)]
    chances = binom.pmf(np.arange(n + 1), n, limit)
    for wrong in ("met", "unmet"):
        assert sum(chance for chance, state in zip(chances, states, strict=True) if state == wrong) <= 0.05 + 1e-9


@given(st.floats(0.02, 0.98), st.integers(1, 400))
@settings(max_examples=40, deadline=None)
def test_the_visible_gap_is_seen_with_80_percent_power(t: float, n: int) -> None:
    gap = smallest_visible_gap(t, n)
    figures = [proportion_of_counts(k, n) for k in range(n + 1)]
    met = [k for k, f in enumerate(figures) if (f.lower() or 0) >= t]
    unmet = [k for k, f in enumerate(figures) if (f.upper() or 0) < t]
    if gap.surplus is None:
        assert not met
    else:
        assert gap.surplus > 0
        assert binom.pmf(met, n, t + gap.surplus).sum() == pytest.approx(0.8, abs=1e-6)
    if gap.shortfall is None:
        assert not unmet
    else:
        assert gap.shortfall > 0
        assert binom.pmf(unmet, n, t - gap.shortfall).sum() == pytest.approx(0.8, abs=1e-6)


def test_what_320_rows_can_see() -> None:
    gap = smallest_visible_gap(0.92, 320)
    assert gap.shortfall == pytest.approx(0.0434, abs=1e-4)
    assert gap.surplus == pytest.approx(0.0349, abs=1e-4)
    assert smallest_visible_gap(0.999, 320).surplus is None
    with pytest.raises(ValueError, match="show nothing"):
        smallest_visible_gap(0.9, 0)


@given(st.floats(0.5, 0.9999))
def test_clean_answers_are_just_enough(t: float) -> None:
    n = clean_answers_needed(t)
    assert (proportion_of_counts(n, n).lower() or 0) >= t - 1e-9
    if n > 1:
        assert (proportion_of_counts(n - 1, n - 1).lower() or 0) < t


def test_clean_answers_for_a_strict_form() -> None:
    assert clean_answers_needed(0.999) == 2995
    for impossible in (1.0, 0.0, math.nan):
        with pytest.raises(ValueError, match="no number of answers"):
            clean_answers_needed(impossible)


def test_exact_bounds_cost_no_power_to_show_a_need_met() -> None:
    n, limit = 320, 0.92
    z = NormalDist().inv_cdf(0.95)
    by_score = [k for k in range(n + 1) if wilson_bounds(k / n, n, z)[0] >= limit]
    enough, _ = turning_points(limit, n)
    for share in (0.94, 0.95, 0.96):
        assert binom.sf(enough - 1, n, share) >= binom.pmf(by_score, n, share).sum() - 1e-9
