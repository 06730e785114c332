"""How many calls were answered within a time, per contender, against the need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.records.estimate import Need
from evalkit.records.memo import LatencyCurve
from evalkit.report.memo.blocks import Figure, Key, Table
from evalkit.report.memo.charts.svg import Size, altair, drawings
from evalkit.report.memo.charts.theme import DASHES, NEED, NEUTRAL, SERIES
from evalkit.wording.numbers import milliseconds
from evalkit.wording.text import DASH, cut

_TITLE = {"latency": "Time to the whole answer", "ttft": "Time to the first answer token"}
_SHOWN = (0.1, 0.5, 0.9, 0.95, 0.99)
_MOST = len(SERIES)


def latency_chart(kind: str, curves: Sequence[LatencyCurve], need: Need | None) -> Figure | None:
    """Quantile curves of one kind, the first eight contenders; None where there is nothing to draw."""
    known = [c for c in curves if c.kind == kind and len(c.ms) > 1]
    drawn = known[:_MOST]
    if not drawn:
        return None
    title = _TITLE[kind]
    halves = "; ".join(f"{cut(c.contender, 60)}: median {milliseconds(c.at(0.5))}" for c in drawn)

    def draw(size: Size) -> Any:
        return _draw(drawn, need, size)

    wide, narrow = drawings(f"chart-{kind}", title, halves + ".", draw)
    rows = tuple((c.contender, *(milliseconds(c.at(p)) for p in _SHOWN)) for c in known)
    columns = ("contender", *(f"p{100 * p:.0f}" for p in _SHOWN))
    keys = tuple(Key(cut(c.contender, 48), i + 1, DASHES[i]) for i, c in enumerate(drawn))
    note = "Share of calls answered within a time. Queueing and sleeps between retries are not inside."
    if need:
        note += f" The need: 95 % of calls within {milliseconds(need.threshold)}."
    if len(known) > len(drawn):
        note += f" The first {len(drawn)} of {len(known)} contenders are drawn; the table holds all."
    data = Table(title, columns, rows, frozenset(range(1, 1 + len(_SHOWN))))
    return Figure(f"chart-{kind}", title, wide, narrow, data, note, keys)


def _draw(curves: Sequence[LatencyCurve], need: Need | None, size: Size) -> Any:
    alt = altair()
    times = [ms for c in curves for ms in c.ms if ms > 0] + ([need.threshold] if need else [])
    low, high = min(times), max(times)
    log = high / low > 12
    scale = alt.Scale(type="log" if log else "linear", domain=[low if log else 0, high * 1.02], nice=False, clamp=True)
    x = alt.X(
        "ms:Q",
        scale=scale,
        axis=alt.Axis(
            format="~s",
            tickCount=4 if size.narrow else 6,
            title=f"milliseconds{' (log scale)' if log else ''}",
            labelOverlap="greedy",
            grid=False,
        ),
    )
    y = alt.Y(
        "share:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format=".0%", tickCount=5, title=None, domain=False, ticks=False),
    )
    layers = [_need(need, x)] if need else []
    for i, curve in enumerate(curves):
        rows = [{"ms": ms, "share": p} for p, ms in zip(curve.share, curve.ms, strict=True)]
        dash = [int(n) for n in DASHES[i].split()]
        line = alt.Chart(alt.Data(values=rows)).mark_line(stroke=SERIES[i], strokeWidth=2, strokeDash=dash or [1, 0])
        layers.append(line.encode(x=x, y=y, order=alt.Order("share:Q")))
    half = alt.Chart(alt.Data(values=[{"share": 0.95}]))
    layers.append(half.mark_rule(stroke=NEUTRAL, strokeWidth=1, strokeDash=[1, 3]).encode(y=y))
    return alt.layer(*layers).properties(width=size.width - 52, height=230)


def _need(need: Need, x: Any) -> Any:
    alt = altair()
    row = {"ms": need.threshold, "text": f"needed {milliseconds(need.threshold) or DASH}"}
    at = alt.Chart(alt.Data(values=[row])).encode(x=x)
    rule = at.mark_rule(stroke=NEED, strokeDash=[5, 3], strokeWidth=1.5)
    name = at.mark_text(baseline="bottom", dy=-4, fill=NEED).encode(y=alt.YValue(0), text=alt.Text("text:N"))
    return alt.layer(rule, name)
