"""What is needed of a metric, and how far a figure is from it, in the metric's unit."""

from __future__ import annotations

from evalkit.records.estimate import Estimate, Gap, Need
from evalkit.records.metric import METRICS, Unit, is_share
from evalkit.wording.names import metric
from evalkit.wording.numbers import MINUS, in_points, milliseconds, money, points, share
from evalkit.wording.text import DASH


def amount(name: str, value: float | None) -> str:
    """A value in the unit of its metric; a metric that the table does not have is taken for a share."""
    known = METRICS.get(name)
    unit: Unit = "share" if known is None else known.unit
    return {"usd": money, "ms": milliseconds, "share": share}[unit](value)


def figure(name: str, estimate: Estimate | None) -> str:
    """A metric's value with its 95 % interval, in its unit: `.925 [.891, .949]`, `812 ms [760 ms, 855 ms]`."""
    if estimate is None or estimate.value is None:
        return DASH
    return amount(name, estimate.value) + ends(name, estimate)


def ends(name: str, estimate: Estimate | None) -> str:
    """The 95 % interval alone, a space before it; nothing where an end is unknown."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    return f" [{amount(name, estimate.low)}, {amount(name, estimate.high)}]"


def need(wanted: Need) -> str:
    """`accuracy ≥ .920 (margin 1 point)`."""
    text = f"{metric(wanted.metric)} {limit(wanted)}"
    return f"{text} (margin {margin(wanted)})" if wanted.margin else text


def limit(wanted: Need) -> str:
    """`≥ .920`."""
    return f"{'≥' if wanted.at_least else '≤'} {amount(wanted.metric, wanted.threshold)}"


def margin(wanted: Need) -> str:
    """A need's margin in points, or in the unit of a time or a cost."""
    return in_points(wanted.margin) if is_share(wanted.metric) else amount(wanted.metric, wanted.margin)


def distance(wanted: Need, gap: Gap) -> str:
    """How far a figure is from the need, negative where it falls short: `−16.1 pt`, `+310 ms`; a dash if unknown."""
    if gap.value is None:
        return DASH
    size = abs(gap.value)
    text = f"{points(size)} pt" if is_share(wanted.metric) else amount(wanted.metric, size)
    return f"{MINUS if gap.value > 0 else '+'}{text}"


def shortfall(wanted: Need, gap: Gap) -> tuple[str, str]:
    """By how much a need is missed, and the least of it by the 95 % bound: (`2.4 points short of .920`, `1.1`).

    Both ends of the gap must be known.
    """
    goal = amount(wanted.metric, wanted.threshold)
    if not is_share(wanted.metric):
        return f"{amount(wanted.metric, gap.value)} over {goal}", amount(wanted.metric, gap.low)
    side = "short of" if wanted.at_least else "over"
    return f"{points(gap.value)} points {side} {goal}", points(gap.low)
