"""Exact binomial tails and the bounds that invert them.

Written here because every run decides shares, and importing SciPy's special functions costs more than the rest of a
small run. The tests hold it against SciPy to nine digits.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_DIGITS = 1e-15
_MOST_TERMS = 20_000
_HALVINGS = 60


def tail_at_least(k: float, n: float, p: float) -> float:
    """P(X >= k) for X binomial(n, p): the regularised incomplete beta I_p(k, n - k + 1).

    `k` and `n` may be fractional (sums of grades), where it is the beta function's own continuation. NIST Digital
    Library of Mathematical Functions, 8.17.5. Raises ValueError where k is outside [0, n] or p outside [0, 1].
    """
    if not 0 <= k <= n or not 0 <= p <= 1:
        raise ValueError(f"no tail of {k} in {n} at {p}")
    if k == 0:
        return 1.0
    return incomplete_beta(p, k, n - k + 1)


def exact_lower(k: float, n: float, error: float) -> float:
    """The share at which `k` or more of `n` come up with probability `error`; 0 where nothing was right.

    Clopper and Pearson, Biometrika 26 (1934).
    """
    if k == 0:
        return 0.0
    low, high = 0.0, k / n
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if tail_at_least(k, n, middle) <= error:
            low = middle
        else:
            high = middle
    return low


def exact_upper(k: float, n: float, error: float) -> float:
    """The share at which `k` or fewer of `n` come up with probability `error`; 1 where all were right."""
    return 1.0 - exact_lower(n - k, n, error)


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0.

    The continued fraction of the NIST Digital Library of Mathematical Functions, 8.17.22, by Lentz's method (Applied
    Optics 15, 1976), on the side where it converges fast.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return min(1.0, front * _fraction(x, a, b) / a)
    return max(0.0, 1.0 - front * _fraction(1.0 - x, b, a) / b)


def _fraction(x: float, a: float, b: float) -> float:
    """1 / (1 + d1 / (1 + d2 / (1 + ...))), its terms in pairs."""
    c, d = 1.0, _away_from_0(1.0 - (a + b) * x / (a + 1))
    d = 1.0 / d
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _away_from_0(1.0 + term * d)
            c = _away_from_0(1.0 + term / c)
            change = c * d
            value *= change
        if abs(change - 1.0) < _DIGITS * 4:
            break
    return value


def _away_from_0(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
