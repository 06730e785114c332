"""Where the names of points stand without covering anything."""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[float, float, float, float]


Spot = tuple[float, float, str]  # x and y in pixels, and a text or a side


_LETTER = 6.7


_LINE = 15


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
