"""How long answers took, against the need."""

from __future__ import annotations

from evalkit.records.memo import Memo
from evalkit.records.model import ASIDE
from evalkit.report.memo.blocks import Block, Listing, Section, absent
from evalkit.report.memo.charts.latency import latency_chart
from evalkit.report.memo.sections.lookups import asked, need_of, requirement
from evalkit.wording.needs import need

_KINDS = (("latency", "latency_p95_ms"), ("ttft", "ttft_p95_ms"))


def latency_section(memo: Memo) -> Section:
    """A chart per clock that was measured, and what it means for a declared need."""
    blocks: list[Block] = []
    for kind, metric in _KINDS:
        wanted = need_of(memo.result, metric)
        chart = latency_chart(kind, memo.latency, wanted)
        if chart:
            blocks.append(chart)
        if wanted:
            held = [(c.id, requirement(memo.result, c, metric)) for c in asked(memo.result) if c.role not in ASIDE]
            lines = tuple(f"{name}: {need(wanted)} is {r.state}; {r.why}" for name, r in held if r)
            blocks += [Listing(lines)] if lines else []
    if not blocks:
        blocks += absent("No latency is on record for this run.")
    return Section("latency", "How long an answer takes", "Latency", blocks)
