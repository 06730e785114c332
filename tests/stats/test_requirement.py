from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import binom

from evalkit.records.estimate import Need
from evalkit.stats.f1 import bootstrap_macro_f1
from evalkit.stats.measured import (
    measured,
    measured_counts,
    measured_field_f1,
    measured_macro_f1,
    measured_mean,
    measured_quantile,
    measured_share,
)
from evalkit.stats.proportion import proportion, proportion_of_counts
from evalkit.stats.rare import RareClass
from evalkit.stats.requirement import judge

ACCURACY = Need("accuracy", 0.92)
TTFT = Need("ttft_p95_ms", 100, at_least=False)


def test_undecided_with_the_example_of_the_suite() -> None:
    result = judge("haiku/default/prompt", ACCURACY, measured_counts(296, 320))
    assert (result.state, result.contender) == ("undecided", "haiku/default/prompt")
    assert result.gap.value == pytest.approx(-0.005)
    assert result.gap.low is not None and result.gap.high is not None
    assert result.gap.low < -0.005 < 0 < result.gap.high
    assert [(c.times, c.rows) for c in result.chances] == [(2, 640), (5, 1600), (10, 3200)]
    assert result.why == (
        "320 rows cannot tell 0.925 from 0.92; 640 rows would decide it with a chance of 10 %, "
        "1,600 with 42 %, 3,200 with 60 %"
    )


def test_met_by_the_lower_bound() -> None:
    result = judge("a", ACCURACY, measured_counts(950, 1000))
    assert result.state == "met" and result.n_to_decide is None
    assert result.gap.high is not None and result.gap.high <= 0
    assert result.why == "above 0.92 with 95 % confidence (at least 0.937)"


def test_unmet_by_the_upper_bound() -> None:
    result = judge("a", ACCURACY, measured_counts(880, 1000))
    assert result.state == "unmet" and result.n_to_decide is None
    assert result.gap.low is not None and result.gap.low > 0
    assert result.why == "below 0.92 with 95 % confidence (at most 0.897)"


def test_a_margin_lets_a_near_miss_be_met() -> None:
    near = measured_counts(915, 1000)
    assert judge("a", ACCURACY, near).state == "undecided"
    result = judge("a", Need("accuracy", 0.92, margin=0.03), near)
    assert result.state == "met"
    assert result.why == "above 0.89 (0.92 less the margin of 0.03) with 95 % confidence (at least 0.899)"


def test_a_margin_makes_unmet_harder() -> None:
    low = measured_counts(892, 1000)
    assert judge("a", ACCURACY, low).state == "unmet"
    result = judge("a", Need("accuracy", 0.92, margin=0.02), low)
    assert result.state == "undecided" and result.chances
    assert result.why.startswith("1,000 rows cannot tell 0.892 from 0.9 (0.92 less the margin of 0.02)")


@pytest.mark.parametrize("margin", [0.0, 0.01])
def test_a_bound_exactly_at_the_limit_is_met(margin: float) -> None:
    figure = measured_counts(950, 1000)
    lower = figure.bounds.lower
    assert lower is not None
    assert judge("a", Need("accuracy", lower + margin, margin), figure).state == "met"


def test_at_the_threshold_the_chances_are_told() -> None:
    result = judge("a", ACCURACY, measured_counts(92, 100))
    assert result.state == "undecided" and result.n_to_decide is not None
    assert result.chances[-1].chance == pytest.approx(0.57, abs=0.015)
    assert result.why == (
        "0.92 is what is needed, and 100 rows cannot tell the side; "
        "200 rows would decide it with a chance of 6 %, 500 with 38 %, 1,000 with 57 %"
    )
    near = judge("a", ACCURACY, measured_counts(9203, 10_000))
    assert near.n_to_decide is None and near.why.startswith("10,000 rows cannot tell 0.9203 from 0.92; 20,000 rows")


def test_one_bad_form_of_223_is_no_miss_of_999_in_a_thousand() -> None:
    assert judge("a", Need("format_validity", 0.999), measured_counts(222, 223)).state == "undecided"
    assert judge("a", Need("format_validity", 0.999), measured_counts(220, 223)).state == "unmet"


@pytest.mark.parametrize("figure", [None, measured_counts(0, 0), measured_counts(0, 0, 5)])
def test_not_measured(figure: object) -> None:
    result = judge("a", ACCURACY, figure)  # type: ignore[arg-type]
    assert (result.state, result.why, result.n_to_decide) == ("undecided", "not measured", None)
    assert (result.gap.value, result.gap.low, result.gap.high) == (None, None, None)


