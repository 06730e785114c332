"""`task: classify`: judged as an answer is, and counted per class where there are labels."""

from __future__ import annotations

from typing import Any

from evalkit.records.output import Output
from evalkit.records.score import Score
from evalkit.scoring.tasks.answer import AnswerScoring
from evalkit.scoring.tasks.base import Target

NO_LABEL = -1
_MOST_IN_TWO_BYTES = 2**15


class ClassifyScoring(AnswerScoring):
    """With labels, a tally keeps the codes of the target and of both answers, NO_LABEL for an answer that is none."""

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self.classes = output.labels
        self._codes: dict[Any, int] = {label: code for code, label in enumerate(output.labels)}
        code = "h" if len(output.labels) <= _MOST_IN_TWO_BYTES else "i"
        self.columns = {"target": code, "answer": code, "lenient_answer": code} if output.labels else {}

    def row(self, score: Score, target: Target) -> tuple[int, ...]:
        """The three codes. Raises ValueError where the target is not one of the labels."""
        codes = self._codes
        if not codes:
            return ()
        try:
            wanted = codes[target]
        except (KeyError, TypeError):  # a target of fields cannot be looked up
            raise ValueError(f"the target {target!r} is not one of the {len(codes)} labels") from None
        return wanted, codes.get(score.answer, NO_LABEL), codes.get(score.lenient_answer, NO_LABEL)
