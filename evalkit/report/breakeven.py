"""The calculator's answer on the screen."""

from __future__ import annotations

from collections.abc import Callable

from evalkit.records.economics import BreakEven, Quantiles
from evalkit.wording.numbers import calls, money, months, percent, span_of

RULE_OF_THUMB = (
    "Rule of thumb, for comparison only: a build of $15,000 to $60,000 over $0.0003 to $0.0008 saved per call pays\n"
    "back after 18.8 M to 200 M calls. The field's own “5 to 50 M calls” does not follow from its inputs."
)


def break_even_lines(found: BreakEven, horizon_months: int) -> list[str]:
    """The result in plain sentences."""
    gross = "never: nothing is saved per call"
    if found.gross_calls is not None:
        gross = f"{span_of(found.gross_calls, 'calls')} calls"
    line = f"Gross break-even: {gross} (build ÷ saving per call)"
    line += f", {span_of(found.gross_months, 'months')} at this volume." if found.gross_months is not None else "."
    needed = "At no volume would it pay back with a probability of 90 %."
    if found.needed_calls is not None:
        needed = f"It would pay back with a probability of 90 % from {calls(found.needed_calls)} calls a month."
    return [
        line,
        f"Net time until the build is paid back: {_with_ends(found.months, months)} (median and 80 % interval).",
        f"Net after {horizon_months} months: {_with_ends(found.net, money)}.",
        f"P(pays back within {horizon_months} months): {percent(found.p_pays_back)}.",
        needed,
        "",
        RULE_OF_THUMB,
    ]


def _with_ends(figures: Quantiles, write: Callable[[float], str]) -> str:
    return f"{write(figures.median)} [{write(figures.low)}, {write(figures.high)}]"
