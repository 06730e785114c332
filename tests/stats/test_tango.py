from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

from evalkit.stats.tango import PairedTable

Z = 1.959963984540054


@st.composite
def tables(draw: st.DrawFn) -> PairedTable:
    n = draw(st.integers(1, 2000))
    only_a = draw(st.integers(0, n))
    return PairedTable(n, only_a, draw(st.integers(0, n - only_a)))


def independent_statistic(table: PairedTable, d: float) -> float:
    """The score statistic with the likelihood under a fixed difference maximised by search, not by formula."""
    n, a, b = table.n, table.only_a, table.only_b

    def minus_likelihood(q: float) -> float:
        # q is the share right only in a, q + d that right only in b.
        terms = ((a, q), (b, q + d), (n - a - b, 1 - 2 * q - d))
        return -sum(k * math.log(max(p, 1e-300)) for k, p in terms if k > 0)

    best = minimize_scalar(
        minus_likelihood, bounds=(max(0.0, -d), (1 - d) / 2), method="bounded", options={"xatol": 1e-12}
    ).x
    return float((b - a - n * d) / math.sqrt(n * (2 * best + d - d * d)))


@pytest.mark.parametrize(("n", "only_a", "only_b"), [(44, 1, 5), (100, 12, 30), (50, 20, 3), (1319, 209, 152)])
def test_bounds_are_those_of_an_independent_root_finder(n: int, only_a: int, only_b: int) -> None:
    table = PairedTable(n, only_a, only_b)
    value = table.difference
    low = brentq(lambda d: independent_statistic(table, d) - Z, value - 0.4, value - 1e-6, xtol=1e-10)
    high = brentq(lambda d: independent_statistic(table, d) + Z, value + 1e-6, value + 0.4, xtol=1e-10)
    assert (table.lower(Z), table.upper(Z)) == pytest.approx((low, high), abs=1e-5)


@given(st.integers(1, 10_000))
def test_without_discordant_pairs_the_bound_has_a_closed_form(n: int) -> None:
    # n d / (1 - d) = z²
    assert PairedTable(n, 0, 0).upper(Z) == pytest.approx(Z * Z / (n + Z * Z), abs=1e-9)


@given(tables(), st.floats(0.1, 4))
def test_bounds_hold_the_difference_inside_and_have_width(table: PairedTable, quantile: float) -> None:
    low, high = table.lower(quantile), table.upper(quantile)
    assert -1 <= low <= table.difference <= high <= 1
    assert high - low > 1e-6
    assert table.lower(quantile + 1) <= low
    mirrored = PairedTable(table.n, table.only_b, table.only_a)
    assert (-mirrored.upper(quantile), -mirrored.lower(quantile)) == (low, high)


@given(tables(), st.floats(-0.999, 0.999), st.floats(0.001, 0.5))
def test_the_statistic_falls_with_the_difference(table: PairedTable, d: float, step: float) -> None:
    assert table.statistic(min(1.0, d + step)) <= table.statistic(d) + 1e-9


@pytest.mark.parametrize(
    ("n", "only_a", "only_b"), [(0, 0, 0), (5, -1, 2), (5, 3, 3), (math.nan, 0, 0), (5, math.nan, 0)]
)
def test_what_is_no_table_is_refused(n: float, only_a: float, only_b: float) -> None:
    with pytest.raises(ValueError, match="no paired table"):
        PairedTable(n, only_a, only_b)


@pytest.mark.parametrize(("n", "right_a", "right_b"), [(40, 0.02, 0.12), (150, 0.1, 0.05), (30, 0.3, 0.3)])
def test_coverage(n: int, right_a: float, right_b: float) -> None:
    """Two-sided 95 % and both one-sided 95 % bounds, in 3,000 seeded draws."""
    rng = np.random.default_rng(5)
    truth = right_b - right_a
    draws = [PairedTable(n, a, b) for a, b, _ in rng.multinomial(n, [right_a, right_b, 1 - right_a - right_b], 3000)]
    inside = np.mean([abs(t.statistic(truth)) <= Z for t in draws])
    assert 0.935 <= inside <= 0.97
    assert np.mean([t.lower(1.645) > truth for t in draws[:1000]]) <= 0.075
    assert np.mean([t.upper(1.645) < truth for t in draws[:1000]]) <= 0.075
