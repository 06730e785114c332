"""Axes that several charts share: volume on a log scale with the user's own marked, money, and placed labels."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any

from evalkit.records.economics import Span
from evalkit.report.memo.charts.svg import Size, altair
from evalkit.report.memo.charts.theme import INK, NEUTRAL
from evalkit.wording.numbers import calls

Box = tuple[float, float, float, float]
Spot = tuple[float, float, str]  # x and y in pixels, and a text or a side
_LETTER = 6.7
_LINE = 15
DOLLARS = "datum.value == 0 ? '$0' : format(datum.value, '$~s')"  # of an axis: its own values only


def volume_axis(volumes: Sequence[float], size: Size) -> Any:
    """Calls a month on a log scale, a tick per decade."""
    alt = altair()
    low, high = min(volumes), max(volumes)
    ticks = [10.0**e for e in range(ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9) + 1)]
    if size.narrow and len(ticks) > 5:
        ticks = ticks[::2]
    return alt.X(
        "volume:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(
            values=ticks or [low, high], format="~s", title="calls a month (log scale)", grid=False, domain=True
        ),
    )


def own_volume(span: Span | None, volumes: Sequence[float], low: bool = False) -> list[Any]:
    """The user's volume: a rule at its middle with its name (at the foot where `low`), and a band for a range."""
    first, last = min(volumes), max(volumes)
    if span is None or not first <= span.middle <= last:
        return []
    alt = altair()
    row = {"volume": span.middle, "text": f"you: {calls(span.middle)}"}
    at = alt.Chart(alt.Data(values=[row]))
    left = log10(span.middle / first) > 0.75 * log10(last / first)
    side = {"align": "right", "dx": -6} if left else {"align": "left", "dx": 6}
    end = {"baseline": "bottom", "dy": -6} if low else {"baseline": "top", "dy": 2}
    foot = alt.YValue("height" if low else 0)
    layers = [
        at.mark_rule(stroke=INK, strokeWidth=1.2, strokeDash=[2, 2]).encode(x=alt.X("volume:Q")),
        at.mark_text(**side, **end, fill=INK, fontWeight=600).encode(
            x=alt.X("volume:Q"), y=foot, text=alt.Text("text:N")
        ),
    ]
    if not span.fixed:
        rows = [{"volume": max(span.low, first), "upper": min(span.high, last)}]
        band = alt.Chart(alt.Data(values=rows)).mark_rect(fill=NEUTRAL, opacity=0.13)
        layers.insert(0, band.encode(x=alt.X("volume:Q"), x2=alt.X2("upper:Q")))
    return layers


def placed(points: Sequence[Spot], width: float, height: float, blocked: Sequence[Box] = ()) -> list[Spot | None]:
    """Where the label of each point (x, y in pixels, text) stands: x, y, and the side to which it is aligned.

    The first of right, left, above and below that hits no earlier label, no point and no `blocked` box (left, top,
    right, bottom); None where none is free.
    """
    taken: list[Box] = [*blocked, *((x - 6, y - 6, x + 6, y + 6) for x, y, _ in points)]
    found: list[Spot | None] = []
    for x, y, text in points:
        long = _LETTER * len(text)
        sides = (
            (x + 10, y, "left", x + 10),
            (x - 10, y, "right", x - 10 - long),
            (x, y - 15, "center", x - long / 2),
            (x, y + 15, "center", x - long / 2),
            (x + 10, y - 13, "left", x + 10),
            (x + 10, y + 13, "left", x + 10),
            (x - 10, y - 13, "right", x - 10 - long),
            (x - 10, y + 13, "right", x - 10 - long),
        )
        boxes = [(left, cy - _LINE / 2, left + long, cy + _LINE / 2) for _, cy, _, left in sides]
        inside = [b[0] >= 0 and b[2] <= width and b[1] >= 0 and b[3] <= height for b in boxes]
        free = [k for k, b in enumerate(boxes) if inside[k] and not any(_hit(b, t) for t in taken)]
        found.append(sides[free[0]][:3] if free else None)
        taken += [boxes[free[0]]] if free else []
    return found


def _hit(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
