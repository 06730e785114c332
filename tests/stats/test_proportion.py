from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from scipy.stats import t as student

from evalkit.stats.proportion import (
    proportion,
    proportion_estimate,
    proportion_of_counts,
    wilson,
    wilson_bounds,
)

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@st.composite
def clustered(draw: st.DrawFn) -> tuple[list[float], list[int]]:
    n = draw(st.integers(1, 40))
    values = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n, max_size=n))
    groups = draw(st.lists(st.integers(-1, 8), min_size=n, max_size=n))
    return values, groups


@given(counts, st.floats(0.5, 0.999))
def test_wilson_is_scipys(kn: tuple[int, int], confidence: float) -> None:
    k, n = kn
    expected = binomtest(k, n).proportion_ci(confidence, method="wilson")
    assert wilson(k, n, confidence) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(counts)
def test_bounds_hold_the_share_and_widen_with_confidence(kn: tuple[int, int]) -> None:
    k, n = kn
    narrow, wide = wilson(k, n, 0.8), wilson(k, n, 0.99)
    assert 0 <= wide[0] <= narrow[0] <= k / n <= narrow[1] <= wide[1] <= 1


def test_wilson_at_the_ends_is_exact_there() -> None:
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0


@pytest.mark.parametrize(("k", "n"), [(0, 0), (3, 2), (-1, 2), (math.nan, 3)])
def test_no_share_no_interval(k: float, n: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        wilson(k, n)


@given(clustered())
def test_clustered_bounds_stay_inside_and_do_not_depend_on_order(data: tuple[list[float], list[int]]) -> None:
    values, groups = data
    figure = proportion(values, groups)
    low, high = figure.interval()
    if figure.n_clusters < 2:
        assert (low, high, figure.lower(), figure.upper()) == (None, None, None, None)
        return
    assert low is not None and high is not None and figure.p is not None
    assert 0 <= low <= figure.p <= high <= 1
    lower, lower_99 = figure.lower(), figure.lower(0.99)
    assert lower is not None and lower_99 is not None and lower_99 <= lower <= figure.p
    order = np.random.default_rng(len(values)).permutation(len(values))
    again = proportion(np.array(values)[order], np.array(groups)[order])
    assert again.interval() == pytest.approx((low, high), abs=1e-12)


@given(clustered(), st.integers(1, 1000))
def test_only_the_partition_matters_not_the_codes(data: tuple[list[float], list[int]], shift: int) -> None:
    values, groups = data
    renamed = [-5 if g < 0 else 3 * g + shift for g in groups]
    assert proportion(values, groups) == proportion(values, renamed)


def test_samples_without_a_group_are_clusters_of_their_own() -> None:
    figure = proportion([1, 0, 1, 1, 0], [3, 3, -1, -1, -2])
    assert figure == proportion([1, 0, 1, 1, 0], [3, 3, 4, 5, 6])
    assert figure.n_clusters == 4


def test_plain_counts_and_arrays_agree() -> None:
    values = np.array([1, 1, 0, 1, 0], dtype=bool)
    assert proportion(values) == proportion_of_counts(3, 5)
    estimate = proportion_estimate(values)
    assert (estimate.value, estimate.n, estimate.method) == (0.6, 5, "wilson")
    assert (estimate.low, estimate.high) == wilson(3, 5)


def test_the_design_effect_by_hand() -> None:
    # Three clusters of 2, 2 and 4 with 2, 1 and 1 right: p = 0.5, residual sums 1, 0, -1.
    figure = proportion([1, 1, 1, 0, 1, 0, 0, 0], [0, 0, 1, 1, 2, 2, 2, 2])
    variance = 3 / 2 * 2 / 8**2
    deff = variance / (0.25 / 8)
    assert (figure.n_clusters, figure.method) == (3, "wilson_clustered")
    assert figure.effective_clusters == pytest.approx(64 / 24) and figure.df == pytest.approx(64 / 24 - 1)
    assert figure.deff == pytest.approx(deff)
    assert figure.n_eff == pytest.approx(8 / deff)
    # One more residual like the worst, 2 or -2 for a mean deviation of 1/2 at the root mean square size √8.
    wider = wilson_bounds(0.5, 8 / (3 / 2 * (2 + 0.25 * 8) / 8**2 / (0.25 / 8)), float(student.ppf(0.975, 64 / 24 - 1)))
    assert figure.interval()[1] == pytest.approx(wider[1])


def test_a_design_effect_below_one_earns_nothing() -> None:
    # Every cluster has exactly one of two right, but for one pair of clusters: less spread than independence.
    values = [1, 0] * 20 + [1, 1, 0, 0]
    figure = proportion(values, np.repeat(np.arange(22), 2))
    assert figure.n_eff == 44


@pytest.mark.parametrize("values", [[1.0] * 40, [0.0] * 40, [1.0, 0.0] * 20])
def test_without_variance_only_the_clusters_count(values: list[float]) -> None:
    figure = proportion(values, np.repeat(np.arange(10), 4))
    assert figure.n_eff == 10
    assert figure.interval() == pytest.approx(wilson_bounds(float(np.mean(values)), 10, float(student.ppf(0.975, 9))))


def test_epochs_are_not_samples() -> None:
    means = [1.0, 0.5, 0.75, 1.0, 0.0, 1.0]
    figure = proportion(means, epochs=4)
    assert (figure.n, figure.method, figure.df, figure.n_clusters) == (6, "wilson_epochs", 5, 6)
    assert figure.n_eff <= 6
    low, high = figure.interval()
    plain_low, plain_high = wilson(sum(means), 6)
    assert low is not None and high is not None and low < plain_low < plain_high < high


def test_a_decision_bound_allows_for_a_bad_cluster_that_was_missed() -> None:
    values = [1.0] * 95 + [0.0] * 5  # one cluster of 20 is all wrong
    figure = proportion(values, np.repeat(np.arange(20), 5))
    assert figure.shown.low == pytest.approx(figure.n_eff / 1.95, rel=0.01)
    assert figure.deciding.low == pytest.approx(figure.n_eff / 2.9, rel=0.01)
    assert figure.shown.high == pytest.approx(figure.n_eff, rel=0.01)


@pytest.mark.parametrize(("groups", "epochs"), [(None, 1), (None, 3), ([], 1)])
def test_no_samples_is_blank_not_zero(groups: list[int] | None, epochs: int) -> None:
    estimate = proportion_estimate([], groups, epochs)
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (None, None, None, 0)


def test_one_cluster_has_a_value_and_no_interval() -> None:
    estimate = proportion_estimate([1, 1, 0, 1], [4, 4, 4, 4])
    assert (estimate.value, estimate.low, estimate.high) == (0.75, None, None)


@pytest.mark.parametrize("values", [[1.1], [-0.1], [math.nan], [[1.0]]])
def test_values_that_are_no_shares_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="one value in"):
        proportion(values)


