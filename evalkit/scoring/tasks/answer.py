"""`task: answer`: right is what equals the target; leniently, what means the same."""

from __future__ import annotations

from evalkit.forms.parsing.alike import alike
from evalkit.forms.parsing.clean import answer_text
from evalkit.forms.parsing.compare import same_answer
from evalkit.forms.reading import Reading
from evalkit.forms.table import form_of
from evalkit.records.output import Output
from evalkit.records.score import Score, Status
from evalkit.scoring.tasks.base import Target, TaskScoring


class AnswerScoring(TaskScoring):
    """One value is right or wrong. With labels it counts whether the answer is one of them."""

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._labels = frozenset(output.labels)
        self._free_text = form_of(output).free_text

    def judged(self, status: Status, strict: Reading, lenient: Reading, target: Target) -> Score:
        """Strictly the target to the last character; leniently by meaning, but a label means itself alone."""
        exact, answer = strict.answer, lenient.answer
        target = alike(target) if isinstance(target, str) else target
        inside = answer in self._labels if self._labels else None
        right = answer is not None and (answer == target or (not inside and self._alike(answer, target)))
        grade = 1.0 if exact is not None and exact == target else 0.0
        return Score(status, exact, grade, answer, 1.0 if right else 0.0, inside, None, strict.problem)

    def unread(self, status: Status, target: Target, note: str) -> Score:
        """No answer is outside the labels, unless it was lost on the way."""
        inside = None if status is Status.INFRA_ERROR or not self._labels else False
        return Score(status, in_vocabulary=inside, note=note)

    def _alike(self, answer: str, target: Target) -> bool:
        """Whether an answer that is no label means the target."""
        said = answer_text(answer) if self._free_text else answer
        return isinstance(target, str) and same_answer(said, target)
