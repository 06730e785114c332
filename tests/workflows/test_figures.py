"""Percentiles come with intervals that epochs do not narrow."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from evalkit.records.run import Percentiles
from evalkit.running.figures import _percentiles
from evalkit.stats.measured import measured_quantile


def test_percentiles_have_intervals() -> None:
    values = np.random.default_rng(1).permutation(np.arange(1.0, 201.0))
    found = _percentiles(values, measured_quantile(values, 0.95))
    assert found is not None and (found.p50, found.p95, found.n) == (100, 190, 200)
    assert found.p50_low == pytest.approx(86, abs=2) and found.p50_high == pytest.approx(115, abs=2)
    assert found.p95_low == pytest.approx(183, abs=2) and found.p95_high == pytest.approx(196, abs=2)
    few = _percentiles(values[:20], measured_quantile(values[:20], 0.95))
    assert few is not None and few.p95 is not None and few.p95_high is None
    assert _percentiles(np.full(3, np.nan), measured_quantile([], 0.95)) is None


def test_epochs_do_not_narrow_the_median() -> None:
    once = np.arange(1.0, 101.0)
    single = _percentiles(once, measured_quantile(once, 0.95))
    repeated = _percentiles(np.repeat(once, 10), measured_quantile(once, 0.95))
    assert single == repeated


def test_a_file_from_before_is_read() -> None:
    assert msgspec.convert({"p50": 1.0, "p95": 2.0}, Percentiles) == Percentiles(1.0, 2.0)
