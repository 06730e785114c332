"""Texts that look the same are the same text: one Unicode spelling, one kind of space, nothing unseen."""

from __future__ import annotations

import unicodedata
from typing import Any

# Spaces that differ from the usual one only in where a line may break, and characters that show nothing at all.
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u202f"), " ")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u2060\ufeff"))
_TABLE: dict[int, str | None] = {**_SPACES, **_UNSEEN}


def alike(text: str) -> str:
    """The text in composed Unicode (NFC), with plain spaces in place of non-breaking ones.

    What a person cannot see is no difference between an answer and its target, not even strictly.
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text.translate(_TABLE))


def alike_value(value: Any) -> Any:
    """A JSON value with all its texts, keys too, as `alike` gives them."""
    if isinstance(value, str):
        return alike(value)
    if isinstance(value, dict):
        return {alike(key): alike_value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [alike_value(inner) for inner in value]
    return value


def tidy(text: str) -> str:
    """A label or an answer of a data set as it is compared: `alike`, and without white space around it."""
    return alike(text).strip()
