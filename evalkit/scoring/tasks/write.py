"""`task: write`: without a judge, a text is right where it equals the target or means the same."""

from __future__ import annotations

from evalkit.scoring.tasks.answer import AnswerScoring


class WriteScoring(AnswerScoring):
    """Texts are compared as answers are, which asks for the very same words."""
