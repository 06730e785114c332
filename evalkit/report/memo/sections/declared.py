"""What several sections say of the declared economics."""

from __future__ import annotations

from evalkit.records.economics import Economics, Span
from evalkit.wording.numbers import span_of

NO_ECONOMICS = "No economics declared: the suite's economics section would bring "


def horizon_of(declared: Economics | None) -> int:
    """The horizon in months, declared or by default."""
    return declared.horizon_months if declared else Economics().horizon_months


def per_1000_calls(marginal: Span) -> str:
    """Dollars a call, told for a thousand."""
    return span_of(Span(1000 * marginal.low, 1000 * marginal.high))
