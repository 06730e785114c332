"""Cells: whether one holds something, and one as an id."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number", order="sorted").encode


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing: null, not a number, or white space alone."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def as_id(value: Any) -> str:
    """An id as text: text as it is, numbers and booleans as in JSON, 1.0 as 1, dates as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, float | Decimal) and value % 1 == 0:
        return str(int(value))
    said = msgspec.json.decode(_encode(value))
    return said if isinstance(said, str) else _encode(said).decode()
