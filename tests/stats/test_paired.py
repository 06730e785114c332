from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalkit.stats.mcnemar import mcnemar_exact
from evalkit.stats.paired import PairedComparison, compare_paired
from evalkit.stats.sign_flip import sign_flip
from evalkit.stats.tango import PairedTable

Floats = NDArray[np.float64]


@st.composite
def sides(draw: st.DrawFn) -> tuple[list[float], list[float], list[int] | None, int]:
    n = draw(st.integers(0, 40))
    epochs = draw(st.sampled_from([1, 2, 4]))
    steps = st.integers(0, epochs).map(lambda k: k / epochs)
    answers = st.lists(st.one_of(st.just(float("nan")), steps, steps, steps), min_size=n, max_size=n)
    groups = draw(st.none() | st.lists(st.integers(-1, 12), min_size=n, max_size=n))
    return draw(answers), draw(answers), groups, epochs


@given(sides())
@settings(max_examples=200, deadline=None)
def test_what_always_holds(data: tuple[list[float], list[float], list[int] | None, int]) -> None:
    a, b, groups, epochs = data
    result = compare_paired(a, b, groups, epochs)
    both = [(x, y) for x, y in zip(a, b, strict=True) if x == x and y == y]
    assert result.n == len(both)
    assert result.only_a == sum(x > y + 1e-9 for x, y in both)
    assert result.only_b == sum(y > x + 1e-9 for x, y in both)
    if not both:
        assert (result.difference, result.p, result.interval(), result.visible()) == (None, None, (None, None), None)
        return
    assert result.difference == pytest.approx(np.mean([y - x for x, y in both]), abs=1e-9)
    assert (result.p is None) == (result.test == "cluster_t_and_sign_flip" and result.effective_clusters < 30 - 1e-9)
    low, high = result.interval()
    if low is not None and high is not None and result.difference is not None:
        assert -1 <= low <= result.difference <= high <= 1
        assert high - low > 1e-6
    swapped = compare_paired(b, a, groups, epochs)
    assert swapped.p == result.p
    if low is not None and high is not None:
        assert swapped.interval() == pytest.approx((-high, -low), abs=1e-9)
        assert (swapped.lower(), swapped.upper()) == pytest.approx((-result.upper(), -result.lower()), abs=1e-9)  # type: ignore[operator]


@given(sides())
@settings(deadline=None)
def test_the_order_of_samples_and_the_names_of_groups_do_not_matter(
    data: tuple[list[float], list[float], list[int] | None, int],
) -> None:
    a, b, groups, epochs = data
    order = np.random.default_rng(len(a)).permutation(len(a))
    renamed = None if groups is None else np.array([g if g < 0 else 3 * g + 7 for g in groups], dtype=np.int64)[order]
    one = compare_paired(a, b, groups, epochs)
    two = compare_paired(np.array(a)[order], np.array(b)[order], renamed, epochs)
    assert one.p == two.p
    assert one.n_clusters == two.n_clusters
    assert one.interval() == pytest.approx(two.interval(), abs=1e-9)


def test_plain_answers_go_to_mcnemar_and_tango() -> None:
    a, b = _answers(500, only_a=30, only_b=12)
    result = compare_paired(a, b)
    assert (result.test, result.method, result.only_a, result.only_b) == ("mcnemar_exact", "tango", 30, 12)
    assert result.p == mcnemar_exact(30, 12)
    assert result.estimate().value == pytest.approx(-18 / 500)
    assert result.interval() == pytest.approx(
        (PairedTable(500, 30, 12).lower(1.959964), PairedTable(500, 30, 12).upper(1.959964)), abs=1e-6
    )
    assert result.discordance == pytest.approx(42 / 500)


def test_infra_errors_leave_the_pair() -> None:
    nan = float("nan")
    result = compare_paired([1, 0, nan, 1], [1, 1, 1, nan])
    assert (result.n, result.only_a, result.only_b) == (2, 0, 1)


def test_grades_are_no_right_or_wrong() -> None:
    rng = np.random.default_rng(0)
    assert compare_paired(rng.random(50), rng.random(50)).test == "cluster_t_and_sign_flip"


@pytest.mark.parametrize(
    ("a", "b", "groups"), [([1, 0], [1], None), ([1.2], [0], None), ([1], [-0.1], None), ([1, 0], [0, 1], [1])]
)
def test_what_cannot_be_compared_is_refused(a: list[float], b: list[float], groups: list[int] | None) -> None:
    with pytest.raises(ValueError, match="sample"):
        compare_paired(a, b, groups)


