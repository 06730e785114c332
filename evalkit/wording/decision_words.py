"""Numbers as the decision's sentences say them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def calls(number: float) -> str:
    """A number of calls: 3 M, 450,000."""
    if number >= 1e6:
        return f"{number / 1e6:,.3g} M" if number < 1e9 else f"{number / 1e6:,.0f} M"
    return f"{number:,.0f}"


def money(dollars: float) -> str:
    """US dollars with the digits that matter: $1,240, $0.0043, -$20."""
    size, sign = abs(dollars), "-" if dollars < 0 else ""
    if size >= 100:
        digits = 10 ** max(0, math.floor(math.log10(size)) - 2)
        return f"{sign}${round(size / digits) * digits:,.0f}"
    if size >= 1:
        return f"{sign}${size:.2f}"
    return f"{sign}${size:.2g}" if size else "$0"


def share(value: float) -> str:
    """A share with three digits, without a leading zero."""
    text = f"{value:.3f}"
    return text[1:] if text.startswith("0.") else text


def percent(probability: float) -> str:
    """A probability in whole per cent; the ends are not rounded away."""
    if 0 < probability < 0.01:
        return "under 1 %"
    if 0.99 < probability < 1:
        return "over 99 %"
    return f"{100 * probability:.0f} %"


def months(number: float) -> str:
    """Months, or never."""
    return "never" if math.isinf(number) else f"{number:.1f} months" if number < 10 else f"{number:.0f} months"


_IN_WORDS = {"models": "a measured prompted model with a known price"}


def missing(keys: Sequence[str]) -> str:
    """What a computation lacks: the suite's keys, and in words what no key declares."""
    return listed([_IN_WORDS.get(key, f"`{key}`") for key in keys])


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
