"""What a plan says of a need before anything is asked."""

from __future__ import annotations

from dataclasses import replace

from evalkit.records.estimate import Need
from evalkit.workflows.plan import visible


def test_a_share_that_must_stay_low_is_seen_as_well_as_its_complement() -> None:
    low, high = Need("wrong", 0.05, 0.01, at_least=False), Need("right", 0.95, 0.01)
    assert visible(low, 400) == replace(visible(high, 400), need=low)
    assert visible(high, 400).shortfall is not None
