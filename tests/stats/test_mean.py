from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evalkit.stats.mean import mean, mean_estimate

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50)


@given(values, st.floats(0.5, 0.99))
def test_plain_is_the_t_interval(x: list[float], confidence: float) -> None:
    figure = mean(x)
    error = float(stats.sem(x))
    quantile = float(stats.t.ppf((1 + confidence) / 2, len(x) - 1))
    expected = (np.mean(x) - quantile * error, np.mean(x) + quantile * error)
    assert figure.interval(confidence) == pytest.approx(expected, abs=1e-6)


def test_clusters_by_hand() -> None:
    # Mean 3; residual sums -4, 0, 4; variance 3/2 * 32 / 36.
    figure = mean([1, 1, 3, 3, 5, 5], [0, 0, 1, 1, 2, 2])
    assert figure.standard_error == pytest.approx(math.sqrt(1.5 * 32 / 36))
    assert figure.clusters == 3 and figure.estimate().method == "t_clustered"
    assert figure.upper() == pytest.approx(3 + stats.t.ppf(0.95, 2) * math.sqrt(4 / 3))


@given(values, st.integers(0, 10))
def test_order_does_not_matter(x: list[float], seed: int) -> None:
    groups = np.arange(len(x)) // 3
    order = np.random.default_rng(seed).permutation(len(x))
    first, second = mean(x, groups), mean(np.array(x)[order], groups[order])
    assert second.value == pytest.approx(first.value, abs=1e-6)
    if first.standard_error is not None:
        assert second.standard_error == pytest.approx(first.standard_error, abs=1e-5)


@pytest.mark.parametrize(("x", "groups", "value"), [([], None, None), ([2.0], None, 2.0), ([1.0, 3.0], [5, 5], 2.0)])
def test_too_little_for_an_interval(x: list[float], groups: list[int] | None, value: float | None) -> None:
    estimate = mean_estimate(x, groups)
    assert (estimate.value, estimate.low, estimate.high) == (value, None, None)


def test_unknown_values_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        mean([1.0, math.nan])
