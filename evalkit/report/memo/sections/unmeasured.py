"""The models that were not measured, and what dated prices say of them."""

from __future__ import annotations

from evalkit.records.memo import Memo
from evalkit.records.run import UnmeasuredCost
from evalkit.report.memo.blocks import Cell, Section, Table, Text, absent
from evalkit.wording.numbers import money, money_range, percent


def unmeasured_section(memo: Memo) -> Section:
    """Models that were not measured, with what dated prices say of them."""
    title, short = "Not measured", "Not measured"
    costs = memo.result.unmeasured
    if not costs:
        return Section("unmeasured", title, short, absent("No hosted model of the suite was left unmeasured."))
    rows = tuple(_cost(c) for c in costs)
    columns = ("model", "why not", "$ per 1,000 calls", "$ a month", "cache read", "measuring it costs")
    note = "Estimates throughout: rendered tokens × dated list prices. Nothing is known of their accuracy."
    table = Table("Bounds from prices", columns, rows, frozenset({2, 3, 4, 5}), note)
    texts = tuple(c.text for c in costs if c.text)
    return Section("unmeasured", title, short, (table, *((Text(texts),) if texts else ())))


def _cost(c: UnmeasuredCost) -> tuple[Cell | str, ...]:
    thousand = _ends(c.per_1000_calls, c.per_1000_calls_low, c.per_1000_calls_high)
    month = _ends(c.per_month, c.per_month_low, c.per_month_high)
    run = _ends(c.run_cost, c.run_cost_low, c.run_cost_high)
    model = Cell(c.model, c.provider_model)
    return (model, c.reason, thousand, month, percent(c.cache_read_share), run)


def _ends(likely: float | None, low: float | None, high: float | None) -> str:
    """Both ends of a cost; runs that were written before have the likely cost only."""
    return money(likely) if low is None or high is None else money_range(low, high)