def test_the_same_answers_leave_an_interval_of_the_width_that_the_clusters_allow() -> None:
    same = np.tile([1.0, 0.0, 1.0, 1.0], 30)
    grouped = compare_paired(same, same, np.repeat(np.arange(30), 4))
    repeated = compare_paired(same, same, epochs=3)
    plain = compare_paired(same, same)
    assert grouped.p == repeated.p == plain.p == 1.0
    assert grouped.table == PairedTable(30, 0, 0)
    assert repeated.table == plain.table == PairedTable(120, 0, 0)
    assert grouped.upper() > repeated.upper() > plain.upper() > 0  # type: ignore[operator]


def test_flips_that_cancel_within_every_cluster_do_not_count_as_precision() -> None:
    a = np.tile([1.0, 0.0, 1.0, 1.0], 30)
    b = np.tile([0.0, 1.0, 1.0, 1.0], 30)
    result = compare_paired(a, b, np.repeat(np.arange(30), 4))
    assert result.table is not None and result.table.n == 30
    assert (result.p, result.only_a, result.only_b) == (1.0, 30, 30)


def test_clusters_that_differ_less_than_chance_earn_nothing() -> None:
    # One flip either way in all clusters but two: far less spread between them than independence has.
    a = np.tile([1.0, 0.0, 1.0], 20)
    b = np.tile([0.0, 1.0, 1.0], 20)
    b[0], a[4] = 1.0, 1.0
    result = compare_paired(a, b, np.repeat(np.arange(20), 3))
    assert result.table is not None and result.table.n == 60


def test_under_thirty_effective_clusters_nothing_is_decided() -> None:
    a, b = _answers(90, only_a=40, only_b=0)
    result = compare_paired(a, b, np.arange(90) % 18)
    assert result.undecided == "only 18 clusters: at least 30 are needed"
    assert (result.p, result.not_worse(0.5), result.visible(), result.p_below(0.0)) == (None,) * 4
    assert result.interval() != (None, None)
    assert compare_paired(a, b, np.zeros(90, dtype=int)).interval() == (None, None)


def test_clusters_of_one_sample_are_tested_as_mcnemar_does() -> None:
    a, b = _answers(300, only_a=25, only_b=11)
    grouped = compare_paired(a, b, np.arange(300))
    assert grouped.p == pytest.approx(mcnemar_exact(25, 11), abs=0.01)
    assert grouped.interval() == pytest.approx(compare_paired(a, b).interval(), abs=0.003)


def test_a_sign_flip_is_the_exact_sum_over_all_signs() -> None:
    sums = np.array([3.0, -1.0, 2.5, 2.5, 0.0, -0.5, 4.0, 1.0, -2.0, 1.0])
    signs = 1 - 2 * ((np.arange(2**10)[:, None] >> np.arange(10)) & 1)
    exact = np.mean(np.abs(signs @ sums) >= abs(sums.sum()) - 1e-9)
    assert sign_flip(sums) == pytest.approx(exact, abs=0.01)
    assert sign_flip(sums) == sign_flip(-sums[::-1])


def test_repeating_a_sample_in_its_own_cluster_adds_no_evidence() -> None:
    a, b = _answers(60, only_a=4, only_b=16)
    one = compare_paired(a, b, np.arange(60))
    copied = compare_paired(np.repeat(a, 5), np.repeat(b, 5), np.repeat(np.arange(60), 5))
    assert copied.p == one.p
    assert copied.interval() == pytest.approx(one.interval(), abs=1e-6)


def test_non_inferiority_is_decided_by_the_lower_bound() -> None:
    a, b = _answers(1000, only_a=21, only_b=19)
    result = compare_paired(a, b)
    lower = result.lower()
    assert lower is not None and -0.02 < lower < -0.01
    assert (result.not_worse(0.02), result.not_worse(0.01)) == (True, False)
    assert result.not_worse(-lower) is True
    with pytest.raises(ValueError, match="margin"):
        result.not_worse(-0.01)


