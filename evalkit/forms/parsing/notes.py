"""Short reasons for people, made of text that nobody may trust."""

from __future__ import annotations

NOTE_CHARS = 80


def shown(text: str, limit: int = NOTE_CHARS) -> str:
    """`text` as a Python literal of at most `limit` characters, with all that does not print escaped."""
    literal = repr(text[:limit])
    if len(text) > limit or len(literal) > limit:
        return literal[: limit - 2].rstrip("\\") + "…" + literal[0]
    return literal


def storable(text: str) -> str:
    """`text` with a question mark for each lone surrogate, so that it can be written as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def path_of(steps: list[str | int]) -> str:
    """A place in a JSON value: `items[2].name`."""
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
