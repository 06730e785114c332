"""Values that follow each other are worth as many independent ones as theory says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from evalkit.stats.autocorrelation import effective_n


@pytest.mark.parametrize("phi", [0.3, 0.7, 0.9])
def test_a_process_with_a_known_autocorrelation_time(phi: float) -> None:
    """AR(1): n (1 - φ) / (1 + φ) independent ones; on ranks a little more (Spearman's rho is below Pearson's)."""
    n, draws = 20_000, np.random.default_rng(5)
    x = np.zeros(n)
    for i, noise in enumerate(draws.normal(size=n - 1), 1):
        x[i] = phi * x[i - 1] + noise
    assert effective_n(x) == pytest.approx(n * (1 - phi) / (1 + phi), rel=0.15)
    assert effective_n(np.exp(5 * x)) == effective_n(x), "ranks: a heavy tail changes nothing"


def test_independent_values_are_worth_themselves() -> None:
    worth = [effective_n(np.random.default_rng(seed).exponential(size=500)) for seed in range(20)]
    assert np.median(worth) > 350 and max(worth) <= 500


def test_blocks_are_worth_one_value_each() -> None:
    blocks = np.repeat(np.random.default_rng(2).normal(size=100), 20)
    assert 50 <= effective_n(blocks) <= 200


def test_a_trend_is_worth_next_to_nothing() -> None:
    assert effective_n(np.arange(300.0)) <= 5


def test_equal_few_and_endless_values() -> None:
    assert effective_n(np.full(50, 7.0)) == 50
    assert [effective_n(np.arange(float(n))) for n in range(4)] == [1, 1, 2, 3]
    assert effective_n([1.0, np.inf, 2.0, np.inf, 3.0, 1.5, np.inf, 0.5]) >= 1


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=60))
def test_it_never_claims_more_than_there_are(values: list[float]) -> None:
    assert 1 <= effective_n(values) <= len(values)


@pytest.mark.parametrize(("n", "least", "most"), [(60, 12, 19), (200, 17.5, 24)])
def test_short_series_of_values_much_alike_are_not_worth_too_much(n: int, least: float, most: float) -> None:
    """AR(1) of 0.9 has a time of 19; estimated from 60 or 200 values without a correction it is 9 or 15 on average."""
    times = []
    for seed in range(400):
        steps = np.random.default_rng(seed).normal(size=n + 100)
        times.append(n / effective_n(lfilter([1.0], [1.0, -0.9], steps)[100:]))
    assert least < np.mean(times) < most
