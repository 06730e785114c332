"""Why a target cannot be answered in the suite's own form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with a target: what it is, what the form takes, and the nearest of that.

    `kind` is equal for rows that have the same thing wrong. `likely`: an answer could still be right, but hardly one
    that follows the schema.
    """

    problem: str
    expected: str | None = None
    hint: str | None = None
    kind: str = ""
    likely: bool = False


def listed(values: Iterable[str], most: int = 20) -> str:
    """Values for a message, not more than can be read."""
    names = list(values)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
