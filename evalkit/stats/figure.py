"""What every measured figure can say about itself."""

from __future__ import annotations

from typing import Protocol

from evalkit.records.estimate import Estimate


class Figure(Protocol):
    """A figure that gives its two-sided interval and its one-sided bounds at any confidence."""

    @property
    def clusters(self) -> int | None:
        """The number of clusters; None where samples are independent."""
        ...

    @property
    def effective_clusters(self) -> float:
        """How many clusters of equal size tell as much as those that there are (samples, where none are)."""
        ...

    def estimate(self) -> Estimate:
        """The figure with its two-sided 95 % interval."""
        ...

    def lower(self, confidence: float = 0.95) -> float | None:
        """The one-sided lower bound; None where the data give none."""
        ...

    def upper(self, confidence: float = 0.95) -> float | None:
        """The one-sided upper bound; None where the data give none."""
        ...
