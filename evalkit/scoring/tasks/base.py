"""What every task says about its scoring."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from evalkit.forms.reading import Reading
from evalkit.records.output import Output
from evalkit.records.score import Score, Status

Target = str | Mapping[str, Any]


class TaskScoring(ABC):
    """How answers of one task are judged, for one output, and what a tally keeps of each.

    `columns` are the task's own columns of a tally, by name, with a type code of `array`; `row` gives their values.
    `classes` are the labels that figures per class are made of; empty where there are none.
    """

    columns: Mapping[str, str] = {}
    classes: tuple[str, ...] = ()

    def __init__(self, output: Output) -> None:
        self.output = output

    @abstractmethod
    def judged(self, status: Status, strict: Reading, lenient: Reading, target: Target) -> Score:
        """The score of a text. Where the exact form was met, both readings are the same."""

    @abstractmethod
    def unread(self, status: Status, target: Target, note: str) -> Score:
        """The score where there is no text to read: refused, rejected, or lost."""

    def row(self, score: Score, target: Target) -> tuple[int, ...]:
        """The values of the task's own columns. Raises ValueError for a target that the task cannot have."""
        return ()
