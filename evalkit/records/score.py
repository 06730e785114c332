"""The judgement of one completion."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What became of one request. All but `infra_error` are the model's doing."""

    OK = "ok"
    FORMAT_INVALID = "format_invalid"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    REJECTED = "rejected"
    INFRA_ERROR = "infra_error"


@dataclass(frozen=True, slots=True)
class Score:
    """Two readings of the same text: strict (the exact form) and lenient (form forgiven).

    `answer` is the strictly read answer, None unless `status` is ok; `lenient_answer` the forgiving one.
    `in_vocabulary` is None where the output has no closed label set. `fields` counts
    (matching, predicted, expected) field values and is set for `task: extract` only.
    `note` says in a few words why the form was missed.
    """

    status: Status
    answer: str | None = None
    correct: bool = False
    lenient_answer: str | None = None
    lenient_correct: bool = False
    in_vocabulary: bool | None = None
    fields: tuple[int, int, int] | None = None
    note: str | None = None

    @property
    def valid(self) -> bool:
        """Whether the answer had the exact form that the suite asks for."""
        return self.status is Status.OK