def test_met_must_hold_with_every_infra_error_wrong() -> None:
    assert judge("a", ACCURACY, measured_counts(950, 1000, 2)).state == "met"
    result = judge("a", ACCURACY, measured_counts(950, 1000, 30))
    assert (result.state, result.n_to_decide) == ("undecided", None)
    assert result.gap.value == pytest.approx(-0.03)  # infra errors stay out of the figure
    assert result.why.endswith("(at least 0.937), but 30 infra errors could turn it")


def test_unmet_must_hold_with_every_infra_error_right() -> None:
    assert judge("a", ACCURACY, measured_counts(880, 1000, 30)).state == "unmet"
    result = judge("a", ACCURACY, measured_counts(94, 110, 1))
    assert result.state == "unmet"
    result = judge("a", ACCURACY, measured_counts(880, 1000, 600))
    assert result.state == "undecided" and result.why.endswith("but 600 infra errors could turn it")


def test_one_infra_error_is_singular() -> None:
    figure = measured_counts(46, 46, 1)
    result = judge("a", ACCURACY, figure)
    assert result.state == "undecided" and result.why.endswith("but 1 infra error could turn it")


@given(
    st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(0, 30),
    st.floats(0.1, 0.95),
    st.floats(0, 0.05),
)
@settings(max_examples=60, deadline=None)
def test_infra_errors_only_ever_undecide(kn: tuple[int, int], lost: int, threshold: float, margin: float) -> None:
    need = Need("accuracy", threshold, margin)
    clean, marred = judge("a", need, measured_counts(*kn)), judge("a", need, measured_counts(*kn, lost))
    assert marred.state in (clean.state, "undecided")
    for filled in (0, lost):
        decided = judge("a", need, measured_counts(kn[0] + filled, kn[1] + lost)).state
        assert marred.state == "undecided" or decided in (marred.state, "undecided")


def test_under_thirty_effective_clusters_nothing_is_decided() -> None:
    values = [1.0] * 900
    few = judge("a", Need("accuracy", 0.3), measured(proportion(values, np.arange(900) % 29)))
    assert (few.state, few.n_to_decide) == ("undecided", None)
    assert few.why == "only 28 clusters of equal size in effect (29 in all): at least 30 are needed"
    assert few.gap.high is not None and few.gap.high < 0
    assert judge("a", Need("accuracy", 0.3), measured(proportion(values, np.arange(900) % 30))).state == "met"
    unequal = np.minimum(np.arange(900) // 3, 60)  # sixty of 3 and one of 720
    result = judge("a", Need("accuracy", 0.3), measured(proportion(values, unequal)))
    assert result.why == "only 1 cluster of equal size in effect (61 in all): at least 30 are needed"


def test_one_cluster_and_few_repeated_rows() -> None:
    one = judge("a", ACCURACY, measured(proportion([1, 1], [0, 0])))
    assert one.why == "only 1 cluster: at least 30 are needed" and one.gap.high is None
    few = judge("a", ACCURACY, measured_share([2, 2, 1], [2, 2, 2], [0, 0, 0]))
    assert few.why == "only 3 rows: at least 30 are needed"


def test_undecided_with_clusters_names_them_and_pays_for_them() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 8)
    values = (rng.random(320) < np.where(groups % 4 == 0, 0.6, 1.0)).astype(float)
    result = judge("a", Need("accuracy", 0.87), measured(proportion(values, groups)))
    plain = judge("a", Need("accuracy", 0.87), measured(proportion(values)))
    assert result.state == "undecided" and "320 rows in 40 clusters cannot tell" in result.why
    assert result.n_to_decide is not None and plain.n_to_decide is not None
    assert result.n_to_decide > 1.5 * plain.n_to_decide


def test_an_at_most_share_mirrors_an_at_least_share() -> None:
    least = judge("a", Need("accuracy", 0.92, 0.01), measured_counts(296, 320))
    most = judge("a", Need("error_rate", 0.08, 0.01, at_least=False), measured_counts(24, 320))
    assert (most.state, most.n_to_decide) == (least.state, least.n_to_decide)
    assert dataclasses.astuple(most.gap) == pytest.approx(dataclasses.astuple(least.gap))
    assert [c.chance for c in most.chances] == pytest.approx([c.chance for c in least.chances])
    assert most.why.startswith("320 rows cannot tell 0.075 from 0.09 (0.08 plus the margin of 0.01); 640 rows")