def test_groups_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 samples need 2 group codes"):
        proportion([1, 0], [1])


def _wrongly_met(share: float, icc: float, n_clusters: int, size: int, seed: int) -> tuple[float, float]:
    """How often the lower bound passes the true share: with the clusters, and as if there were none."""
    rng = np.random.default_rng(seed)
    runs, groups = 1500, np.repeat(np.arange(n_clusters), size)
    met = naive = 0
    for _ in range(runs):
        if icc:
            spread = 1 / icc - 1
            p = rng.beta(share * spread, (1 - share) * spread, n_clusters)
        else:
            p = np.full(n_clusters, share)
        values = (rng.random(groups.size) < p[groups]).astype(float)
        lower, flat = proportion(values, groups).lower(), proportion(values).lower()
        assert lower is not None and flat is not None
        met += lower >= share
        naive += flat >= share
    return met / runs, naive / runs


@pytest.mark.parametrize("share", [0.8, 0.9])
@pytest.mark.parametrize("icc", [0.0, 0.3])
def test_at_the_threshold_met_is_rarely_wrong(share: float, icc: float) -> None:
    met, naive = _wrongly_met(share, icc, n_clusters=30, size=10, seed=11)
    assert met <= 0.06
    assert met >= 0.01  # a bound that never decides is no use
    if icc:
        assert naive > 0.12  # what clusters are there for


def test_a_tenth_of_bad_clusters_of_unequal_size_is_rarely_met() -> None:
    rng = np.random.default_rng(12)
    runs, share = 800, 0.9
    wrong = covered = 0
    for _ in range(runs):
        sizes = np.maximum(1, np.round(np.exp(rng.normal(math.log(10) - 0.125, 0.5, 45)))).astype(int)
        p = np.where(rng.random(45) < 0.1, share - 0.5, (share - 0.1 * (share - 0.5)) / 0.9)
        groups = np.repeat(np.arange(45), sizes)
        figure = proportion((rng.random(groups.size) < p[groups]).astype(float), groups)
        lower, (low, high) = figure.lower(), figure.interval()
        assert lower is not None and low is not None and high is not None
        wrong += lower >= share
        covered += low <= share <= high
    assert wrong / runs <= 0.05
    assert 0.93 <= covered / runs <= 0.97


@pytest.mark.parametrize("share", [0.5, 0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [100, 320, 1000])
def test_exact_error_of_the_plain_bounds_at_the_threshold(share: float, n: int) -> None:
    figures = [proportion_of_counts(k, n) for k in range(n + 1)]
    met = [k for k, f in enumerate(figures) if (f.lower() or 0) >= share]
    unmet = [k for k, f in enumerate(figures) if (f.upper() or 0) < share]
    assert binom.pmf(met, n, share).sum() <= 0.05 + 1e-9
    assert binom.pmf(unmet, n, share).sum() <= 0.05 + 1e-9
