"""The share of calls that find the prefix cached, over the volume."""

from __future__ import annotations

from typing import Any

from evalkit.records.economics import Span, VolumePoint
from evalkit.report.memo.blocks import Figure, Key, Table
from evalkit.report.memo.charts.svg import Size, altair, drawings
from evalkit.report.memo.charts.theme import SERIES
from evalkit.report.memo.charts.volume_axis import own_volume, volume_axis
from evalkit.wording.numbers import calls, percent


def hit_chart(curve: tuple[VolumePoint, ...], own: Span | None) -> Figure | None:
    """The share of calls that find the prefix cached, for both lifetimes; None under two points."""
    points = [p for p in curve if p.calls_per_month > 0]
    if len(points) < 2:
        return None
    title = "Share of calls that hit the prompt cache, by volume"
    first, last = points[0], points[-1]
    words = (
        f"At {calls(first.calls_per_month)} calls a month {percent(first.hit_share_5m)} with a lifetime of 5 minutes "
        f"and {percent(first.hit_share_1h)} with 1 hour; at {calls(last.calls_per_month)} "
        f"{percent(last.hit_share_5m)} and {percent(last.hit_share_1h)}."
    )

    def draw(size: Size) -> Any:
        return _draw_hits(points, own, size)

    wide, narrow = drawings("chart-hits", title, words, draw)
    rows = tuple((calls(p.calls_per_month), percent(p.hit_share_5m), percent(p.hit_share_1h)) for p in points)
    data = Table(title, ("calls a month", "5 minutes", "1 hour"), rows, frozenset(range(3)))
    keys = (Key("5 minutes", 1), Key("1 hour", 2, "6 3"))
    note = "Where the provider's counters showed no reads, the figures above count no hit at all."
    return Figure("chart-hits", title, wide, narrow, data, note, keys)


def _draw_hits(points: list[VolumePoint], own: Span | None, size: Size) -> Any:
    alt = altair()
    volumes = [p.calls_per_month for p in points]
    rows = [{"volume": p.calls_per_month, "short": p.hit_share_5m, "long": p.hit_share_1h} for p in points]
    axis = alt.Axis(format=".0%", tickCount=5, title=None, domain=False, ticks=False)
    scale = alt.Scale(domain=[0, 1.02], nice=False)
    base = alt.Chart(alt.Data(values=rows)).encode(x=volume_axis(volumes, size))
    layers = [
        base.mark_line(stroke=SERIES[0], strokeWidth=2.2).encode(y=alt.Y("short:Q", scale=scale, axis=axis)),
        base.mark_line(stroke=SERIES[1], strokeWidth=2.2, strokeDash=[6, 3]).encode(
            y=alt.Y("long:Q", scale=scale, axis=axis)
        ),
        *own_volume(own, volumes, low=True),
    ]
    return alt.layer(*layers).properties(width=size.width - 62, height=190)
