"""The one-sided drop test against binomial tables and against all orders of signs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from evalkit.stats.drop import p_of_drop, p_of_flips


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 50))
def test_it_is_exact_one_sided_mcnemar(lost: int, won: int, same: int) -> None:
    a = np.array([1.0] * lost + [0.0] * won + [1.0] * same)
    b = np.array([0.0] * lost + [1.0] * won + [1.0] * same)
    p = p_of_drop(a, b)
    if not a.size:
        assert p is None
    elif lost + won == 0:
        assert p == 1
    else:
        expected = binomtest(won, lost + won, 0.5, alternative="less").pvalue
        assert p == pytest.approx(expected, rel=1e-6, abs=1e-13)


@settings(deadline=None)
@given(st.lists(st.sampled_from([-1.5, -1.0, -0.5, -1 / 3, 0.0, 1 / 3, 0.5, 1.0, 1.5]), min_size=1, max_size=9))
def test_it_is_the_share_of_all_signs(sums: list[float]) -> None:
    sizes = np.abs(sums)
    totals = np.array([float(np.dot(signs, sizes)) for signs in product((-1, 1), repeat=len(sums))])
    assert p_of_flips(np.array(sums)) == pytest.approx(float(np.mean(totals <= sum(sums) + 1e-9)), abs=1e-12)


def test_groups_move_together_and_few_decide_nothing() -> None:
    a, b = np.ones(60), np.zeros(60)
    assert p_of_drop(a, b, np.repeat(np.arange(30), 2)) == pytest.approx(2.0**-30)
    assert p_of_drop(a, b, np.repeat(np.arange(20), 3)) is None
    unequal = np.repeat(np.arange(31), [30] + [1] * 30)
    assert p_of_drop(a, b, unequal) is None, "31 clusters, one of which is half of all"
    assert p_of_drop(a, b, -np.ones(60)) == pytest.approx(2.0**-60)


def test_unanswered_samples_leave_the_pair() -> None:
    assert p_of_drop([1, 1, np.nan], [0, np.nan, 0]) == pytest.approx(0.5)


def test_figures_without_a_common_fraction_take_the_normal_distribution() -> None:
    rng = np.random.default_rng(5)
    sums = rng.normal(-0.1, 1, 400)
    flips = rng.choice((-1, 1), (20_000, 400)) @ np.abs(sums)
    assert p_of_flips(sums) == pytest.approx(float(np.mean(flips <= sums.sum())), abs=0.01)
