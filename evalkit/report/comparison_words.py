"""A paired comparison in plain words."""

from __future__ import annotations

from evalkit.records.comparison import Comparison, LeftOut, NonInferiority, Pair
from evalkit.wording.numbers import count, in_points, p_value, points
from evalkit.wording.text import listed, plain

_ALPHA = 0.05


def readings(pair: Pair, comparison: Comparison, a: str | None = None, b: str | None = None) -> list[str]:
    """One sentence on the difference, one on non-inferiority where a margin was given.

    `a` and `b` are names to use instead of the labels.
    """
    names = plain(a or pair.a), plain(b or pair.b)
    lines = [_difference(pair, comparison.tested, *names)]
    if pair.noninferiority is not None and pair.n:
        lines.append(_margin(pair.noninferiority, *names))
    return lines


def left_out(counts: LeftOut, a: str, b: str) -> str:
    """What was not compared, or an empty text."""
    parts = []
    if counts.only_in_a:
        parts.append(f"{count(counts.only_in_a, 'sample')} only in {a}")
    if counts.only_in_b:
        parts.append(f"{count(counts.only_in_b, 'sample')} only in {b}")
    if counts.other_target:
        parts.append(f"{count(counts.other_target, 'sample')} with another right answer")
    if counts.no_answer:
        parts.append(f"{count(counts.no_answer, 'sample')} without an answer for infrastructure errors")
    return f"Left out: {listed(parts)}" if parts else ""


def _difference(pair: Pair, tested: int, a: str, b: str) -> str:
    value = pair.difference.value
    if value is None:
        return f"{b} and {a}: no sample was answered on both sides."
    if pair.p_corrected is None:
        why = f" ({pair.undecided})" if pair.undecided else ""
        return f"{b} against {a}: nothing is decided{why}; {_observed(pair, b)}."
    if pair.p_corrected < _ALPHA:
        p = p_value(pair.p_corrected)
        holm = f" after Holm over {tested} pairs" if tested > 1 else ""
        worse = value < 0
        return (
            f"{b} is {'worse' if worse else 'better'} than {a} by {points(abs(value))} points"
            f"{_between(pair, worse)}, p {p if p.startswith('<') else '= ' + p}{holm}."
        )
    return f"{b} against {a}: no evidence of a difference ({_observed(pair, b)}); {_visible(pair)}."


def _observed(pair: Pair, b: str) -> str:
    value = pair.difference.value or 0.0
    if value == 0:
        return f"both are equally often right{_between(pair, False)}"
    word = "worse" if value < 0 else "better"
    return f"{b} is {points(abs(value))} points {word} on these samples{_between(pair, value < 0)}"


def _between(pair: Pair, mirrored: bool) -> str:
    """The interval, turned around where the sentence counts what is lost."""
    low, high = pair.difference.low, pair.difference.high
    if low is None or high is None:
        return ""
    low, high = (-high, -low) if mirrored else (low, high)
    return f" ({points(low)} to {points(high)})"


def _visible(pair: Pair) -> str:
    if pair.visible is None:
        return f"{count(pair.n, 'sample')} cannot show any difference"
    return f"at this n a difference under {points(pair.visible)} points could not be seen"


def _margin(reading: NonInferiority, a: str, b: str) -> str:
    margin = in_points(reading.margin)
    claim = f"{b} is at most {margin} worse than {a}"
    if reading.shown is None or reading.lower is None:
        return f"Whether {claim} is not decided."
    if reading.shown and reading.lower >= 0:
        return f"{b} is not worse than {a}: at least {points(reading.lower)} points better with 95 % confidence."
    if reading.shown:
        return f"{claim}: with 95 % confidence at most {points(-reading.lower)}."
    if reading.upper is not None and reading.upper < -reading.margin:
        return f"{b} is more than {margin} worse than {a}: with 95 % confidence at least {points(-reading.upper)}."
    return f"Not shown that {claim}: it may be {points(-reading.lower)} points worse (one-sided 95 % bound)."
