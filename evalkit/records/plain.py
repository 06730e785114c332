"""Any record as plain data, for JSON."""

from __future__ import annotations

import math
from typing import Any

import msgspec


def finite_json(record: Any) -> Any:
    """A record as plain data, where never (an infinite number) is null."""
    return _finite(msgspec.to_builtins(record))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value
