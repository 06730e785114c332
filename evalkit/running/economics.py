"""The suite's `economics:` as records, and answers given on the command line laid over them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from evalkit.records.economics import Economics, Gpu, Span
from evalkit.suite.config.base import Range
from evalkit.suite.config.economics import EconomicsConfig

_NUMBER = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)(?:\.\d+)?(?:e[+-]?\d+)?)\s*([kmb]?)", re.IGNORECASE)
_TIMES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}


def economics_of(config: EconomicsConfig | None) -> Economics | None:
    """The declaration as a record; None where the suite has no economics."""
    if config is None:
        return None
    plain: dict[str, Any] = {name: getattr(config, name) for name in EconomicsConfig.model_fields if name != "gpu"}
    spans: dict[str, Any] = {
        name: Span(value.low, value.high) if isinstance(value, Range) else value for name, value in plain.items()
    }
    gpu = Gpu(**config.gpu.model_dump()) if config.gpu else None
    return Economics(**spans, gpu=gpu)


def read_span(text: str) -> Span:
    """A number or a range as people type it: `3M`, `15k-60k`, `0.05..0.2`, `[200, 2_000]`, `-0.3`.

    Raises ValueError with what was found and what was expected.
    """
    cleaned = text.strip().strip("[]()").replace("$", "").strip()
    whole = [_value(match) for match in [_NUMBER.fullmatch(cleaned)] if match]
    if whole:
        return Span(whole[0], whole[0])
    for separator in ("..", " to ", ", ", ",", "–", "-"):
        # A minus sign at the very start is a sign, not a separator.
        at = cleaned.find(separator, 1)
        if at < 0:
            continue
        parts = [_NUMBER.fullmatch(part.strip()) for part in (cleaned[:at], cleaned[at + len(separator) :])]
        if parts[0] and parts[1]:
            low, high = _value(parts[0]), _value(parts[1])
            if low > high:
                raise ValueError(f"the range {text!r} ends before it begins")
            return Span(low, high)
    raise ValueError(f"{text!r} is no number and no range; expected for instance 3M or 15k..60k")


def _value(match: re.Match[str]) -> float:
    number = float(match[1].replace("_", "").replace(",", "")) * _TIMES[match[2].lower()]
    if not math.isfinite(number):
        raise ValueError(f"{match[0]!r} is too large")
    return number


def with_answers(economics: Economics | None, answers: Mapping[str, Span]) -> Economics:
    """The economics with some fields replaced. Raises ValueError for an unknown name and a value out of bounds."""
    known = {f.name for f in fields(Economics)} - {"gpu", "can_wait"}
    if unknown := set(answers) - known:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    values: dict[str, object] = dict(answers)
    for name, span in answers.items():
        _check(name, span)
        if name == "horizon_months":
            values[name] = int(span.low)
        elif name == "active_hours":
            values[name] = span.low
    return replace(economics or Economics(), **values)  # type: ignore[arg-type]


def _check(name: str, span: Span) -> None:
    """The same limits as in the suite file, by its own rules."""
    from pydantic import ValidationError

    value: object = [span.low, span.high]
    if name in ("horizon_months", "active_hours"):
        if not span.fixed or (name == "horizon_months" and not float(span.low).is_integer()):
            raise ValueError(f"{name}: expected one {'whole ' if name == 'horizon_months' else ''}number")
        value = int(span.low) if name == "horizon_months" else span.low
    try:
        EconomicsConfig.model_validate({name: value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        mistakes = first.get("ctx", {}).get("mistakes")
        problem = mistakes[0].problem if mistakes else first["msg"]
        raise ValueError(f"{name}: {problem}") from None
