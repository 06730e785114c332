"""Two contenders on the same independent samples, each asked once: the exact McNemar test and what it can see."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from evalkit.stats.clusters import FloatArray

POWER = 0.80
_HALVINGS = 24  # to 1e-7


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """The exact two-sided p of "neither is better", from the samples that only one side got right.

    Under it each discordant sample falls to either side like a coin: p = min(1, 2 P(Bin(only_a + only_b, 1/2)
    <= min(only_a, only_b))), and 1 without any. McNemar, Psychometrika 12 (1947), in its exact form; not the
    mid-p. Raises ValueError for negative counts.
    """
    if only_a < 0 or only_b < 0:
        raise ValueError(f"{only_a} and {only_b} are no counts")
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def power_of_mcnemar(n: int, discordance: float, difference: float, alpha: float = 0.05) -> float:
    """The chance that `n` samples show a true `difference` in its right direction, at level `alpha` two-sided.

    Exact: the discordant samples are Bin(n, discordance), and among m of them those against the difference are
    Bin(m, (1 - difference / discordance) / 2). A difference cannot be larger than the discordance, so the
    latter is raised to it. As in Connor, Biometrics 43 (1987), without its normal approximation.
    """
    from scipy.special import bdtr, gammaln, xlog1py, xlogy

    share = max(discordance, difference)
    centre, reach = n * share, 7 * math.sqrt(n * share * (1 - share)) + 9
    first, last = max(0, math.floor(centre - reach)), min(n, math.ceil(centre + reach))
    m = np.arange(first, last + 1)
    weight = np.exp(gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1) + xlogy(m, share) + xlog1py(n - m, -share))
    against = (1 - difference / share) / 2 if share > 0 else 0.5
    few = _most_against(first, last, alpha)
    seen = np.where(few >= 0, bdtr(np.maximum(few, 0), m, against), 0.0)
    return float(weight @ seen)


@lru_cache(maxsize=16)  # a search over differences asks for the same counts again
def _most_against(first: int, last: int, alpha: float) -> FloatArray:
    """For m = `first` … `last` discordant samples: how many may lie on the losing side at p <= `alpha`, or -1."""
    from scipy.special import bdtr

    m = np.arange(first, last + 1)
    low, high = np.full(m.shape, -1.0), np.floor(m / 2)
    while np.any(low < high):
        middle = np.ceil((low + high) / 2)
        passes = 2 * bdtr(middle, m, 0.5) <= alpha
        low, high = np.where(passes, middle, low), np.where(passes, high, middle - 1)
    low.flags.writeable = False
    return low


def visible_to_mcnemar(n: int, discordance: float, alpha: float = 0.05) -> float | None:
    """The smallest true difference that `n` samples show with 80 % power; None where not even 1 would be.

    `discordance` is the share of samples that only one side gets right.
    """
    if n < 1 or power_of_mcnemar(n, discordance, 1.0, alpha) < POWER:
        return None
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if power_of_mcnemar(n, discordance, middle, alpha) >= POWER:
            high = middle
        else:
            low = middle
    return high
