"""A dot and its interval per contender, against the line of what is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.records.estimate import Estimate, Need
from evalkit.report.memo.blocks import Figure, Table
from evalkit.report.memo.charts.svg import Size, altair, drawings
from evalkit.report.memo.charts.theme import BAD, BAND, GOOD, INK, NEED, NEUTRAL, OPEN, PAPER, SOFT
from evalkit.wording.names import metric
from evalkit.wording.needs import margin
from evalkit.wording.numbers import share
from evalkit.wording.text import DASH, cut

_STEP = {"wide": 34, "narrow": 44}
_LONGEST = {"wide": 26, "narrow": 40}
_LETTER = 7.1  # mean width of a letter at the charts' type size, pixels
_COLOUR = {"met": GOOD, "unmet": BAD, "undecided": OPEN, "reference": NEUTRAL, "no need": NEUTRAL}
_SHAPE = {"met": "circle", "unmet": "square", "undecided": "diamond", "reference": "triangle-up", "no need": "circle"}
_AREA = {"diamond": 130, "triangle-up": 110}
STATES = "Circle: met; square: unmet; diamond: undecided; triangle: a reference, never evidence."


@dataclass(frozen=True, slots=True)
class Dot:
    """A contender's figure and what it means for the need: a requirement's state, `reference` or `no need`."""

    name: str
    estimate: Estimate
    state: str


def interval_chart(metric_name: str, dots: Sequence[Dot], need: Need | None) -> Figure:
    """One metric of all contenders. Shares on a common scale; every dot needs a value."""
    title = metric(metric_name).capitalize()
    scale = _scale(dots, need)
    known = [d.estimate.value for d in dots if d.estimate.value is not None]
    words = f"{len(dots)} contenders from {share(min(known))} to {share(max(known))}"
    words += f"; needed is {share(need.threshold)}." if need else "; no need is declared."

    def draw(size: Size) -> Any:
        return _draw(dots, need, scale, size)

    wide, narrow = drawings(f"chart-{metric_name.replace('_', '-')}", title, words, draw)
    note = f"Dots are measured shares, bars two-sided 95 % intervals. {STATES}"
    if need and need.margin:
        note += f" The band is the margin of {margin(need)} {'below' if need.at_least else 'above'} the threshold."
    return Figure(f"chart-{metric_name}", title, wide, narrow, _table(title, dots), note)


def _table(title: str, dots: Sequence[Dot]) -> Table:
    rows = tuple(
        (d.name, share(d.estimate.value), share(d.estimate.low), share(d.estimate.high), f"{d.estimate.n:,}", d.state)
        for d in dots
    )
    return Table(title, ("contender", "value", "low", "high", "n", "against the need"), rows, frozenset({1, 2, 3, 4}))


def _scale(dots: Sequence[Dot], need: Need | None) -> tuple[float, float]:
    """Bounds that hold every interval and the need, with a little air, within 0 … 1."""
    seen = [x for d in dots for x in (d.estimate.value, d.estimate.low, d.estimate.high) if x is not None]
    if need:
        seen += [need.threshold, need.limit]
    low, high = min(seen), max(seen)
    air = max(0.05 * (high - low), 0.01)
    return max(0.0, low - air), min(1.0, high + air)


def _draw(dots: Sequence[Dot], need: Need | None, scale: tuple[float, float], size: Size) -> Any:
    alt = altair()
    step = _STEP[size.name]
    names = [cut(d.name, _LONGEST[size.name]) for d in dots]
    left = 8 if size.narrow else int(_LETTER * max(map(len, names))) + 14
    plot = size.width - left - 56
    ticks = 4 if size.narrow else 7
    digits = ".2f" if scale[1] - scale[0] > 0.011 * ticks else ".3f"
    axis = alt.Axis(format=digits, tickCount=ticks, title=None, domain=False)
    domain = alt.Scale(domain=list(scale), nice=False, zero=False)
    x = alt.X("value:Q", scale=domain, axis=axis)
    # Rows are numbers: no text of the data ever reaches an expression.
    y = alt.Y("row:Q", scale=alt.Scale(domain=[-0.6, len(dots) - 0.4], reverse=True, nice=False), axis=None)
    rows = [
        {
            "row": i,
            "name": names[i],
            "value": d.estimate.value,
            "low": d.estimate.low if d.estimate.low is not None else d.estimate.value,
            "high": d.estimate.high if d.estimate.high is not None else d.estimate.value,
            "colour": _COLOUR.get(d.state, NEUTRAL),
            "shape": _SHAPE.get(d.state, "circle"),
            "area": _AREA.get(_SHAPE.get(d.state, "circle"), 85),
            "text": share(d.estimate.value) if d.estimate.value is not None else DASH,
        }
        for i, d in enumerate(dots)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    shown = alt.Color("colour:N", scale=None)
    name_at = {"align": "left", "dy": -14} if size.narrow else {"align": "left", "baseline": "middle"}
    layers = [
        *_need_layers(need),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", scale=domain, axis=axis), x2=alt.X2("high:Q"), color=shown
        ),
        base.mark_point(filled=True, opacity=1, stroke=PAPER, strokeWidth=1.2).encode(
            x=x, color=shown, shape=alt.Shape("shape:N", scale=None), size=alt.Size("area:Q", scale=None)
        ),
        base.mark_text(**name_at, fill=INK).encode(
            text=alt.Text("name:N"), x=alt.XValue(0 if size.narrow else 2 - left)
        ),
        base.mark_text(align="left", baseline="middle", fill=SOFT).encode(
            text=alt.Text("text:N"), x=alt.XValue(plot + 12)
        ),
    ]
    return alt.layer(*layers).properties(width=plot, height=step * len(dots))


def _need_layers(need: Need | None) -> list[Any]:
    """The threshold as a dashed rule with its name, and the margin as a band."""
    if need is None:
        return []
    alt = altair()
    at = alt.Chart(alt.Data(values=[{"value": need.threshold, "text": f"needed {share(need.threshold)}"}]))
    layers = [
        at.mark_rule(stroke=NEED, strokeDash=[5, 3], strokeWidth=1.5).encode(x=alt.X("value:Q")),
        at.mark_text(baseline="bottom", dy=-4, fill=NEED).encode(
            x=alt.X("value:Q"), y=alt.YValue(0), text=alt.Text("text:N")
        ),
    ]
    if need.margin:
        band = alt.Chart(alt.Data(values=[{"value": need.limit, "high": need.threshold}]))
        layers.insert(0, band.mark_rect(fill=BAND, opacity=0.7).encode(x=alt.X("value:Q"), x2=alt.X2("high:Q")))
    return layers
