"""Volume on a log scale with the user's own marked, and the labels of a money axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any

from evalkit.records.economics import Span
from evalkit.report.memo.charts.svg import Size, altair
from evalkit.report.memo.charts.theme import INK, NEUTRAL
from evalkit.wording.numbers import calls

_CALLS = "replace(format(datum.value, '~s'), 'G', 'B')"
DOLLARS = "datum.value == 0 ? '$0' : replace(format(datum.value, '$~s'), 'G', 'B')"  # of an axis: its own values only


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
            values=ticks or [low, high], labelExpr=_CALLS, title="calls a month (log scale)", grid=False, domain=True
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
