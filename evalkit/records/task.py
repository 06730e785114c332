"""What a suite asks for, and what the rooms that read suites must know about it.

How the answers of a task are judged stands in `scoring/tasks/`, a file per task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Task = Literal["classify", "extract", "answer", "write"]


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """One task. `forms` are the only output forms that it can have; None: any form.

    `object_target`: the right answer is an object of fields. `one_value`: it is one value, so that an answer of
    several fields needs to say which of them is meant. `classes`: targets are classes, which a model can learn from
    train. `open_ended`: many answers would be right, so that equality with the target says little, and a prompt may
    show the target's column.
    """

    name: Task
    forms: tuple[str, ...] | None = None
    object_target: bool = False
    one_value: bool = False
    classes: bool = False
    open_ended: bool = False

    def allows(self, form: str) -> bool:
        """Whether answers may have this form."""
        return self.forms is None or form in self.forms


TASKS: Mapping[str, TaskFacts] = {
    facts.name: facts
    for facts in (
        TaskFacts("classify", one_value=True, classes=True),
        TaskFacts("extract", forms=("json",), object_target=True),
        TaskFacts("answer", one_value=True),
        TaskFacts("write", open_ended=True),
    )
}
