from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from evalkit.stats.mcnemar import mcnemar_exact, power_of_mcnemar, visible_to_mcnemar

counts = st.integers(0, 400)


@given(counts, counts)
@settings(deadline=None)  # the first case imports statsmodels
def test_the_p_value_is_that_of_statsmodels(only_a: int, only_b: int) -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    p = mcnemar_exact(only_a, only_b)
    if only_a + only_b:
        expected = tables.mcnemar([[7, only_a], [only_b, 3]], exact=True).pvalue
        assert p == pytest.approx(expected, rel=1e-9)
    assert 0 < p <= 1
    assert p == mcnemar_exact(only_b, only_a)


def test_without_discordant_samples_nothing_speaks_for_a_difference() -> None:
    assert mcnemar_exact(0, 0) == 1
    assert mcnemar_exact(4, 4) == 1
    assert mcnemar_exact(0, 6) == pytest.approx(2 / 64)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="counts"):
        mcnemar_exact(-1, 3)


@pytest.mark.parametrize(("n", "discordance", "difference"), [(20, 0.3, 0.2), (60, 0.1, 0.1), (40, 0.0, 0.2)])
def test_power_is_the_sum_over_all_tables(n: int, discordance: float, difference: float) -> None:
    share = max(discordance, difference)
    right, wrong = (share + difference) / 2, (share - difference) / 2
    total = 0.0
    for m in range(n + 1):
        for against in range(m + 1):
            if against < m - against and mcnemar_exact(m - against, against) <= 0.05:
                total += binom.pmf(m, n, share) * binom.pmf(against, m, wrong / (right + wrong))
    assert power_of_mcnemar(n, discordance, difference) == pytest.approx(total, abs=1e-9)


def test_the_visible_difference_is_seen_in_four_of_five_simulations() -> None:
    n, discordance = 300, 0.2
    visible = visible_to_mcnemar(n, discordance)
    assert visible is not None
    rng = np.random.default_rng(11)
    share = [(discordance + visible) / 2, (discordance - visible) / 2, 1 - discordance]
    tables = rng.multinomial(n, share, size=4000)
    seen = np.mean([mcnemar_exact(int(a), int(b)) <= 0.05 and b < a for a, b, _ in tables])
    assert seen == pytest.approx(0.80, abs=0.025)


@given(st.integers(6, 3000), st.floats(0, 0.6))
@settings(deadline=None, max_examples=25)
def test_more_samples_and_less_discordance_see_more(n: int, discordance: float) -> None:
    visible = visible_to_mcnemar(n, discordance)
    assert visible is not None and 0 < visible <= 1
    more, less = visible_to_mcnemar(4 * n, discordance), visible_to_mcnemar(n, discordance / 2)
    assert more is not None and more < visible
    assert less is not None and less <= visible + 1e-9
    stricter = visible_to_mcnemar(4 * n, discordance, alpha=0.01)
    assert stricter is not None and stricter > more


@pytest.mark.parametrize("n", [0, 1, 5])
def test_under_six_samples_see_nothing(n: int) -> None:
    assert visible_to_mcnemar(n, 0.1) is None
