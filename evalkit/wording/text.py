"""Hostile text made harmless, and words put in a row."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

DASH = "–"
"""What stands for an unknown."""

# What shows nothing, or moves what stands beside it: control, format (bidi overrides among them), surrogate and
# private characters, line and paragraph separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_SHORT_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str) -> str:
    r"""The text with every hidden character written as an escape: `\n`, `\x1b`, `\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _HIDDEN_CATEGORIES else c for c in text)


def plain(text: str, longest: int = 300) -> str:
    """One harmless line of at most `longest` characters of the text."""
    return visible(text if len(text) <= longest else text[: longest - 1] + "…")


def cut(text: str, longest: int) -> str:
    """One harmless line of at most `longest` characters, escapes counted."""
    short = plain(text, longest)
    return short if len(short) <= longest else short[: longest - 1] + "…"


def block(text: str, longest: int = 2000) -> str:
    """Several lines made harmless: line ends and tabs stay, other hidden characters become escapes."""
    lines = text[:longest].replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(visible(part) for part in line.split("\t")) for line in lines)


def harmless(text: str) -> str:
    """Text of any length in which nothing is hidden; line ends and tabs stay."""
    return text if text.isascii() and text.isprintable() else block(text, len(text))


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; nothing for no words."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def is_command(text: str) -> bool:
    """Whether a next step is to be pasted rather than read."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return first in {"evalkit", "python", "python3", "export", "pip", "uv", "cd", "git"}


def _escape(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short:
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
