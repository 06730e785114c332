from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from evalkit.stats.power import clean_answers_needed, n_to_decide, smallest_visible_gap
from evalkit.stats.proportion import proportion_of_counts


def test_the_worked_example() -> None:
    rows, reason = n_to_decide(0.925, 0.92)
    assert rows is not None and abs(rows - 17_850) < 20 and reason is None


@pytest.mark.parametrize("p", [0.92, 0.9201, 0.924])
def test_at_the_threshold_more_rows_do_not_help(p: float) -> None:
    assert n_to_decide(p, 0.92) == (None, "at the threshold: more rows will not help, set a margin")


def test_a_margin_moves_the_threshold() -> None:
    assert n_to_decide(0.92, 0.93, margin=0.05) == n_to_decide(0.92, 0.88)
    assert n_to_decide(0.9, 0.92, margin=0.02)[1] == ("at the threshold: more rows will not help, set a wider margin")


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(1, 8))
def test_clusters_cost_rows_and_sides_are_alike(p: float, t: float, deff: float) -> None:
    plain, _ = n_to_decide(p, t)
    if plain is not None and plain < 19_900:
        assert n_to_decide(1 - p, 1 - t)[0] == pytest.approx(plain, rel=1e-3, abs=1)
    clustered, reason = n_to_decide(p, t, deff=deff)
    if plain is None:
        assert clustered is None
    elif clustered is None:
        assert reason is not None and plain * deff > 19_999
    else:
        assert abs(clustered - plain * deff) <= deff + 1


@given(st.floats(0.55, 0.97), st.floats(0.03, 0.2))
def test_the_power_is_as_promised(t: float, distance: float) -> None:
    p = t - distance
    rows, _ = n_to_decide(p, t)
    assert rows is not None
    unmet = [k for k in range(rows + 1) if (proportion_of_counts(k, rows).upper() or 0) < t]
    assert binom.pmf(unmet, rows, p).sum() == pytest.approx(0.8, abs=0.12)


@pytest.mark.parametrize(("t", "p"), [(0.0, 0.5), (1.0, 0.5), (0.5, 1.5)])
def test_nonsense_is_refused(t: float, p: float) -> None:
    with pytest.raises(ValueError, match="no sample size"):
        n_to_decide(p, t)


@given(st.floats(0.02, 0.98), st.integers(1, 400))
def test_the_visible_gap_is_seen_with_80_percent_power(t: float, n: int) -> None:
    gap = smallest_visible_gap(t, n)
    figures = [proportion_of_counts(k, n) for k in range(n + 1)]
    met = [k for k, f in enumerate(figures) if (f.lower() or 0) >= t]
    unmet = [k for k, f in enumerate(figures) if (f.upper() or 0) < t]
    if gap.surplus is None:
        assert not met
    else:
        assert gap.surplus > 0
        assert binom.pmf(met, n, t + gap.surplus).sum() == pytest.approx(0.8, abs=1e-6)
    if gap.shortfall is None:
        assert not unmet
    else:
        assert gap.shortfall > 0
        assert binom.pmf(unmet, n, t - gap.shortfall).sum() == pytest.approx(0.8, abs=1e-6)


def test_what_320_rows_can_see() -> None:
    gap = smallest_visible_gap(0.92, 320)
    assert gap.shortfall == pytest.approx(0.0401, abs=1e-4)
    assert gap.surplus == pytest.approx(0.0349, abs=1e-4)
    assert smallest_visible_gap(0.999, 320).surplus is None
    with pytest.raises(ValueError, match="show nothing"):
        smallest_visible_gap(0.9, 0)


@given(st.floats(0.5, 0.9999))
def test_clean_answers_are_just_enough(t: float) -> None:
    n = clean_answers_needed(t)
    assert (proportion_of_counts(n, n).lower() or 0) >= t - 1e-9
    if n > 1:
        assert (proportion_of_counts(n - 1, n - 1).lower() or 0) < t


def test_clean_answers_for_a_strict_form() -> None:
    assert clean_answers_needed(0.999) == 2703
    for impossible in (1.0, 0.0, math.nan):
        with pytest.raises(ValueError, match="no number of answers"):
            clean_answers_needed(impossible)
