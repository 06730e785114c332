"""Colours and type of the charts. Each colour is drawn as its light value and becomes a variable of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INK = "#1c2430"
SOFT = "#5b6675"
GRID = "#e3e7ec"
PAPER = "#fefefe"
GOOD = "#0a6ebd"
BAD = "#c2500a"
OPEN = "#8a6d00"
NEUTRAL = "#7b8694"
NEED = "#a3195b"
BAND = "#cfe0f1"

# After Okabe and Ito's palette, darkened for a light ground; dark values stand in the style sheet.
SERIES = ("#0a6ebc", "#c2500b", "#1a7f5a", "#9b4f96", "#8a6d01", "#2f8fb3", "#555f6b", "#b0305c")
DASHES = ("", "6 3", "2 3", "9 3 2 3", "", "6 3", "2 3", "9 3 2 3")

VARIABLES: Mapping[str, str] = {
    INK: "--ink",
    SOFT: "--soft",
    GRID: "--grid",
    PAPER: "--card",
    GOOD: "--good",
    BAD: "--bad",
    OPEN: "--open",
    NEUTRAL: "--neutral",
    NEED: "--need",
    BAND: "--band",
    **{colour: f"--s{number}" for number, colour in enumerate(SERIES, 1)},
}

FONT = "system-ui, sans-serif"
SIZE = 12

CONFIG: Mapping[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "padding": {"left": 2, "right": 2, "top": 4, "bottom": 2},
    "view": {"stroke": None},
    "axis": {
        "domainColor": NEUTRAL,
        "gridColor": GRID,
        "tickColor": NEUTRAL,
        "labelColor": SOFT,
        "titleColor": SOFT,
        "labelFontSize": SIZE,
        "titleFontSize": SIZE,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelPadding": 4,
        "labelFlush": False,
    },
    # A rim in the card's colour keeps words readable where a line passes behind them.
    "text": {"fontSize": SIZE, "fill": INK, "stroke": PAPER, "strokeWidth": 3, "strokeJoin": "round"},
}
