"""Quantiles of the normal and of Student's t distribution."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

STANDARD_NORMAL = NormalDist()


@lru_cache(maxsize=256)
def critical_value(probability: float, df: float | None = None) -> float:
    """The quantile at `probability` of the standard normal, or of Student's t with `df` degrees of freedom.

    Raises ValueError where `probability` is not inside (0, 1) or `df` is not positive.
    """
    if not 0 < probability < 1:
        raise ValueError(f"a probability must lie between 0 and 1, not {probability}")
    if df is None:
        return STANDARD_NORMAL.inv_cdf(probability)
    if df <= 0:
        raise ValueError(f"degrees of freedom must be positive, not {df}")
    from scipy.special import stdtrit  # 0.3 s to import, and the plain case never needs it

    return float(stdtrit(df, probability))


def tail_of(confidence: float) -> float:
    """The probability at which each end of a two-sided interval is cut: 0.95 gives 0.975."""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence must lie between 0 and 1, not {confidence}")
    return (1 + confidence) / 2


def one_sided(confidence: float) -> float:
    """`confidence` itself, refused below one half, where a "lower" bound would pass the estimate."""
    if not 0.5 <= confidence < 1:
        raise ValueError(f"a one-sided confidence must lie in [0.5, 1), not {confidence}")
    return confidence
