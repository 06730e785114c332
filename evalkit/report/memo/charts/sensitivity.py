"""Which uncertain input moves the net value most: a bar per input, the longest first."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from evalkit.records.economics import Swing
from evalkit.report.memo.blocks import Figure, Table
from evalkit.report.memo.charts.svg import Size, altair, drawings
from evalkit.report.memo.charts.theme import BAD, GOOD, INK, PAPER, SOFT
from evalkit.report.memo.charts.volume_axis import DOLLARS
from evalkit.wording.names import input_name, input_value
from evalkit.wording.numbers import money, percent
from evalkit.wording.text import cut

_STEP = {"wide": 42, "narrow": 58}
_LETTER = 7.1
_NAME = 30
_MOST = 12


def sensitivity_chart(swings: Sequence[Swing], months: int) -> Figure | None:
    """Net value after the horizon with each input at either end; None where no swing is finite."""
    finite = [s for s in swings if isfinite(s.at_low) and isfinite(s.at_high)]
    ranked = sorted(finite, key=lambda s: -abs(s.at_high - s.at_low))[:_MOST]
    if not ranked:
        return None
    title = f"What moves the net value after {months} months"
    top = ranked[0]
    words = f"{input_name(top.name)} moves it most: from {money(top.at_low)} to {money(top.at_high)}."

    def draw(size: Size) -> Any:
        return _draw(ranked, size)

    wide, narrow = drawings("chart-sensitivity", title, words, draw)
    rows = tuple(
        (
            input_name(s.name),
            input_value(s.name, s.low),
            input_value(s.name, s.high),
            money(s.at_low),
            money(s.at_high),
            percent(s.share),
        )
        for s in ranked
    )
    columns = ("input", "low", "high", "net at low", "net at high", "share of the spread")
    data = Table(title, columns, rows, frozenset({1, 2, 3, 4, 5}))
    note = (
        "Each bar runs from the net value with the input at its low end (hollow dot) to that at its high end "
        "(filled dot), all else at its middle. The line is zero."
    )
    return Figure("chart-sensitivity", title, wide, narrow, data, note)


def _draw(swings: Sequence[Swing], size: Size) -> Any:
    alt = altair()
    names = [cut(input_name(s.name), _NAME) for s in swings]
    ranges = [f"{input_value(s.name, s.low)} – {input_value(s.name, s.high)}" for s in swings]
    longest = max(len(t) for t in (*names, *ranges))
    left = 0 if size.narrow else int(_LETTER * longest) + 14
    ends = [x for s in swings for x in (s.at_low, s.at_high, 0.0)]
    air = 0.04 * (max(ends) - min(ends)) or 1.0
    x = alt.X(
        "start:Q",
        scale=alt.Scale(domain=[min(ends) - air, max(ends) + air], nice=False, zero=False),
        axis=alt.Axis(labelExpr=DOLLARS, tickCount=4 if size.narrow else 6, title=None, domain=False),
    )
    y = alt.Y("row:Q", scale=alt.Scale(domain=[-0.5, len(swings) - 0.5], reverse=True, nice=False), axis=None)
    rows = [
        {
            "row": i,
            "start": s.at_low,
            "end": s.at_high,
            "name": names[i],
            "range": ranges[i],
            "both": f"{names[i]}: {ranges[i]}",
            "colour": GOOD if s.at_high >= s.at_low else BAD,
        }
        for i, s in enumerate(swings)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    colour = alt.Color("colour:N", scale=None)
    drop = 6 if size.narrow else 0
    dot = {"size": 70, "opacity": 1, "strokeWidth": 2, "yOffset": drop}
    zero = alt.Chart(alt.Data(values=[{"start": 0.0}])).mark_rule(stroke=INK, strokeWidth=1.2).encode(x=x)
    layers = [
        zero,
        base.mark_bar(height=9, opacity=0.45, yOffset=drop).encode(x=x, x2=alt.X2("end:Q"), color=colour),
        base.mark_point(fill=PAPER, **dot).encode(x=x, stroke=alt.Stroke("colour:N", scale=None)),
        base.mark_point(filled=True, **dot).encode(x=alt.X("end:Q"), color=colour),
        *_names(base, size, left),
    ]
    return alt.layer(*layers).properties(width=size.width - left - 20, height=_STEP[size.name] * len(swings))


def _names(base: Any, size: Size, left: int) -> list[Any]:
    """The input and its range: left of the bars, or above them on a phone."""
    alt = altair()
    if size.narrow:
        return [base.mark_text(align="left", dy=-15, fill=INK).encode(text=alt.Text("both:N"), x=alt.XValue(0))]
    at = alt.XValue(2 - left)
    return [
        base.mark_text(align="left", dy=-7, fill=INK).encode(text=alt.Text("name:N"), x=at),
        base.mark_text(align="left", dy=9, fill=SOFT).encode(text=alt.Text("range:N"), x=at),
    ]
