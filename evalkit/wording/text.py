"""Hostile text made harmless, and words put in a row."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.quote import visible

DASH = "–"
"""What stands for an unknown."""


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
