"""What a number of samples can see, and the chance that more of them decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from evalkit.stats.binomial import exact_lower, tail_at_least

CONFIDENCE = 0.95
POWER = 0.80
LIMIT = 20_000
_GRID = 64  # points of the posterior
_REACH = 6.0  # standard deviations on either side


@dataclass(frozen=True, slots=True)
class Observed:
    """A share that does not decide: `right` of `n` samples, each worth 1 / `deff` independent ones."""

    right: float
    n: int
    deff: float = 1.0


def turning_points(t: float, n: float) -> tuple[int, int]:
    """The fewest right answers of `n` that show a share above `t`, and the most that show one below.

    By the exact one-sided 95 % bounds. The first is above `n`, the second -1, where no result shows it.
    """
    size = math.floor(n)
    alpha = 1 - CONFIDENCE
    reach = 1.7 * math.sqrt(n * t * (1 - t)) + 3

    def shows_above(k: int) -> bool:
        return tail_at_least(k, n, t) <= alpha

    def shows_below(k: int) -> bool:
        return tail_at_least(n - k, n, 1 - t) < alpha

    low, high = max(0, math.floor(n * t - 1)), min(size + 1, math.ceil(n * t + reach) + 1)
    while high <= size and not shows_above(high):
        high = min(size + 1, high + max(1, (high - low)))
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if middle > size or shows_above(middle) else (middle + 1, high)
    enough = low
    low, high = max(-1, math.floor(n * t - reach) - 1), min(size, math.ceil(n * t + 1))
    while low >= 0 and not shows_below(low):
        low = max(-1, low - max(1, high - low))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if shows_below(middle) else (low, middle - 1)
    return enough, low


def chance_to_decide(seen: Observed, limit: float, rows: int) -> float:
    """The chance that `rows` samples in all, those of `seen` among them, show a share above or below `limit`.

    The true share is drawn from its posterior with the prior of Jeffreys (Proceedings of the Royal Society A 186,
    1946), Beta(right + 1/2, wrong + 1/2), and the rows to come from it. Where samples hang together, all counts are
    divided by the design effect. Raises ValueError where `limit` is not inside (0, 1).
    """
    if not 0 < limit < 1:
        raise ValueError(f"no number of rows decides a share against {limit}")
    total, n = rows / seen.deff, seen.n / seen.deff
    right = seen.right / seen.deff
    enough, too_few = turning_points(limit, total)
    new = max(0.0, total - n)
    if new < 1e-9:
        return float(right >= enough or right <= too_few)
    chance = weight = 0.0
    for p, density in _posterior(right, n):
        up = max(0.0, enough - right)
        met = 0.0 if up > new else tail_at_least(up, new, p)
        down = new - (too_few - right)  # so many of the new ones must be wrong
        unmet = 0.0 if too_few < right or down > new else tail_at_least(max(0.0, down), new, 1 - p)
        chance += density * min(1.0, met + unmet)
        weight += density
    return chance / weight


def rows_to_decide(seen: Observed, limit: float) -> int | None:
    """The fewest samples in all that decide with a chance of 80 %; None where 20,000 do not."""
    low, high = max(1, seen.n), LIMIT
    if seen.n >= LIMIT or chance_to_decide(seen, limit, high) < POWER:
        return None
    while high - low > max(1, high // 200):
        middle = (low + high) // 2
        if chance_to_decide(seen, limit, middle) >= POWER:
            high = middle
        else:
            low = middle
    return high


@lru_cache(maxsize=8)
def _posterior(right: float, n: float) -> tuple[tuple[float, float], ...]:
    """Points of Beta(right + 1/2, n - right + 1/2) with their weights, not normalised.

    Spaced evenly in the angle whose squared sine is the share, where the prior of Jeffreys is flat and the spread is
    about 1 / (2 √n) everywhere.
    """
    centre = math.asin(math.sqrt((right + 0.5) / (n + 1)))
    reach = _REACH / (2 * math.sqrt(n + 1))
    low, high = max(0.0, centre - reach), min(math.pi / 2, centre + reach)
    angles = [low + (high - low) * (i + 0.5) / _GRID for i in range(_GRID)]
    logs = [2 * right * math.log(math.sin(x)) + 2 * (n - right) * math.log(math.cos(x)) for x in angles]
    top = max(logs)
    return tuple((math.sin(x) ** 2, math.exp(log - top)) for x, log in zip(angles, logs, strict=True))


@dataclass(frozen=True, slots=True)
class VisibleGap:
    """The smallest true distances from a threshold that are seen with 80 % power.

    `surplus` (above, so that the need is met) or `shortfall` (below) is None where no result of that
    many samples could show it.
    """

    shortfall: float | None
    surplus: float | None


def smallest_visible_gap(threshold: float, n: int, margin: float = 0.0) -> VisibleGap:
    """What `n` independent samples can tell from `threshold` - `margin`, by the rule that decides a state.

    Exact: the bounds turn over at a whole number of right answers k, and the share p at which k or more of n
    (or k or fewer) come up with 80 % probability is found from the binomial tail. Distances are measured from
    the threshold less the margin. Raises ValueError where that is not inside (0, 1) or `n` < 1.
    """
    t = threshold - margin
    if not 0 < t < 1 or n < 1:
        raise ValueError(f"{n} samples show nothing about {t}")
    enough, too_few = turning_points(t, n)
    surplus = shortfall = None
    if enough <= n:
        surplus = _share_that_reaches(enough, n) - t
    if too_few >= 0:
        shortfall = t - (1 - _share_that_reaches(n - too_few, n))
    return VisibleGap(shortfall, surplus)


def _share_that_reaches(k: int, n: int) -> float:
    """The share at which `k` or more of `n` come up with 80 % probability."""
    return 1.0 - exact_lower(n - k + 1, n, 1 - POWER)


def clean_answers_needed(threshold: float) -> int:
    """How many answers, all of them right, lift the exact one-sided 95 % lower bound to `threshold`.

    All n are right with probability threshold^n, so n = ln 0.05 / ln threshold: 2,995 for 0.999. Raises ValueError
    where the threshold is not inside (0, 1): no number of answers shows a share of 1.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"no number of answers shows a share of {threshold}")
    return max(1, math.ceil(math.log(1 - CONFIDENCE) / math.log(threshold) - 1e-9))
