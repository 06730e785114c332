"""The tasks and how each is scored: one line per task."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.records.output import Output
from evalkit.scoring.tasks.answer import AnswerScoring
from evalkit.scoring.tasks.base import TaskScoring
from evalkit.scoring.tasks.classify import ClassifyScoring
from evalkit.scoring.tasks.extract import ExtractScoring
from evalkit.scoring.tasks.write import WriteScoring

TASK_SCORING: Mapping[str, type[TaskScoring]] = {
    "classify": ClassifyScoring,
    "extract": ExtractScoring,
    "answer": AnswerScoring,
    "write": WriteScoring,
}


def task_scoring(output: Output) -> TaskScoring:
    """The scoring of this output's task."""
    return TASK_SCORING[output.task](output)
