"""Completion to Score: one Scorer per contender, built once, used for every answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.forms.lenient import lenient_reader
from evalkit.forms.reading import Reading
from evalkit.forms.strict import TOO_SLOW, strict_reader
from evalkit.forms.text.clean import answer_text
from evalkit.forms.text.compare import same_answer
from evalkit.forms.text.notes import shown
from evalkit.records.completion import Completion, Failure
from evalkit.records.output import Output
from evalkit.records.score import Score, Status
from evalkit.scoring.fields import count_fields, same_object
from evalkit.scoring.target import ObjectSchema

Target = str | Mapping[str, Any]

_CUT_OFF = "cut off at max_tokens"
_REFUSED = "the model refused"


class Scorer:
    """Judges the answers of one contender.

    Strictly, an answer counts when the text has the exact form and its answer is the target to the last
    character (for extraction: an equal JSON object). Leniently, the form is forgiven and answers are
    compared by meaning: see `vocabulary`, `compare` and `fields`. Where the exact form was met, both
    readings have the same answer.

    Raises SchemaProblem or PatternProblem (both ValueError) where the output form is wrong in itself,
    ValueError where it lacks something.
    """

    def __init__(self, output: Output) -> None:
        if output.task == "extract" and output.form != "json":
            raise ValueError("task extract needs form json")
        self._strict = strict_reader(output)
        self._lenient = lenient_reader(output)
        self._labels = frozenset(output.labels)
        self._objects = ObjectSchema(output.schema) if output.task == "extract" else None
        self._free_text = output.form == "text"

    def score(self, outcome: Completion | Failure, target: Target) -> Score:
        """The Score of one outcome. Never raises for what an answer may hold.

        A truncated answer is not ok even where its text would pass; its lenient reading still counts. Raises
        ValueError where the task is to extract and the target is no object.
        """
        if isinstance(outcome, Failure):
            status = Status.REJECTED if outcome.kind == "rejected" else Status.INFRA_ERROR
            return self._unread(status, target, shown(outcome.reason))
        if outcome.stop == "refusal":
            return self._unread(Status.REFUSED, target, _REFUSED)
        exact = self._strict.read(outcome.text)
        # A pattern that took too long once is not tried again.
        read = exact.problem is None or exact.problem is TOO_SLOW
        loose = exact if read else self._lenient.read(outcome.text)
        if outcome.stop == "max_tokens":
            return self._judged(Status.TRUNCATED, Reading(None, _CUT_OFF), loose, target)
        status = Status.OK if exact.problem is None else Status.FORMAT_INVALID
        return self._judged(status, exact, loose, target)

    def _judged(self, status: Status, exact: Reading, loose: Reading, target: Target) -> Score:
        if self._objects is not None:
            return _judged_object(status, exact, loose, target, self._objects)
        answer = loose.answer
        inside = answer in self._labels if self._labels else None
        return Score(
            status,
            exact.answer,
            exact.answer is not None and exact.answer == target,
            answer,
            answer is not None and (answer == target or (not inside and self._alike(answer, target))),
            inside,
            None,
            exact.problem,
        )

    def _alike(self, answer: str, target: Target) -> bool:
        """Whether an answer that is no label means the target."""
        said = answer_text(answer) if self._free_text else answer
        return isinstance(target, str) and same_answer(said, target)

    def _unread(self, status: Status, target: Target, note: str) -> Score:
        inside = None if status is Status.INFRA_ERROR or not self._labels else False
        fields = None if self._objects is None else count_fields({}, self._objects.typed(target))
        return Score(status, in_vocabulary=inside, fields=fields, note=note)


def _judged_object(status: Status, exact: Reading, loose: Reading, target: Target, objects: ObjectSchema) -> Score:
    """Extraction: `fields` counts the strictly read object only, so that a wrong form has no field right.

    Where the form is valid, both readings hold the same object.
    """
    valid, wanted = exact.problem is None, objects.typed(target)
    said = objects.normal(loose.value or {})
    counts = count_fields(said, wanted)
    hits, predicted, expected = counts
    return Score(
        status,
        exact.answer,
        valid and same_object(said, wanted),
        loose.answer,
        loose.answer is not None and hits == predicted == expected,
        None,
        counts if valid else (0, 0, expected),
        exact.problem,
    )
