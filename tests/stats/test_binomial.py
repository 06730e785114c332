"""Exact tails and bounds, held against SciPy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, betaincinv
from scipy.stats import binom

from evalkit.stats.binomial import exact_lower, exact_upper, incomplete_beta, tail_at_least

counts = st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.floats(1e-12, 1), st.floats(0.01, 5000), st.floats(0.01, 5000))
def test_the_incomplete_beta_is_scipys(x: float, a: float, b: float) -> None:
    assert incomplete_beta(x, a, b) == pytest.approx(float(betainc(a, b, x)), rel=1e-8, abs=1e-12)


@settings(deadline=None)
@given(counts, st.floats(0.001, 0.999))
def test_the_tail_is_the_binomials(kn: tuple[int, int], p: float) -> None:
    k, n = kn
    assert tail_at_least(k, n, p) == pytest.approx(float(binom.sf(k - 1, n, p)), rel=1e-7, abs=1e-12)


@settings(deadline=None)
@given(counts, st.sampled_from([0.05, 0.025, 0.01, 1e-6]))
def test_the_bounds_are_clopper_and_pearsons(kn: tuple[int, int], error: float) -> None:
    k, n = kn
    lower = float(betaincinv(k, n - k + 1, error)) if k else 0.0
    upper = float(betaincinv(k + 1, n - k, 1 - error)) if k < n else 1.0
    assert exact_lower(k, n, error) == pytest.approx(lower, abs=1e-9)
    assert exact_upper(k, n, error) == pytest.approx(upper, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 300), st.floats(0.02, 0.98))
def test_at_the_truth_each_bound_is_wrong_in_at_most_5_percent(n: int, p: float) -> None:
    above = [k for k in range(n + 1) if exact_lower(k, n, 0.05) >= p]
    below = [k for k in range(n + 1) if exact_upper(k, n, 0.05) < p]
    assert binom.pmf(above, n, p).sum() <= 0.05 + 1e-9
    assert binom.pmf(below, n, p).sum() <= 0.05 + 1e-9


@pytest.mark.parametrize(("k", "n", "p"), [(-1, 5, 0.5), (6, 5, 0.5), (2, 5, 1.5)])
def test_what_is_no_tail_is_refused(k: float, n: float, p: float) -> None:
    with pytest.raises(ValueError, match="no tail"):
        tail_at_least(k, n, p)
