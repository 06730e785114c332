from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats.multiple import holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(p_values)
@settings(deadline=None, max_examples=25)  # the first case imports statsmodels
def test_holm_is_that_of_statsmodels(values: list[float]) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    expected = multitest.multipletests(values, method="holm")[1]
    assert np.array(holm(values)) == pytest.approx(expected, abs=1e-12)


@given(p_values, st.data())
def test_a_test_that_was_not_made_changes_nothing(values: list[float], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values)))
    with_gap = holm([*values[:place], None, *values[place:]])
    assert with_gap[place] is None
    assert (*with_gap[:place], *with_gap[place + 1 :]) == holm(values)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()
    assert holm([None]) == (None,)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="p value"):
        holm([0.5, p])
