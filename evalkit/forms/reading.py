"""What one reading of a text gives."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol


class Reading(NamedTuple):
    """`answer` is None where the text has no answer in this reading, and then `problem` says why.

    `value` is the decoded JSON object where the task is to extract.
    """

    answer: str | None
    problem: str | None = None
    value: Any = None


class Reader(Protocol):
    """Reads one text. Never raises for what a text may hold."""

    def read(self, text: str) -> Reading:
        """The answer in `text`, or the reason why there is none."""
        ...
