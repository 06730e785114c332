"""The calculator's answer on the screen."""

from __future__ import annotations

import math

from evalkit.records.economics import BreakEven, Quantiles, Span

RULE_OF_THUMB = (
    "Rule of thumb, for comparison only: a build of 15,000 to 60,000 $ over 0.0003 to 0.0008 $ saved per call pays\n"
    "back after 18.75 M to 200 M calls. The field's own “5 to 50 M calls” does not follow from its inputs."
)


def break_even_lines(found: BreakEven, horizon_months: int) -> list[str]:
    """The result in plain sentences."""
    gross = "never: nothing is saved per call" if found.gross_calls is None else f"{_calls(found.gross_calls)} calls"
    lines = [f"Gross break-even: {gross} (build ÷ saving per call)."]
    if found.gross_months is not None:
        lines[0] = (
            lines[0][:-1] + f", {found.gross_months.low:.1f} to {found.gross_months.high:.1f} months at this volume."
        )
    lines.append(f"Net months until the build is paid back: {_months(found.months)} (median and 80 % interval).")
    lines.append(f"Net after {horizon_months} months: {_money(found.net)}.")
    lines.append(f"P(pays back within {horizon_months} months): {100 * found.p_pays_back:.0f} %.")
    if found.needed_calls is None:
        lines.append("At no volume would it pay back with a probability of 90 %.")
    else:
        lines.append(f"It would pay back with a probability of 90 % from {_count(found.needed_calls)} calls a month.")
    return [*lines, "", RULE_OF_THUMB]


def _calls(span: Span) -> str:
    low, high = _count(span.low), _count(span.high)
    return low if low == high else f"{low} to {high}"


def _count(calls: float) -> str:
    if math.isinf(calls):
        return "never"
    return f"{calls / 1e6:,.4g} M" if calls >= 1e6 else f"{calls:,.0f}"


def _months(q: Quantiles) -> str:
    def one(value: float) -> str:
        return "never" if math.isinf(value) else f"{value:.1f}"

    return f"{one(q.median)} [{one(q.low)}, {one(q.high)}]"


def _money(q: Quantiles) -> str:
    def one(value: float) -> str:
        return f"{'-' if value < 0 else ''}${abs(value):,.0f}"

    return f"{one(q.median)} [{one(q.low)}, {one(q.high)}]"
