"""What a provider tells of its rate limits in the headers of an answer, read by the names that it declares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from evalkit.records.provider import RateHeaders

_MINUTE_S = 60.0
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class ToldLimit:
    """One limit: `per_s` units are given back every second, up to `most`; `remaining` could be used at once.

    `kind` is `requests`, `tokens`, `input-tokens` or `output-tokens`.
    """

    kind: str
    per_s: float
    most: float
    remaining: float


def told_limits(headers: Mapping[str, str], names: Sequence[RateHeaders]) -> tuple[ToldLimit, ...]:
    """The limits that the headers of an answer tell; empty where they tell none that makes sense.

    Of several names for one kind of limit the first that is there counts.
    """
    told: dict[str, ToldLimit | None] = {}
    for name in names:
        limit = None if name.kind in told else _number(headers.get(name.limit))
        if limit is None:
            continue
        remaining = _number(headers.get(name.remaining))
        reset_s = seconds_of(headers.get(name.reset)) if name.reset else None
        told[name.kind] = (
            ToldLimit(name.kind, _per_s(limit, remaining, reset_s), limit, min(remaining, limit))
            if limit and remaining is not None
            else None
        )
    return tuple(limit for limit in told.values() if limit is not None)


def seconds_of(text: str | None) -> float | None:
    """Seconds of a duration such as `1m30s` or `20ms`, or of a plain number; None for what is none."""
    if not text:
        return None
    if (plain := _number(text)) is not None:
        return plain
    pieces = _PIECE.findall(text)
    if not pieces or "".join(number + unit for number, unit in pieces) != text:
        return None
    return sum(float(number) * _UNIT_S[unit] for number, unit in pieces)


def _per_s(limit: float, remaining: float, reset_s: float | None) -> float:
    by_minute = limit / _MINUTE_S
    used = limit - remaining
    if reset_s and used >= 1:
        # What was used comes back until the reset: this tells a limit per day from one per minute.
        return min(by_minute, used / reset_s)
    return by_minute


def _number(text: str | None) -> float | None:
    """A finite number that is not negative."""
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) and number >= 0 else None
