"""How many samples a decision needs, and what a number of samples can see."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalkit.stats.critical import critical_value

CONFIDENCE = 0.95
POWER = 0.80
LIMIT = 20_000


def n_to_decide(p: float, threshold: float, margin: float = 0.0, deff: float = 1.0) -> tuple[int | None, str | None]:
    """Samples for 80 % power of the one-sided 95 % score test of `threshold` - `margin`, were `p` the truth.

    n = ((z.95 √(t(1-t)) + z.80 √(p(1-p))) / (p-t))² · deff with t = threshold - margin: Fleiss, Levin and
    Paik, Statistical Methods for Rates and Proportions (3rd ed., 2003), chapter 2. For an at-most need give
    1 - p and 1 - threshold. Above 20,000 the answer is None with the reason. Raises ValueError where t is
    not inside (0, 1).
    """
    t = threshold - margin
    if not 0 < t < 1 or not 0 <= p <= 1:
        raise ValueError(f"no sample size decides a share of {p} against {t}")
    distance = abs(p - t)
    spread = critical_value(CONFIDENCE) * math.sqrt(t * (1 - t)) + critical_value(POWER) * math.sqrt(p * (1 - p))
    # Compared without dividing: a distance of 0 is the commonest way past the limit.
    if spread * spread * deff > LIMIT * distance * distance:
        advice = "set a wider margin" if margin > 0 else "set a margin"
        return None, f"at the threshold: more rows will not help, {advice}"
    return max(1, math.ceil((spread / distance) ** 2 * deff)), None


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

    Exact: the Wilson bounds turn over at a whole number of right answers k, and the share p at which k or
    more of n (or k or fewer) come up with 80 % probability is a quantile of the beta distribution, as in
    Clopper and Pearson, Biometrika 26 (1934). Distances are measured from the threshold less the margin.
    Raises ValueError where that is not inside (0, 1) or `n` < 1.
    """
    t = threshold - margin
    if not 0 < t < 1 or n < 1:
        raise ValueError(f"{n} samples show nothing about {t}")
    from scipy.special import betaincinv

    reach = critical_value(CONFIDENCE) * math.sqrt(n * t * (1 - t))
    enough, too_few = math.ceil(n * t + reach), math.ceil(n * t - reach) - 1
    surplus = shortfall = None
    if enough <= n:
        surplus = float(betaincinv(enough, n - enough + 1, POWER)) - t
    if too_few >= 0:
        shortfall = t - (1 - float(betaincinv(n - too_few, too_few + 1, POWER)))
    return VisibleGap(shortfall, surplus)


def clean_answers_needed(threshold: float) -> int:
    """How many answers, all of them right, lift the one-sided 95 % Wilson lower bound to `threshold`.

    With p = 1 that bound is n / (n + z²), so n = z² t / (1 - t): 2,703 for 0.999. Raises ValueError where the
    threshold is not inside (0, 1): no number of answers shows a share of 1.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"no number of answers shows a share of {threshold}")
    return max(1, math.ceil(critical_value(CONFIDENCE) ** 2 * threshold / (1 - threshold) - 1e-9))
