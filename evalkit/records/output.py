"""The form that an answer must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from evalkit.records.task import TASKS, Task, TaskFacts

Enforce = Literal["prompt", "native"]


@dataclass(frozen=True, slots=True)
class Output:
    """The declared output of a suite, with every reference resolved.

    `form` is a name of `forms/table.py`. `labels` is the closed vocabulary, empty where there is none. `answer`
    names the field that is the answer. `pattern` is a regular expression with a group `answer`. Where `enforce` is
    native, providers are given the schema that the form makes of all this.
    """

    task: Task
    form: str
    labels: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    answer: str | None = None
    pattern: str | None = None
    enforce: Enforce = "prompt"

    @property
    def task_facts(self) -> TaskFacts:
        """What is known of the task."""
        return TASKS[self.task]
