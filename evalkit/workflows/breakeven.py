"""The calculator of `evalkit breakeven`: figures as people type them, no run needed."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.decision.breakeven import Calculation, break_even
from evalkit.records.economics import BreakEven
from evalkit.running.economics import read_span

_DEFAULTS = {"calls_per_month": "10M", "build_cost": "15k..60k", "saving_per_call": "0.0003..0.0008"}
_PLAIN = ("horizon_months", "active_hours")
_MAY_BE_NEGATIVE = ("saving_per_call", "prompted_price_change_per_year")


def calculate(given: Mapping[str, str]) -> tuple[BreakEven, Calculation]:
    """Break-even from typed figures by field of `Calculation`; what is not given falls back to the rule of thumb.

    Raises ValueError with the option that is wrong.
    """
    texts = dict(given)
    by_costs = "prompted_cost_per_1000_calls" in texts or "tuned_cost_per_1000_calls" in texts
    for name, default in _DEFAULTS.items():
        if not (name == "saving_per_call" and by_costs):
            texts.setdefault(name, default)
    values: dict[str, object] = {}
    for name, text in texts.items():
        try:
            span = read_span(text)
        except ValueError as error:
            raise ValueError(f"--{name.replace('_', '-')}: {error}") from None
        if span.low < 0 and name not in _MAY_BE_NEGATIVE:
            raise ValueError(f"--{name.replace('_', '-')}: {text!r} is below 0")
        if name == "calls_per_month" and span.low <= 0:
            raise ValueError("--calls-per-month: expected more than 0 calls")
        if name == "prompted_price_change_per_year" and span.low <= -1:
            raise ValueError("--prompted-price-change-per-year: a price cannot fall by 100 % or more")
        if name in _PLAIN:
            if not span.fixed or not 0 < span.low <= (24 if name == "active_hours" else 600):
                raise ValueError(f"--{name.replace('_', '-')}: expected one number above 0")
            values[name] = int(span.low) if name == "horizon_months" else span.low
        else:
            values[name] = span
    calculation = Calculation(**values)  # type: ignore[arg-type]
    return break_even(calculation), calculation
