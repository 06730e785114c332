"""The calculator's answer, and the line of a run under way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from evalkit.records.economics import BreakEven, Quantiles, Span
from evalkit.report.breakeven import break_even_lines
from evalkit.report.progress import cells

FOUND = BreakEven(
    saving_per_call=Span(0.0003, 0.0008),
    gross_calls=Span(18_750_000, 2e8),
    gross_months=Span(6.25, 66.7),
    months=Quantiles(14.2, 31.0, inf),
    p_pays_back=0.004,
    net=Quantiles(-61_000, 1_234, 45.5),
    needed_calls=11_000_000.0,
    curve=(),
)


def test_break_even_in_sentences() -> None:
    assert break_even_lines(FOUND, 12)[:5] == [
        "Gross break-even: 18.8 M to 200 M calls (build ÷ saving per call), 6.2 to 67 months at this volume.",
        "Net time until the build is paid back: 31 months [14 months, never] (median and 80 % interval).",
        "Net after 12 months: $1,234 [−$61,000, $45.50].",
        "P(pays back within 12 months): under 1 %.",
        "It would pay back with a probability of 90 % from 11 M calls a month.",
    ]


def test_what_never_pays_says_never() -> None:
    nothing = replace(FOUND, gross_calls=None, gross_months=None, needed_calls=None)
    lines = break_even_lines(nothing, 12)
    assert lines[0] == "Gross break-even: never: nothing is saved per call (build ÷ saving per call)."
    assert lines[4] == "At no volume would it pay back with a probability of 90 %."


@dataclass
class Watched:
    total: int | None = 400
    done: int = 250
    cached: int = 50
    sent: int = 210
    retries: int = 1
    spent: float | None = 0.0123
    stopped: str | None = None
    wait: str | None = None

    def waiting(self) -> str | None:
        return self.wait


def test_the_line_of_a_contender_under_way() -> None:
    assert cells(Watched(), 10.0) == ["250/400", "20.0/s", "1 retry", "", "$0.0123 spent"]
    resting = Watched(total=None, sent=0, retries=0, spent=None)
    assert cells(resting, 0.0) == ["250", "", "", "from cache", ""]
    assert cells(Watched(wait="waiting 3 s: openai asked to"), 10.0)[3] == "waiting 3 s: openai asked to"
    assert cells(Watched(stopped="the budget"), 10.0)[3] == "stopped: the budget"
