"""Tango's score interval for the difference of two paired proportions."""

from __future__ import annotations

import math
from dataclasses import dataclass

_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class PairedTable:
    """`n` pairs of right-or-wrong answers, of which `only_a` and `only_b` are right on one side only.

    The difference is that of b minus a. Counts may be fractional where they stand for effective pairs. The
    statistic is that of Tango, Statistics in Medicine 17 (1998): under a true difference d the share of pairs
    right only in a has a closed maximum-likelihood estimate, and from it comes the variance. It needs no
    discordant pair, so that an interval is never of zero width. Raises ValueError for a table that cannot be.
    """

    n: float
    only_a: float
    only_b: float

    def __post_init__(self) -> None:
        rounding = 1e-9 * abs(self.n)
        if not (
            self.n > 0 and self.only_a >= 0 and self.only_b >= 0 and self.only_a + self.only_b <= self.n + rounding
        ):
            raise ValueError(f"{self.only_a} and {self.only_b} of {self.n} pairs are no paired table")

    @property
    def difference(self) -> float:
        """The share right in b minus the share right in a, in [-1, 1]."""
        return min(1.0, max(-1.0, (self.only_b - self.only_a) / self.n))

    def statistic(self, d: float) -> float:
        """The score statistic of a true difference `d`, positive where the table lies above it."""
        distance = self.only_b - self.only_a - self.n * d
        deviation = math.sqrt(self._variance(d))
        if deviation > 0:
            return distance / deviation
        return math.copysign(math.inf, distance) if abs(distance) > 1e-9 * self.n else 0.0

    def lower(self, quantile: float) -> float:
        """The difference at which the statistic is `quantile` (at least 0), rounded outwards."""
        outside, inside = -1.0, self.difference
        for _ in range(_HALVINGS):
            middle = (outside + inside) / 2
            if self.statistic(middle) >= quantile:
                outside = middle
            else:
                inside = middle
        return outside

    def upper(self, quantile: float) -> float:
        """The difference at which the statistic is -`quantile`, rounded outwards."""
        return -PairedTable(self.n, self.only_b, self.only_a).lower(quantile)

    def _variance(self, d: float) -> float:
        """The variance of only_b - only_a under a true difference `d`."""
        n, a, b = self.n, self.only_a, self.only_b
        linear = (2 * n - b + a) * d - a - b
        root = math.sqrt(max(0.0, linear * linear + 8 * n * a * d * (1 - d)))
        # Two forms of the same root, each where nothing cancels.
        share = (root - linear) / (4 * n) if linear <= 0 else 2 * a * d * (1 - d) / (root + linear)
        return max(0.0, n * (2 * share + d * (1 - d)))
