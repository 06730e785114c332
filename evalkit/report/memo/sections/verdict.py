"""The head of the memo: the verdict, what must be known first, what to do, and the three answers."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.records.memo import Memo
from evalkit.records.verdict import Answer
from evalkit.report.memo.blocks import Tone
from evalkit.report.memo.sections.lookups import lost
from evalkit.wording.names import ANSWER, OUTCOME, QUESTION, VOUCH
from evalkit.wording.text import is_command

_TONE: dict[str, Tone] = {"FUND": "good", "RULE_OUT": "bad", "NOT_YET": "open"}
_ANSWER_TONE: dict[str, Tone] = {"for": "good", "against": "bad", "undecided": "open", "not_applicable": "muted"}
_SUBJECT = {"build": "Should a fine-tune be built?", "keep": "Should the fine-tuned endpoint be kept?"}


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One of the three questions as it is shown."""

    number: int
    question: str
    state: str
    tone: Tone
    why: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the sections. `step_is_command` tells a command from a sentence."""

    badge: str
    tone: Tone
    subject: str
    sentence: str
    first: tuple[str, ...]
    next_step: str
    step_is_command: bool
    instead: str | None
    reopen_when: str | None
    answers: tuple[AnswerView, ...]


def head(memo: Memo) -> Head:
    """The verdict's parts, in the order in which they are read."""
    verdict = memo.verdict
    return Head(
        badge=OUTCOME[verdict.outcome],
        tone=_TONE[verdict.outcome],
        subject=_SUBJECT[verdict.subject],
        sentence=verdict.sentence,
        first=first_things(memo),
        next_step=verdict.next_step,
        step_is_command=is_command(verdict.next_step),
        instead=verdict.instead,
        reopen_when=verdict.reopen_when,
        answers=tuple(_view(a) for a in verdict.answers),
    )


def first_things(memo: Memo) -> tuple[str, ...]:
    """What a reader must know before all else; said from the facts where the verdict's own sentences are missing."""
    verdict = memo.verdict
    lines = list(verdict.first)
    if not lines and verdict.vouched:
        lines.append("Vouched for by the user, not measured: " + "; ".join(VOUCH[v] for v in verdict.vouched) + ".")
    if not verdict.first and memo.facts.chosen_on_test:
        lines.append("The prompt was chosen on the test split, so its figures flatter it.")
    return (*lines, *lost(memo.result))


def _view(answer: Answer) -> AnswerView:
    question = QUESTION[answer.question]
    state, tone = ANSWER[answer.state], _ANSWER_TONE[answer.state]
    return AnswerView(answer.question, question, state, tone, answer.why, answer.evidence)
