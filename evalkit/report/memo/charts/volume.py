"""Curves over the volume: what a build nets, and how often the prompt cache is hit."""

from __future__ import annotations

from math import isfinite
from typing import Any

from evalkit.records.economics import Payback, Span, VolumePoint
from evalkit.report.memo.blocks import Figure, Key, Table
from evalkit.report.memo.charts.axes import DOLLARS, own_volume, volume_axis
from evalkit.report.memo.charts.svg import Size, altair, drawings
from evalkit.report.memo.charts.theme import BAND, GOOD, INK, SERIES
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
