"""What a call costs, against how often it is right."""

from __future__ import annotations

from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Block, Section, Text, absent
from evalkit.report.memo.charts.cost import Priced, cost_chart
from evalkit.report.memo.sections.lookups import asked, estimate, need_of
from evalkit.wording.text import listed


def cost_section(memo: Memo) -> Section:
    """Cost against accuracy for contenders with a known cost; the others by name."""
    result = memo.result
    points, unknown = [], []
    for c in asked(result):
        cost = c.cost.per_1000_calls if c.cost else None
        accuracy = estimate(c, "accuracy")
        if cost is None or accuracy is None:
            unknown.append(c.id)
        else:
            points.append(Priced(c.id, c.role, cost, accuracy))
    if not points:
        why = "No contender has both a known cost and a known accuracy, so there is no front to draw."
        return Section("cost", "Cost against accuracy", "Cost", absent(why))
    blocks: list[Block] = [cost_chart(points, need_of(result, "accuracy"), memo.front)]
    if unknown:
        which = listed(unknown)
        blocks.append(Text((f"Cost or accuracy unknown, so not drawn: {which}. Unknown is not zero.",), "muted"))
    return Section("cost", "Cost against accuracy", "Cost", blocks)
