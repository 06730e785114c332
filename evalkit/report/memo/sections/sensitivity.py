"""What the net value hangs on."""

from __future__ import annotations

from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Section, absent
from evalkit.report.memo.charts.sensitivity import sensitivity_chart
from evalkit.report.memo.sections.declared import horizon_of


def sensitivity_section(memo: Memo) -> Section:
    """Which input matters most."""
    title, short = "What the result hangs on", "Sensitivity"
    economics = memo.verdict.economics
    payback = economics.payback if economics else None
    if payback is None:
        why = "Nothing to vary: there is no payback to compute without the economics above."
        return Section("sensitivity", title, short, absent(why))
    chart = sensitivity_chart(payback.swings, horizon_of(memo.facts.economics))
    if chart is None:
        why = "Every input is a single number, so no uncertainty of an input can be ranked."
        return Section("sensitivity", title, short, absent(why))
    return Section("sensitivity", title, short, (chart,))