def _mixed(low: float, high: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """200 times in an order that shows no drift."""
    return np.linspace(low, high, 200)[np.random.default_rng(1).permutation(200)]


def test_latency_met_unmet_and_undecided() -> None:
    fast = judge("a", TTFT, measured_quantile(_mixed(40, 90), 0.95))
    assert fast.state == "met" and fast.why.startswith("below 100 with 95 % confidence (at most ")
    slow = judge("a", TTFT, measured_quantile(_mixed(90, 300), 0.95))
    assert slow.state == "unmet" and slow.gap.low is not None and slow.gap.low > 0
    assert slow.why.startswith("above 100 with 95 % confidence (at least ")
    near = judge("a", TTFT, measured_quantile(_mixed(40, 103), 0.95))
    assert (near.state, near.n_to_decide) == ("undecided", None)
    assert near.why == "200 rows cannot tell 99.8 from 100"


def test_ten_copies_of_each_row_under_one_group_decide_no_more_than_one() -> None:
    rng = np.random.default_rng(4)
    times = rng.permutation(np.concatenate([np.linspace(40, 95, 193), [97, 99, 101, 103, 105, 107, 109]]))
    once = judge("a", TTFT, measured_quantile(times, 0.95))
    assert once.state == "undecided"
    copies, groups = np.repeat(times, 10), np.repeat(np.arange(200), 10)
    again = judge("a", TTFT, measured_quantile(copies, 0.95, groups=groups))
    assert again.state == "undecided" and "independent ones, cannot tell" in again.why
    assert judge("a", TTFT, measured_quantile(rng.permutation(copies), 0.95)).state == "met", "as if independent"


def test_bursts_far_below_the_limit_are_no_danger_to_it() -> None:
    """Ten calls of each burst are alike: 60 calls tell of 6 bursts, which cannot bound a p95 that lies near."""
    bursts = np.repeat(np.random.default_rng(3).lognormal(np.log(25), 0.4, 6), 10)
    held = measured_quantile(bursts, 0.95)
    near = judge("a", TTFT, held)
    assert (near.state, "worth" in near.why) == ("undecided", True), near.why
    far = judge("a", dataclasses.replace(TTFT, threshold=5000), held)
    assert far.state == "met", far.why
    # A group of ten calls is one case, however far away the limit is.
    grouped = measured_quantile(bursts, 0.95, groups=np.arange(60) // 10)
    assert judge("a", dataclasses.replace(TTFT, threshold=5000), grouped).state == "undecided"


def test_the_limit_itself_is_seldom_met_where_neighbours_are_alike() -> None:
    rng, phi, n, wrong = np.random.default_rng(11), 0.9, 200, 0
    limit = Need("ttft_p95_ms", float(np.exp(1.6448536)), at_least=False)
    for _ in range(300):
        noise = rng.standard_normal(n) * np.sqrt(1 - phi**2)
        noise[0] = rng.standard_normal()
        times = np.exp(lfilter([1], [1, -phi], noise))
        wrong += judge("a", limit, measured_quantile(times, 0.95)).state == "met"
    assert wrong <= 24  # of 300; 5 % is 15


def test_latencies_of_few_clusters_decide_nothing() -> None:
    result = judge("a", TTFT, measured_quantile(np.full(200, 50.0), 0.95, groups=np.arange(200) // 10))
    assert result.why == "only 20 clusters: at least 30 are needed"


def test_a_class_that_is_too_rare_leaves_macro_f1_undecided() -> None:
    true = np.repeat([0, 1, 2], [60, 60, 7])
    need = Need("macro_f1", 0.5)
    none = np.zeros(true.size, dtype=bool)
    rare = judge("a", need, measured_macro_f1(true, true, none, 3))
    assert (rare.state, rare.why) == ("undecided", "class `2` has 7 rows: at least 8 are needed")
    true = np.repeat([0, 1, 2], [60, 60, 8])
    assert judge("a", need, measured_macro_f1(true, true, np.zeros(128, dtype=bool), 3)).state == "met"
    grouped = measured_macro_f1(true, true, np.zeros(128, dtype=bool), 3, np.arange(128) // 2)
    assert grouped.too_rare == RareClass(2, 4, 8, in_clusters=True)


def test_one_of_many_classes_may_be_rarer() -> None:
    true = np.repeat(np.arange(20), [*[10] * 19, 3])
    assert measured_macro_f1(true, true, np.zeros(true.size, dtype=bool), 20).too_rare is None
    pred = np.where(np.arange(true.size) == 0, 20, true)  # a class that nobody asked about
    assert measured_macro_f1(true, pred, np.zeros(true.size, dtype=bool), 21).too_rare == RareClass(20, 0, 8)


def test_latency_with_too_few_rows_says_how_many() -> None:
    result = judge("a", TTFT, measured_quantile(np.full(20, 50.0), 0.95))
    assert result.state == "undecided" and result.gap.high is None
    assert result.why == "20 rows cannot bound it: at least 59 are needed"


def test_an_infra_error_may_have_been_endless() -> None:
    times = _mixed(40, 90)
    assert judge("a", TTFT, measured_quantile(times, 0.95, 2)).state == "met"
    lost = judge("a", TTFT, measured_quantile(times, 0.95, 30))
    assert lost.state == "undecided" and lost.why.endswith("30 infra errors could turn it")


def test_cost() -> None:
    need = Need("cost_per_1000_calls", 0.40, at_least=False)
    costs = 0.3 + 0.05 * np.random.default_rng(1).standard_normal(50)
    assert judge("a", need, measured_mean(costs)).state == "met"
    assert judge("a", need, measured_mean(costs + 0.2)).state == "unmet"
    single = judge("a", need, measured_mean([0.3]))
    assert single.state == "undecided" and single.why == "1 row cannot bound it: at least 2 are needed"


def test_macro_f1_counts_infra_errors_both_ways() -> None:
    rng = np.random.default_rng(2)
    true = rng.integers(0, 3, 400)
    pred = np.where(rng.random(400) < 0.95, true, (true + 1) % 3)
    none = np.zeros(400, dtype=bool)
    some = none.copy()
    some[:40] = True
    need = Need("macro_f1", 0.93)
    clean = judge("a", need, measured_macro_f1(true, pred, none, 3))
    assert clean.state == "met" and clean.n_to_decide is None
    figure = measured_macro_f1(true, np.where(some, -1, pred), some, 3)
    assert figure.best.upper == bootstrap_macro_f1(true, np.where(some, true, pred), 3).upper()
    assert figure.estimate.n == 360 and figure.infra_errors == 40
    assert figure.worst.lower is not None and figure.bounds.lower is not None
    assert figure.worst.lower < 0.93 < figure.bounds.lower
    assert judge("a", need, figure).why.endswith("but 40 infra errors could turn it")
    grouped = measured_macro_f1(true, pred, some, 3, np.arange(400) // 5)
    assert grouped.n_clusters == 72  # eight clusters lost all their rows


def test_field_f1_reads_only_what_was_expected_of_a_lost_row() -> None:
    hits, predicted, expected = np.full(60, 2), np.full(60, 3), np.full(60, 3)
    lost = np.arange(60) < 10
    figure = measured_field_f1(np.where(lost, 99, hits), predicted, expected, lost)
    assert figure.estimate.value == pytest.approx(2 / 3)
    assert figure.best.upper is not None and figure.worst.lower is not None
    assert figure.worst.lower < 2 * 100 / (150 + 180) < 2 / 3 < 2 * 130 / 360 < figure.best.upper


def test_a_sample_that_got_no_answer_leaves_the_figure() -> None:
    right, answered, lost = [2, 1, 0, 2], [2, 2, 0, 2], [0, 0, 2, 0]
    figure = measured_share(right, answered, lost)
    assert figure.estimate.value == pytest.approx(2.5 / 3) and figure.estimate.n == 3
    assert figure.worst.lower == proportion([1, 0.5, 0, 1], epochs=2).lower()
    assert figure.best.upper == proportion([1, 0.5, 1, 1], epochs=2).upper()
    assert figure.infra_errors == 2


@given(st.integers(1, 50), st.integers(0, 5), st.integers(0, 50))
def test_single_answers_as_arrays_are_counts(n: int, lost: int, seed: int) -> None:
    k = seed % (n + 1)
    right = [1] * k + [0] * (n - k + lost)
    answered = [1] * n + [0] * lost
    assert measured_share(right, answered, [0] * n + [1] * lost) == measured_counts(k, n, lost)


def test_a_plain_share_of_one_row_has_bounds() -> None:
    figure = measured(proportion_of_counts(1, 1))
    assert figure.bounds.lower is not None and figure.n_clusters is None


@given(n=st.integers(20, 3000), share=st.floats(0.5, 1.0), threshold=st.floats(0.3, 0.99))
@settings(max_examples=60, deadline=None)
def test_p_met_is_the_binomial_tail(n: int, share: float, threshold: float) -> None:
    k = round(n * share)
    found = judge("c", Need("accuracy", threshold), measured_counts(k, n))
    p = float(binom.sf(k - 1, n, threshold))
    if found.state == "met" and p > 1e-9:
        assert found.p_met == pytest.approx(p, rel=1e-6)
    elif found.state != "met":
        assert found.p_met is None


def test_p_met_counts_infra_errors_as_wrong() -> None:
    clean = judge("c", Need("accuracy", 0.8), measured_counts(190, 200))
    lossy = judge("c", Need("accuracy", 0.8), measured_counts(190, 200, 5))
    assert clean.p_met is not None and lossy.p_met is not None and lossy.p_met > clean.p_met
