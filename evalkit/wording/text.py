"""Small pieces of text: numbers as people read them, and hostile text made harmless."""

from __future__ import annotations

import unicodedata

from evalkit.records.estimate import Estimate

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
DASH = "–"


def plain(text: str, longest: int = 300) -> str:
    """One line that is safe in a terminal: control and bidi characters as escapes, length capped."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(
        c if unicodedata.category(c) not in _HIDDEN else c.encode("unicode_escape", "replace").decode() for c in cut
    )


def share(value: float | None) -> str:
    """A proportion with three digits, as .925; 1 stays 1.000."""
    if value is None:
        return DASH
    text = f"{value:.3f}"
    return text[1:] if text.startswith("0.") else text


def interval(estimate: Estimate | None) -> str:
    """A share with its 95 % interval, as `.925 [.891, .949]`."""
    if estimate is None or estimate.value is None:
        return DASH
    if estimate.low is None or estimate.high is None:
        return share(estimate.value)
    return f"{share(estimate.value)} [{share(estimate.low)}, {share(estimate.high)}]"


def percent(value: float | None) -> str:
    """A share as whole per cent."""
    return DASH if value is None else f"{value:.0%}".replace("%", " %")


def dollars(value: float | None) -> str:
    """US dollars with three significant digits, never fewer than two decimals."""
    if value is None:
        return DASH
    if value == 0:
        return "$0"
    if value >= 0.995:
        return f"${value:,.2f}"
    return f"${value:.3g}" if value >= 1e-4 else f"${value:.1e}"


def milliseconds(value: float | None) -> str:
    """Milliseconds, or seconds from ten on."""
    if value is None:
        return DASH
    if value >= 10_000:
        return f"{value / 1000:,.1f} s"
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun, as `1 row` or `3 rows`."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
