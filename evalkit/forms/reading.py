"""What one reading of a text gives."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

PATTERN_SECONDS = 0.1
TOO_SLOW = f"the pattern took longer than {PATTERN_SECONDS} s"


class Reading(NamedTuple):
    """`answer` is None where the text has no answer in this reading, and then `problem` says why.

    `value` is the decoded JSON object where the task is to extract.
    """

    answer: str | None
    problem: str | None = None
    value: Any = None


EMPTY = Reading(None, "empty answer")


class Reader(Protocol):
    """Reads one text. Never raises for what a text may hold."""

    def read(self, text: str) -> Reading:
        """The answer in `text`, or the reason why there is none."""
        ...


class NoAnswer:
    """For a form whose strict reading takes all but an empty text: nothing is left to be lenient about."""

    def read(self, text: str) -> Reading:
        """No answer."""
        return Reading(None)
