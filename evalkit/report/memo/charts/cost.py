"""Cost of 1,000 calls against accuracy, with the front of those that nobody beats on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

from evalkit.records.estimate import Estimate, Need
from evalkit.report.memo.blocks import Figure, Table
from evalkit.report.memo.charts.placing import Box, placed
from evalkit.report.memo.charts.svg import Size, altair, drawings
from evalkit.report.memo.charts.theme import BAD, GOOD, NEED, NEUTRAL, PAPER, SERIES, SOFT
from evalkit.wording.numbers import money, share
from evalkit.wording.text import cut

_ROLE_COLOUR = {"frontier": GOOD, "prompted": SERIES[2], "fine_tuned": BAD, "floor": NEUTRAL, "reference": NEUTRAL}
_ROLE_SHAPE = {
    "frontier": "circle",
    "prompted": "square",
    "fine_tuned": "diamond",
    "floor": "triangle-up",
    "reference": "cross",
}
_CROWD = 3  # from more names on, one may find no room
_NEED_WIDTH = 84
_LONGEST = {"wide": 26, "narrow": 16}


@dataclass(frozen=True, slots=True)
class Priced:
    """A contender whose cost of 1,000 calls (dollars) and accuracy are known."""

    name: str
    role: str
    cost: float
    accuracy: Estimate


def cost_chart(points: Sequence[Priced], need: Need | None, front: Sequence[str]) -> Figure:
    """Every point needs a known accuracy; `front` names those that none beats, by cost."""
    by_name = {point.name: point for point in points}
    on_front = [by_name[name] for name in front if name in by_name]
    words = "On the front, from cheap to dear: " + ", ".join(
        f"{cut(p.name, 60)} at {money(p.cost)} and {share(p.accuracy.value)}" for p in on_front
    )

    def draw(size: Size) -> Any:
        return _draw(points, on_front, need, size)

    wide, narrow = drawings("chart-cost", "Cost against accuracy", words + ".", draw)
    rows = tuple(
        (p.name, money(p.cost), share(p.accuracy.value), "yes" if p in on_front else "no", f"{p.accuracy.n:,}")
        for p in points
    )
    columns = ("contender", "$ per 1,000 calls", "accuracy", "on the front", "n")
    line = "The line joins the contenders that none beats on both."
    if len(on_front) == 1:
        line = f"Of those drawn, references aside, {cut(on_front[0].name, 60)} is both the cheapest and the best."
    note = (
        f"{line} Circle: frontier; square: prompted; "
        "diamond: fine-tuned; triangle: reference, not on the front. Bars are 95 % intervals."
    )
    if len(points) > _CROWD:
        note += " A name without room is in the table only."
    data = Table("Cost against accuracy", columns, rows, frozenset({1, 2, 4}))
    return Figure("chart-cost", "Cost against accuracy", wide, narrow, data, note)


@dataclass(frozen=True, slots=True)
class _Scales:
    """Domains, and where a point falls in pixels."""

    kind: str
    x: tuple[float, float]
    y: tuple[float, float]
    width: float
    height: float

    def at(self, point: Priced) -> tuple[float, float]:
        low, high = self.x
        along = log10(point.cost / low) / log10(high / low) if self.kind == "log" else (point.cost - low) / (high - low)
        return along * self.width, self.up(point.accuracy.value or 0.0)

    def up(self, accuracy: float) -> float:
        """Pixels from the top."""
        return (1 - (accuracy - self.y[0]) / (self.y[1] - self.y[0])) * self.height


def _scales(points: Sequence[Priced], need: Need | None, size: Size) -> _Scales:
    costs = [p.cost for p in points]
    seen = [v for p in points for v in (p.accuracy.value, p.accuracy.low, p.accuracy.high) if v is not None]
    seen += [need.threshold] if need else []
    air = max(0.06 * (max(seen) - min(seen)), 0.01)
    y = (max(0.0, min(seen) - air), min(1.0, max(seen) + air))
    log = min(costs) > 0 and max(costs) / min(costs) > 8
    x = (min(costs) / 1.6, max(costs) * 1.6) if log else (0.0, (max(costs) or 1.0) * 1.15)
    return _Scales("log" if log else "linear", x, y, size.width - 66, 300 if not size.narrow else 260)


def _draw(points: Sequence[Priced], on_front: Sequence[Priced], need: Need | None, size: Size) -> Any:
    alt = altair()
    scales = _scales(points, need, size)
    log = scales.kind == "log"
    x = alt.X(
        "cost:Q",
        scale=alt.Scale(type=scales.kind, domain=list(scales.x), nice=False),
        axis=alt.Axis(
            format="$~r" if log else "$~g",
            tickCount=4 if size.narrow else 6,
            title=f"US dollars per 1,000 calls{' (log scale)' if log else ''}",
            grid=False,
            labelOverlap="greedy",
        ),
    )
    y = alt.Y(
        "accuracy:Q",
        scale=alt.Scale(domain=list(scales.y), nice=False, zero=False),
        axis=alt.Axis(format=".2f", tickCount=5, title="accuracy", domain=False, ticks=False),
    )
    rows = [_row(p) for p in points]
    data = alt.Chart(alt.Data(values=rows)).encode(x=x)
    line = alt.Chart(alt.Data(values=[_row(p) for p in on_front])).encode(x=x, y=y)
    dot = data.mark_point(filled=True, size=100, opacity=1, stroke=PAPER, strokeWidth=1.2)
    colour = alt.Color("colour:N", scale=None)
    layers = [
        *_need(points, need, y, scales),
        line.mark_line(interpolate="step-after", stroke=SOFT, strokeWidth=1.4),
        data.mark_rule(strokeWidth=1.6, opacity=0.6).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=colour),
        dot.encode(y=y, color=colour, shape=alt.Shape("shape:N", scale=None)),
        *_labels(points, need, scales, size),
    ]
    return alt.layer(*layers).properties(width=scales.width, height=scales.height)


def _row(p: Priced) -> dict[str, Any]:
    e = p.accuracy
    return {
        "cost": p.cost,
        "accuracy": e.value,
        "low": e.low if e.low is not None else e.value,
        "high": e.high if e.high is not None else e.value,
        "colour": _ROLE_COLOUR.get(p.role, NEUTRAL),
        "shape": _ROLE_SHAPE.get(p.role, "circle"),
    }


def _need_box(points: Sequence[Priced], need: Need, scales: _Scales) -> Box:
    """Where the need's name stands at its line: at the end of it that hides no dot."""
    line, right = scales.up(need.threshold), scales.width
    boxes = [(x, y, x + _NEED_WIDTH, y + 16) for x in (right - _NEED_WIDTH, 0.0) for y in (line - 18, line + 2)]
    dots = [scales.at(p) for p in points]

    def hidden(box: Box) -> int:
        return sum(box[0] - 8 < x < box[2] + 8 and box[1] - 6 < y < box[3] + 6 for x, y in dots)

    return min(boxes, key=hidden)


