"""The judgement of one completion."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

FieldState = Literal["same", "different", "missing", "extra"]


class Status(StrEnum):
    """What became of one request. All but `infra_error` are the model's doing."""

    OK = "ok"
    FORMAT_INVALID = "format_invalid"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    REJECTED = "rejected"
    INFRA_ERROR = "infra_error"


class FieldResult(msgspec.Struct, frozen=True):
    """One value of a target or an answer that has fields, both as text; None where one of them has it not."""

    path: str
    expected: str | None
    said: str | None
    state: FieldState


# A struct, because one is made for every answer and a frozen dataclass takes four times as long.
class Score(msgspec.Struct, frozen=True):
    """Two readings of the same text: strict (the exact form) and lenient (form forgiven).

    `answer` is the strictly read answer, None unless `status` is ok; `lenient_answer` the forgiving one. A grade is
    in [0, 1], and 1 is right. `in_vocabulary` is None where the output has no closed label set. `fields` compares
    the strictly read answer with the target, value by value; None where the task has no fields.
    `note` says in a few words why the form was missed.
    """

    status: Status
    answer: str | None = None
    grade: float = 0.0
    lenient_answer: str | None = None
    lenient_grade: float = 0.0
    in_vocabulary: bool | None = None
    fields: tuple[FieldResult, ...] | None = None
    note: str | None = None

    @property
    def valid(self) -> bool:
        """Whether the answer had the exact form that the suite asks for."""
        return self.status is Status.OK

    @property
    def correct(self) -> bool:
        """Whether the strictly read answer is right in full."""
        return self.grade == 1

    @property
    def lenient_correct(self) -> bool:
        """Whether the answer is right in full, form forgiven."""
        return self.lenient_grade == 1
