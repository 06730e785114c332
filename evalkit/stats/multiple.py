"""Several tests at once: p values corrected so that one false alarm among all of them stays rare."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm's step-down correction, in the order given; the family-wise error holds under any dependence.

    The i-th smallest of m is multiplied by m - i + 1, is never under the one before it, and is at most 1: Holm,
    Scandinavian Journal of Statistics 6 (1979). None is a test that was not made: it stays None and does not
    count in m. Raises ValueError for a p outside [0, 1].
    """
    made = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, i) in enumerate(made):
        if not 0 <= p <= 1:
            raise ValueError(f"a p value lies between 0 and 1, not {p}")
        highest = max(highest, min(1.0, (len(made) - rank) * p))
        corrected[i] = highest
    return tuple(corrected)
