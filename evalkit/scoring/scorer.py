"""Completion to Score: one Scorer per contender, built once, used for every answer."""

from __future__ import annotations

from evalkit.forms.parsing.notes import shown
from evalkit.forms.reading import TOO_SLOW, Reading
from evalkit.forms.table import form_of
from evalkit.records.completion import Completion, Failure
from evalkit.records.output import Output
from evalkit.records.score import Score, Status
from evalkit.scoring.tasks.base import Target
from evalkit.scoring.tasks.table import task_scoring

_CUT_OFF = Reading(None, "cut off at max_tokens")
_REFUSED = "the model refused"


class Scorer:
    """Judges the answers of one contender: the form reads a text twice, and the task judges what was read.

    Strictly, an answer counts when the text has the exact form and its answer is the target to the last
    character (for extraction: an equal JSON object). Leniently, the form is forgiven and answers are
    compared by meaning: see `vocabulary`, `compare` and `fields`. Where the exact form was met, both
    readings have the same answer.

    Raises SuiteMistake where the output form is wrong in itself, ValueError where it lacks something.
    """

    def __init__(self, output: Output) -> None:
        facts = output.task_facts
        if not facts.allows(output.form):
            raise ValueError(f"task {facts.name} needs form {' or '.join(facts.forms or ())}")
        form = form_of(output)
        self._strict, self._lenient = form.strict(output), form.lenient(output)
        self._task = task_scoring(output)

    def score(self, outcome: Completion | Failure, target: Target) -> Score:
        """The Score of one outcome. Never raises for what an answer may hold.

        A truncated answer is not ok even where its text would pass; its lenient reading still counts. Raises
        ValueError where the task is to extract and the target is no object.
        """
        if isinstance(outcome, Failure):
            status = Status.REJECTED if outcome.kind == "rejected" else Status.INFRA_ERROR
            return self._task.unread(status, target, shown(outcome.reason))
        if outcome.stop == "refusal":
            return self._task.unread(Status.REFUSED, target, _REFUSED)
        exact = self._strict.read(outcome.text)
        # A pattern that took too long once is not tried again.
        read = exact.problem is None or exact.problem is TOO_SLOW
        loose = exact if read else self._lenient.read(outcome.text)
        if outcome.stop == "max_tokens":
            return self._task.judged(Status.TRUNCATED, _CUT_OFF, loose, target)
        status = Status.OK if exact.problem is None else Status.FORMAT_INVALID
        return self._task.judged(status, exact, loose, target)
