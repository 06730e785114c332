from __future__ import annotations

import json
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, gamma
from sklearn.metrics import f1_score

from evalkit.stats.bootstrap import gamma_bound
from evalkit.stats.f1 import (
    bootstrap_field_f1,
    bootstrap_macro_f1,
    field_f1_estimate,
    macro_f1,
    macro_f1_estimate,
)
from evalkit.stats.proportion import proportion_estimate, wilson_bounds
from tests.data import shared

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), min_size=1, max_size=60)


def _labelled(n: int, seed: int, accuracy: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, n)
    return true, np.where(rng.random(n) < accuracy, true, rng.integers(-1, 3, n))


@given(pairs)
def test_macro_f1_is_sklearns_over_the_classes_present(rows: list[tuple[int, int]]) -> None:
    true, pred = (np.array(x) for x in zip(*rows, strict=True))
    present = sorted(set(true) | (set(pred) - {-1}))
    expected = f1_score(true, pred, labels=present, average="macro", zero_division=0)
    assert macro_f1(true, pred, 5) == pytest.approx(expected)
    figure = bootstrap_macro_f1(true, pred, 5)
    assert figure.value == pytest.approx(expected)
    assert bootstrap_macro_f1(true, pred, 5, np.arange(len(rows)) // 2).value == pytest.approx(expected)


def test_an_invalid_answer_is_a_miss_and_no_prediction() -> None:
    # Class 0: 1 hit of 2, 1 prediction; class 1: 1 hit of 1, 1 prediction.
    assert macro_f1([0, 0, 1], [0, -1, 1], 2) == pytest.approx((2 / 3 + 1) / 2)


@settings(max_examples=30, deadline=None)
@given(pairs, st.integers(0, 3))
def test_bounds_stay_inside_and_nest(rows: list[tuple[int, int]], grouping: int) -> None:
    true, pred = (np.array(x) for x in zip(*rows, strict=True))
    groups = None if not grouping else np.arange(len(rows)) // grouping
    figure = bootstrap_macro_f1(true, pred, 5, groups)
    low, high = figure.interval()
    if figure.n_clusters < 2:
        assert (low, high) == (None, None)
        return
    assert low is not None and high is not None and figure.value is not None
    assert 0 <= low <= figure.value <= high <= 1
    narrow_low, narrow_high = figure.interval(0.8)
    lower, upper = figure.lower(), figure.upper()
    assert narrow_low is not None and narrow_high is not None and lower is not None and upper is not None
    assert low <= lower <= narrow_low and narrow_high <= upper <= high


@pytest.mark.parametrize("grouped", [False, True])
def test_the_order_of_rows_does_not_matter_and_the_seed_does(grouped: bool) -> None:
    true, pred = _labelled(200, seed=1)
    groups = np.arange(200) // 4
    order = np.random.default_rng(2).permutation(200)
    first = macro_f1_estimate(true, pred, 3, groups if grouped else None, seed=5)
    shuffled = macro_f1_estimate(true[order], pred[order], 3, groups[order] if grouped else None, seed=5)
    assert first == shuffled
    assert first != macro_f1_estimate(true, pred, 3, groups if grouped else None, seed=6)


def test_bca_is_scipys_within_monte_carlo_error() -> None:
    true, pred = _labelled(60, seed=3)
    reference = bootstrap(
        (np.arange(60),),
        lambda i: macro_f1(true[i], pred[i], 3),
        vectorized=False,
        n_resamples=2000,
        method="BCa",
        rng=1,
    ).confidence_interval
    ours = macro_f1_estimate(true, pred, 3)
    assert ours.method == "bootstrap_bca"
    assert (ours.low, ours.high) == pytest.approx((reference.low, reference.high), abs=0.02)


def test_bca_over_clusters_is_scipys_within_monte_carlo_error() -> None:
    true, pred = _labelled(120, seed=4)
    rows = np.arange(120).reshape(40, 3)
    reference = bootstrap(
        (np.arange(40),),
        lambda i: macro_f1(true[rows[i]].ravel(), pred[rows[i]].ravel(), 3),
        vectorized=False,
        n_resamples=2000,
        method="BCa",
        rng=1,
    ).confidence_interval
    ours = macro_f1_estimate(true, pred, 3, np.arange(120) // 3)
    assert ours.method == "bootstrap_bca"
    assert (ours.low, ours.high) == pytest.approx((reference.low, reference.high), abs=0.02)


@pytest.mark.parametrize("size", [1, 3])
def test_bias_and_acceleration_by_brute_force(size: int) -> None:
    true, pred = _labelled(90, seed=9, accuracy=0.9)
    groups = np.arange(90) // size
    figure = bootstrap_macro_f1(true, pred, 3, None if size == 1 else groups)
    scores = [macro_f1(true[groups != g], pred[groups != g], 3) for g in np.unique(groups)]
    left_out = np.array(scores, dtype=float)
    deviation = left_out.mean() - left_out
    assert figure.acceleration == pytest.approx((deviation**3).sum() / (6 * (deviation**2).sum() ** 1.5))
    assert figure.value is not None and figure.bias is not None
    ties = np.isclose(figure.replicates, figure.value, rtol=0, atol=1e-12)
    below = (figure.replicates < figure.value) & ~ties
    assert NormalDist().cdf(figure.bias) == pytest.approx(below.mean() + ties.mean() / 2)


def test_samples_that_hang_together_widen_the_interval() -> None:
    true, pred = _labelled(60, seed=5)
    alone = macro_f1_estimate(true, pred, 3)
    tenfold = macro_f1_estimate(np.repeat(true, 10), np.repeat(pred, 10), 3, np.repeat(np.arange(60), 10))
    assert alone.low is not None and alone.high is not None and tenfold.n == 600
    assert (tenfold.low, tenfold.high) == pytest.approx((alone.low, alone.high), abs=0.02)


def test_all_right_is_not_certain() -> None:
    true = np.arange(200) % 4
    estimate = macro_f1_estimate(true, true, 4)
    assert estimate.method == "wilson_no_spread"
    assert (estimate.low, estimate.high) == pytest.approx(wilson_bounds(1.0, 200, 1.959964))


def test_all_right_is_less_certain_where_a_class_is_rare() -> None:
    true = np.array([0] * 195 + [1] * 5)
    low = bootstrap_macro_f1(true, true, 2).lower()
    # Two or three mistakes on the five are not excluded: a fifth of that class's F1 and more.
    assert low is not None and 0.8 < low < 0.9


def test_all_right_in_clusters_counts_clusters() -> None:
    true = np.arange(200) % 4
    estimate = macro_f1_estimate(true, true, 4, np.arange(200) // 10)
    assert (estimate.low, estimate.high) == pytest.approx(wilson_bounds(1.0, 20, 2.093024))


def test_percentile_where_the_acceleration_is_undefined() -> None:
    # Leaving out either cluster gives 0.5: no spread to take a skewness from, while resamples do differ.
    figure = replace(bootstrap_macro_f1([0, 1, 0, 1], [0, -1, -1, 1], 2, [0, 0, 1, 1]), unseen=None)
    assert figure.method == "bootstrap_percentile"
    assert figure.estimate().value == pytest.approx(2 / 3)
    assert figure.interval() == pytest.approx((0.5, 2 / 3))


def test_percentile_where_all_replicates_fall_on_one_side() -> None:
    # Every cluster brings a class of its own, all right, and a miss of class 20: a resample loses classes and
    # never reaches the full sample's 20/21.
    true = np.array([[g, 20] for g in range(20)] + [[20, 20]]).ravel()
    pred = np.array([[g, -1] for g in range(20)] + [[-1, -1]]).ravel()
    figure = replace(bootstrap_macro_f1(true, pred, 21, np.repeat(np.arange(21), 2)), unseen=None)
    assert figure.replicates[-1] < 20 / 21
    assert figure.method == "bootstrap_percentile"
    low, high = figure.interval()
    assert high == figure.value == pytest.approx(20 / 21)  # the estimate itself still belongs
    assert low is not None and low == pytest.approx(np.quantile(figure.replicates, 0.025))


def test_rows_without_fields_do_not_count_as_evidence() -> None:
    # One row of three has fields, so every resample that can be scored is the same.
    figure = bootstrap_field_f1([1, 0, 0], [2, 0, 0], [2, 0, 0], [0, 1, 2])
    assert (figure.value, figure.method) == (0.5, "wilson_no_spread")
    assert (figure.lower(), figure.upper()) == pytest.approx(wilson_bounds(0.5, 1, 2.919986), abs=1e-6)


def test_no_samples_and_one_sample() -> None:
    empty = macro_f1_estimate([], [], 3)
    assert (empty.value, empty.low, empty.high, empty.n) == (None, None, None, 0)
    assert macro_f1([], [], 3) is None
    one = macro_f1_estimate([1], [1], 3)
    assert (one.value, one.low, one.high) == (1.0, None, None)
    single = macro_f1_estimate([1, 0], [1, 1], 3, [7, 7])
    assert single.value is not None and (single.low, single.high) == (None, None)


@pytest.mark.parametrize(("true", "pred"), [([3], [0]), ([-1], [0]), ([0], [3]), ([0], [-2]), ([0, 1], [0])])
def test_codes_out_of_range_are_refused(true: list[int], pred: list[int]) -> None:
    with pytest.raises(ValueError, match="code"):
        bootstrap_macro_f1(true, pred, 3)


counted = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).flatmap(
        lambda pe: st.tuples(st.integers(0, min(pe)), st.just(pe[0]), st.just(pe[1]))
    ),
    min_size=2,
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(counted)
def test_field_f1_by_its_definition(rows: list[tuple[int, int, int]]) -> None:
    hits, predicted, expected = (np.array(x) for x in zip(*rows, strict=True))
    for groups in (None, np.arange(len(rows)) // 2):
        estimate = field_f1_estimate(hits, predicted, expected, groups)
        total = predicted.sum() + expected.sum()
        if not total:
            assert estimate.value is None and estimate.low is None
            continue
        assert estimate.value is not None
        assert estimate.value == pytest.approx(2 * hits.sum() / total)
        if estimate.low is not None and estimate.high is not None:
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_field_f1_is_scipys_bca_within_monte_carlo_error() -> None:
    rng = np.random.default_rng(8)
    expected, predicted = rng.integers(0, 5, 80), rng.integers(0, 5, 80)
    hits = rng.binomial(np.minimum(expected, predicted), 0.8)
    reference = bootstrap(
        (hits, predicted, expected),
        lambda h, p, e, axis=-1: 2 * h.sum(axis) / (p.sum(axis) + e.sum(axis)),
        paired=True,
        vectorized=True,
        n_resamples=4000,
        method="BCa",
        rng=1,
    ).confidence_interval
    ours = field_f1_estimate(hits, predicted, expected)
    assert (ours.low, ours.high) == pytest.approx((reference.low, reference.high), abs=0.015)


def test_field_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="hits"):
        field_f1_estimate([3], [2], [4])


def test_a_large_grouped_run_is_drawn_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    true, pred = _labelled(400, seed=6)
    groups = np.arange(400) // 2
    whole = bootstrap_macro_f1(true, pred, 3, groups)
    monkeypatch.setattr("evalkit.stats.bootstrap._CHUNK", 3000)
    pieces = bootstrap_macro_f1(true, pred, 3, groups)
    assert pieces.replicates.size == whole.replicates.size == 2000
    assert pieces.acceleration == pytest.approx(whole.acceleration)
    assert pieces.interval() == pytest.approx(whole.interval(), abs=0.01)


def test_the_human_of_pubmedqa() -> None:
    path = shared("pubmedqa") / "pubmedqa.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    codes = {"yes": 0, "no": 1, "maybe": 2}
    test = [r for r in rows if r["split"] == "test"]
    true = np.array([codes[r["label"]] for r in test])
    human = np.array([codes[r["annotator_reasoning_required"]] for r in test])
    accuracy = proportion_estimate(true == human)
    assert (accuracy.value, accuracy.n) == (0.78, 500)
    estimate = macro_f1_estimate(true, human, 3)
    assert estimate.value is not None and round(100 * estimate.value, 2) == 72.19
    assert (estimate.low, estimate.high) == pytest.approx((0.673, 0.769), abs=0.006)


@settings(deadline=None)
@given(st.floats(0.05, 1), st.floats(1e-5, 0.01), st.floats(1e-3, 0.2), st.sampled_from([0.025, 0.05, 0.95, 0.975]))
def test_gamma_bounds_are_scipys(value: float, variance: float, unseen: float, probability: float) -> None:
    short, low = 1 - value, probability < 0.5
    mean, spread = (short + unseen, variance + unseen**2) if low else (short, variance)
    ours = gamma_bound(value, variance, unseen, probability)
    assert 0 <= ours <= 1
    assume(mean**2 / spread > 1)  # below it Wilson and Hilferty's quantile is rough
    exact = 1 - gamma.ppf(1 - probability, mean**2 / spread, scale=spread / mean)
    assert ours == pytest.approx(min(1, max(0, exact)), abs=0.04 * mean)


def test_no_mistake_seen_still_leaves_room_for_three() -> None:
    assert gamma_bound(1.0, 0.0, 0.01, 0.05) == pytest.approx(0.97, abs=0.001)
    assert gamma_bound(1.0, 0.0, 0.01, 0.95) == 1


def test_a_class_of_few_rows_widens_the_interval_and_no_other_does() -> None:
    true = np.repeat([0, 1, 2], [60, 36, 4])
    pred = true.copy()
    pred[[0, 1, 62]] = 1, 1, 0
    rare = bootstrap_macro_f1(true, pred, 3)
    assert rare.method == "bootstrap_few" and rare.unseen is not None
    plain = replace(rare, unseen=None)
    low, high = rare.interval()
    assert low is not None and high is not None
    assert low < (plain.interval()[0] or 0) - 0.05 and high >= (plain.interval()[1] or 1)
    common = bootstrap_macro_f1(np.repeat(true, 3), np.repeat(pred, 3), 3)
    assert common.method == "bootstrap_bca" and common.unseen is None
