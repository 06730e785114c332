"""The arrival model against a cache simulated call by call."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.decision.arrivals import active_seconds, hit_share
from evalkit.decision.unmeasured import Unmeasured, Volume, unmeasured_cost
from evalkit.records.model import ModelSpec, Rates
from evalkit.records.plan import TokenMix
from evalkit.records.price import Price, Tier
from tests.decision.cache_events import Bursts, bursty_arrivals, hits, poisson_arrivals

CALLS = 40_000


def test_a_worked_value() -> None:
    # 8 hours a day at one call per 100 s: 1 - exp(-3).
    volume = active_seconds(8) / 100
    assert hit_share(volume, 8, 300) == pytest.approx(1 - math.exp(-3), abs=1e-12)


def test_arrays_give_what_floats_give() -> None:
    volumes = np.array([0.0, 1e3, 1e6])
    np.testing.assert_array_equal(hit_share(volumes, 24, 300), [hit_share(float(v), 24, 300) for v in volumes])
    assert hit_share(0.0, 24, 300) == 0


@pytest.mark.parametrize(("volume", "ttl"), [(1e3, 300), (1e4, 300), (1e5, 300), (1e3, 3600), (3e3, 3600)])
def test_poisson_arrivals_agree_within_sampling_error(volume: float, ttl: float) -> None:
    times = poisson_arrivals(volume / active_seconds(24), CALLS, np.random.default_rng(3))
    model = hit_share(volume, 24, ttl)
    error = math.sqrt(model * (1 - model) / CALLS)
    assert abs(hits(times, ttl).mean() - model) < 4 * error + 1 / CALLS


def test_bursty_arrivals_hit_more_at_low_and_less_at_high_volumes() -> None:
    def error(volume: float) -> float:
        times = bursty_arrivals(volume / active_seconds(24), CALLS, Bursts(), np.random.default_rng(5))
        return hit_share(volume, 24, 300) - float(hits(times, 300).mean())

    assert -0.50 < error(3e3) < -0.30  # the bill is overstated
    assert 0.03 < error(3e4) < 0.09  # the bill is understated
    assert abs(error(1e6)) < 0.002


def test_bursts_keep_the_mean_rate() -> None:
    times = bursty_arrivals(1.0, 400_000, Bursts(busy_seconds=50), np.random.default_rng(1))
    assert times.size / times[-1] == pytest.approx(1.0, rel=0.05)
    assert np.all(np.diff(times) >= 0)


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.floats(0.1, 24), st.floats(0, 1e5))
def test_more_calls_never_lower_the_share(a: float, b: float, hours: float, ttl: float) -> None:
    low, high = sorted((a, b))
    assert 0 <= hit_share(low, hours, ttl) <= hit_share(high, hours, ttl) <= 1


@given(st.floats(1, 1e9), st.floats(1, 24), st.floats(1, 24))
def test_calls_crowded_into_fewer_hours_hit_more(calls: float, a: float, b: float) -> None:
    few, many = sorted((a, b))
    assert hit_share(calls, few, 300) >= hit_share(calls, many, 300)


def test_the_cost_of_a_skipped_model_uses_the_same_model() -> None:
    spec = ModelSpec("m", "anthropic/m", "frontier")
    price = Price((Tier(Rates(1, 5, 0.1, 1.25, 2)),), None, "test")

    def share(volume: Volume, shortest: int = 1) -> float | None:
        unmeasured = Unmeasured(spec, "no key", TokenMix(1000, 10, 5), price, "1h", shortest, 10)
        return unmeasured_cost(unmeasured, volume).cache_read_share

    assert share(Volume(2000, 8)) == hit_share(2000, 8, 3600)
    assert share(Volume()) is None
    assert share(Volume(2000, 8), shortest=4096) == 0