def _need(points: Sequence[Priced], need: Need | None, y: Any, scales: _Scales) -> list[Any]:
    if need is None:
        return []
    alt = altair()
    left, top, right, bottom = _need_box(points, need, scales)
    at_left = left == 0
    row = {"accuracy": need.threshold, "text": f"needed {share(need.threshold)}"}
    at = alt.Chart(alt.Data(values=[row]))
    name = at.mark_text(align="left" if at_left else "right", baseline="middle", fill=NEED)
    return [
        at.mark_rule(stroke=NEED, strokeDash=[5, 3], strokeWidth=1.5).encode(y=y),
        name.encode(
            x=alt.XValue(left + 4 if at_left else right), y=alt.YValue((top + bottom) / 2), text=alt.Text("text:N")
        ),
    ]


def _labels(points: Sequence[Priced], need: Need | None, scales: _Scales, size: Size) -> list[Any]:
    """Names beside their dots, a layer each, where there is room."""
    alt = altair()
    named = [(*scales.at(p), cut(p.name, _LONGEST[size.name])) for p in points]
    blocked = [_need_box(points, need, scales)] if need else []
    spots = placed(named, scales.width, scales.height, blocked)
    layers = []
    for (_, _, text), spot in zip(named, spots, strict=True):
        if spot is None:
            continue
        px, py, align = spot
        mark = alt.Chart(alt.Data(values=[{"text": text}])).mark_text(align=align, baseline="middle")
        layers.append(mark.encode(x=alt.XValue(px), y=alt.YValue(py), text=alt.Text("text:N")))
    return layers
