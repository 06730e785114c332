"""Net value after the horizon, over the volume."""

from __future__ import annotations

from math import isfinite
from typing import Any

from evalkit.records.economics import Payback, Span, VolumePoint
from evalkit.report.memo.blocks import Figure, Table
from evalkit.report.memo.charts.svg import Size, altair, drawings
from evalkit.report.memo.charts.theme import BAND, GOOD, INK
from evalkit.report.memo.charts.volume_axis import DOLLARS, own_volume, volume_axis
from evalkit.wording.numbers import calls, money, percent

_REACH = 4.0  # how far the axis goes beyond the figures at the user's volume, as a multiple


def net_chart(payback: Payback, own: Span | None, months: int) -> Figure | None:
    """Net value after the horizon over the volume, with its 80 % band; None under two finite points."""
    points = [p for p in payback.curve if all(map(isfinite, (p.net.low, p.net.median, p.net.high)))]
    points = [p for p in points if p.calls_per_month > 0]
    if len(points) < 2:
        return None
    limits = _limits(points, own)
    title = f"Net value after {months} months, by volume"
    words = f"At {calls(points[0].calls_per_month)} calls a month the median is {money(points[0].net.median)}, at "
    words += f"{calls(points[-1].calls_per_month)} it is {money(points[-1].net.median)}."

    def draw(size: Size) -> Any:
        return _draw_net(points, own, limits, size)

    wide, narrow = drawings("chart-net", title, words, draw)
    rows = tuple(
        (calls(p.calls_per_month), money(p.net.low), money(p.net.median), money(p.net.high), percent(p.p_pays_back))
        for p in points
    )
    columns = ("calls a month", "10 %", "median", "90 %", "P(pays back)")
    data = Table(title, columns, rows, frozenset(range(5)))
    note = f"Line: median of {payback.draws:,} draws over the declared ranges; band: the central 80 %."
    if any(p.net.high > limits[1] or p.net.low < limits[0] for p in points):
        note += " The value axis is cut where the curve leaves it; the table holds every point."
    return Figure("chart-net", title, wide, narrow, data, note)


def _limits(points: list[VolumePoint], own: Span | None) -> tuple[float, float]:
    """The value axis: all of the curve, unless its far end would flatten what lies about the user's volume."""
    low, high = min(p.net.low for p in points), max(p.net.high for p in points)
    if own is not None:
        near = min(points, key=lambda p: abs(p.calls_per_month - own.middle))
        reach = _REACH * max(abs(near.net.low), abs(near.net.high), abs(points[0].net.low), 1.0)
        low, high = max(low, -reach), min(high, reach)
    low, high = min(low, 0.0), max(high, 0.0)
    air = 0.06 * (high - low) or 1.0
    return low - air, high + air


def _draw_net(points: list[VolumePoint], own: Span | None, limits: tuple[float, float], size: Size) -> Any:
    alt = altair()
    volumes = [p.calls_per_month for p in points]
    rows = [{"volume": p.calls_per_month, "low": p.net.low, "net": p.net.median, "high": p.net.high} for p in points]
    x = volume_axis(volumes, size)
    scale = alt.Scale(domain=list(limits), nice=False)
    axis = alt.Axis(labelExpr=DOLLARS, tickCount=5, title=None, domain=False, ticks=False)
    base = alt.Chart(alt.Data(values=rows)).encode(x=x)
    zero = alt.Chart(alt.Data(values=[{"net": 0.0}]))
    layers = [
        base.mark_area(fill=BAND, opacity=0.75, clip=True).encode(
            y=alt.Y("low:Q", scale=scale, axis=axis), y2=alt.Y2("high:Q")
        ),
        zero.mark_rule(stroke=INK, strokeWidth=1.2).encode(y=alt.Y("net:Q", scale=scale)),
        base.mark_line(stroke=GOOD, strokeWidth=2.2, clip=True).encode(y=alt.Y("net:Q", scale=scale, axis=axis)),
        *own_volume(own, volumes),
    ]
    return alt.layer(*layers).properties(width=size.width - 66, height=240 if size.narrow else 280)
