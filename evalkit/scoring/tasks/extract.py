"""`task: extract`: an object of fields, compared as a whole and value by value."""

from __future__ import annotations

from evalkit.forms.reading import Reading
from evalkit.records.output import Output
from evalkit.records.score import Score, Status
from evalkit.scoring.tasks.base import Target, TaskScoring
from evalkit.scoring.tasks.fields import compare_fields, count_fields, same_object
from evalkit.scoring.tasks.object_schema import ObjectSchema


class ExtractScoring(TaskScoring):
    """Right is an equal JSON object; leniently, one whose values all mean the same.

    A tally keeps how many values agree, how many were said and how many were expected. They count the strictly
    read object only, so that a wrong form has no field right.
    """

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._objects = ObjectSchema(output.schema)
        self.columns = {"hits": "i", "predicted": "i", "expected": "i"}

    def judged(self, status: Status, strict: Reading, lenient: Reading, target: Target) -> Score:
        """Where the form is valid, both readings hold the same object. Raises ValueError for a target that is none."""
        valid, wanted = strict.problem is None, self._objects.typed(target)
        said = self._objects.normal(lenient.value or {})
        fields = compare_fields(said, wanted)
        alike = lenient.answer is not None and all(field.state == "same" for field in fields)
        grade = 1.0 if valid and same_object(said, wanted) else 0.0
        if not valid:
            fields = compare_fields({}, wanted)
        return Score(status, strict.answer, grade, lenient.answer, 1.0 if alike else 0.0, None, fields, strict.problem)

    def unread(self, status: Status, target: Target, note: str) -> Score:
        """Every field is missing."""
        return Score(status, fields=compare_fields({}, self._objects.typed(target)), note=note)

    def row(self, score: Score, target: Target) -> tuple[int, ...]:
        """The three counts."""
        return count_fields(score.fields or ())
