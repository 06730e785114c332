"""How many calls would find the prefix cached."""

from __future__ import annotations

from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Section, Text, absent
from evalkit.report.memo.charts.cache_hits import hit_chart


def cache_section(memo: Memo) -> Section:
    """How many calls would find the prefix cached, by volume."""
    title, short = "Prompt caching by volume", "Caching"
    economics, declared = memo.verdict.economics, memo.facts.economics
    payback = economics.payback if economics else None
    own = declared.calls_per_month if declared else None
    chart = hit_chart(payback.curve, own) if payback else None
    if chart is None:
        why = "No curve of cache hits: it is computed with the break-even, which needs the economics above."
        return Section("caching", title, short, absent(why))
    hours = declared.active_hours if declared else 24.0
    lead = f"Calls are taken to arrive at random within {hours:g} hours a day; each hit renews the lifetime."
    return Section("caching", title, short, (Text((lead,)), chart))
