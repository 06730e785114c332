"""The test of a bad night: its level where nights differ, and its power where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evalkit.stats.nights import ASSUMED_LOGITS, NightTest, night_test

Floats = NDArray[np.float64]
N = 500


def flaky(rng: np.random.Generator) -> Floats:
    """Chances of a right answer: 30 % of the samples are not sure."""
    return np.where(rng.random(N) < 0.3, rng.beta(3, 1, N), (rng.random(N) < 0.9).astype(float))


def asked(chances: Floats, rng: np.random.Generator, runs: int, shift: float = 0.0) -> Floats:
    """Runs (runs, N) of one night."""
    odds = np.exp(shift)
    return (rng.random((runs, N)) < chances * odds / (chances * odds + 1 - chances)).astype(float)


def null(k: int, sd: float, rng: np.random.Generator, drop: float = 0.0) -> NightTest:
    """A night like the `k` nights before it, all moved by their own shifts; with `drop` so many samples break."""
    chances = flaky(rng)
    good = np.concatenate([asked(chances, rng, 1, rng.normal(0, sd)) for _ in range(k)])
    tonight = asked(np.where(rng.random(N) < drop, 0.0, chances), rng, 2, rng.normal(0, sd))
    return night_test(good, tonight.mean(axis=0), tonight)


@pytest.mark.parametrize("k", [1, 3, 5, 12, 30])
@pytest.mark.parametrize("sd", [0.0, 0.3])
def test_it_nearly_holds_its_level(k: int, sd: float) -> None:
    """Nights are skewed (a bad one costs more than a good one brings), so that it is not exact."""
    rng = np.random.default_rng(k)
    found = np.array([null(k, sd, rng).p for _ in range(1000)])
    assert (found <= 0.05).mean() <= 0.075
    assert (found <= 0.01).mean() <= 0.02
    assert (found <= 0.001).mean() <= 0.005


@pytest.mark.parametrize("k", [12, 30])
def test_many_nights_that_differ_more_than_assumed_are_believed(k: int) -> None:
    rng = np.random.default_rng(k)
    found = np.array([null(k, 0.6, rng).p for _ in range(1000)])
    assert (found <= 0.05).mean() <= 0.11
    assert (found <= 0.01).mean() <= 0.04


def test_quiet_nights_give_the_power_back() -> None:
    rng = np.random.default_rng(3)
    seen = {k: np.mean([null(k, 0.0, rng, drop=0.06).p <= 0.001 for _ in range(300)]) for k in (1, 12)}
    assert seen[1] < 0.1
    assert seen[12] > 0.6


def test_what_never_varies_is_no_night() -> None:
    same = np.tile((np.arange(100) < 90).astype(float), (3, 1))
    worse = (np.arange(100) < 80).astype(float)
    assert night_test(same, worse, [worse, worse]).p == 0
    assert night_test(same, same[0], same[:2]).p == 1
    assert night_test(same, worse, [worse, worse]).spread == 0


def test_without_earlier_nights_the_spread_is_assumed_from_what_two_runs_of_one_night_differ_by() -> None:
    first, fresh = np.zeros(100), np.zeros(100)
    first[:90], fresh[10:90] = 1, 1
    found = night_test(first, (first + fresh) / 2, [first, fresh])
    assert found.nights == 1
    assert found.spread == pytest.approx(ASSUMED_LOGITS * 0.05)  # ten of a hundred differ: p (1 - p) is half of that


def test_a_second_bad_night_counts() -> None:
    rng = np.random.default_rng(5)
    chances = flaky(rng)
    good = np.concatenate([asked(chances, rng, 1, rng.normal(0, 0.3)) for _ in range(12)])
    tonight = asked(chances * 0.95, rng, 2)
    night = tonight.mean(axis=0)
    assert night_test(good, [night, night], tonight).p < night_test(good, night, tonight).p


def test_epochs_are_answers_of_one_night() -> None:
    rng = np.random.default_rng(6)
    chances = flaky(rng)
    good = np.stack([asked(chances, rng, 4).mean(axis=0) for _ in range(400)])
    tonight = np.stack([asked(chances, rng, 4).mean(axis=0) for _ in range(2)])
    assert night_test(good, tonight.mean(axis=0), tonight, epochs=4).spread < 0.004