@pytest.mark.parametrize("groups", [None, np.arange(400) // 8])
def test_the_one_sided_p_turns_where_the_bound_does(groups: NDArray[np.int64] | None) -> None:
    result = compare_paired(*_answers(400, only_a=30, only_b=10), groups)
    upper = result.upper()
    assert upper is not None
    assert result.p_below(upper) == pytest.approx(0.05, abs=1e-6)
    assert result.p_below(upper + 0.01) < 0.05 < result.p_below(upper - 0.01)  # type: ignore[operator]


def test_what_could_be_seen_agrees_between_the_exact_and_the_cluster_formula() -> None:
    a, b = _answers(1000, only_a=60, only_b=55)
    exact, grouped = compare_paired(a, b).visible(), compare_paired(a, b, np.arange(1000)).visible()
    assert exact is not None and grouped is not None
    assert grouped == pytest.approx(exact, rel=0.08)
    assert compare_paired(a, b).visible(0.05 / 6) > exact  # type: ignore[operator]


def _answers(n: int, only_a: int, only_b: int) -> tuple[Floats, Floats]:
    """Right or wrong answers (n,) of both sides with these discordant counts, well mixed."""
    a, b = np.ones(n), np.ones(n)
    places = np.random.default_rng(n).permutation(n)
    b[places[:only_a]] = 0
    a[places[only_a : only_a + only_b]] = 0
    both_wrong = places[only_a + only_b :][::3]
    a[both_wrong] = b[both_wrong] = 0
    return a, b


def _clustered(rng: np.random.Generator, hit: float, direction: float) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """30 clusters of unequal size; a quarter of them holds all discordant samples."""
    sizes = np.maximum(1, rng.geometric(0.1, 30))
    groups = np.repeat(np.arange(30), sizes)
    flips = (rng.random(groups.size) < hit) & (rng.random(30) < 0.25)[groups]
    better = rng.random(groups.size) < direction
    return (flips & ~better).astype(float), (flips & better).astype(float), groups


def test_the_level_of_the_cluster_test_holds() -> None:
    """No difference, discordant samples in a quarter of unequal clusters: at most 5 % rejections, McNemar far more."""
    rng = np.random.default_rng(2)
    rejected = naive = 0
    runs = 400
    for _ in range(runs):
        a, b, groups = _clustered(rng, 0.8, 0.5)
        # Whole clusters lean to one side: the direction is drawn per cluster.
        lean = (rng.random(30) < 0.5)[groups]
        a, b = np.where(lean, a, b), np.where(lean, b, a)
        flips = (a + b) > 0
        a, b = (flips & lean).astype(float), (flips & ~lean).astype(float)
        rejected += (compare_paired(a, b, groups).p or 1.0) <= 0.05
        naive += (compare_paired(a, b).p or 1.0) <= 0.05
    assert rejected / runs <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / runs)
    assert naive / runs > 0.3


def test_few_bad_clusters_that_cancel_many_good_ones_are_no_difference() -> None:
    """A tenth of the clusters loses 0.6, the others gain a ninth of that: the mean is 0, yet signs reject it often."""
    rng = np.random.default_rng(6)
    runs, count = 500, 45
    rejected = by_signs = 0
    for _ in range(runs):
        sizes = np.maximum(1, np.round(np.exp(rng.normal(np.log(10) - 0.125, 0.5, count)))).astype(int)
        groups, bad = np.repeat(np.arange(count), sizes), rng.random(count) < 0.1
        draw = rng.random(groups.size)
        a = (bad[groups] & (draw < 0.6)).astype(float)
        b = (~bad[groups] & (draw < 0.6 / 9)).astype(float)
        rejected += (compare_paired(a, b, groups).p or 1.0) <= 0.05
        by_signs += sign_flip(np.bincount(groups, weights=b - a)) <= 0.05
    assert rejected / runs <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)
    assert by_signs / runs > 0.07


def test_the_one_sided_bounds_hold_where_the_damage_sits_in_few_clusters() -> None:
    rng = np.random.default_rng(3)
    runs, hit = 400, 0.8
    below = above = 0
    for _ in range(runs):
        a, b, groups = _clustered(rng, hit, 0.0)
        result = compare_paired(a, b, groups)
        lower, upper = result.lower(), result.upper()
        assert lower is not None and upper is not None
        below += lower > -hit / 4
        above += upper < -hit / 4
    assert below / runs <= 0.08
    assert above / runs <= 0.08


def test_the_level_with_epochs_holds() -> None:
    """Three epochs of flaky answers: the sample is the unit, not the answer."""
    rng = np.random.default_rng(4)
    runs = 300
    rejected = 0
    for _ in range(runs):
        lean = rng.random((2, 60)).round()  # each side knows a sample or does not; epochs repeat it
        a, b = (np.mean(rng.random((3, 60)) < 0.1 + 0.8 * lean[i], axis=0) for i in (0, 1))
        result = compare_paired(a, b, epochs=3)
        rejected += (result.p or 1.0) <= 0.05
    assert rejected / runs <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / runs)


def test_nothing_to_compare() -> None:
    result: PairedComparison = compare_paired([], [])
    assert (result.n, result.decides, result.not_worse(0.1)) == (0, False, None)
    assert compare_paired([], [], [], 3).p is None
