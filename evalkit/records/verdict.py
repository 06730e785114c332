"""The verdict: FUND, RULE OUT or NOT YET, the three answers behind it, the next step, and what would reopen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalkit.records.economics import EconomicsFigures
from evalkit.records.evidence import Case, Vouch

AnswerState = Literal["for", "against", "undecided", "not_applicable"]
Outcome = Literal["FUND", "RULE_OUT", "NOT_YET"]
Subject = Literal["build", "keep"]
Comparison = Literal["at_least", "at_most", "is"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the three questions. `why` is a sentence with its numbers; `evidence` are further ones."""

    question: int
    state: AnswerState
    why: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One figure that would be another, as data: applied to a run and its facts it changes what is decided.

    `figure` is a key of the suite (`economics.calls_per_month`, `good_enough.accuracy`, `case`), or one of
    `labels.usable` and `labels.rarest_class`, counts of labelled rows of train.
    """

    figure: str
    comparison: Comparison
    value: float | str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about a fine-tune. All texts are plain sentences.

    `sentence` is the verdict in one sentence; `first` holds what a reader must know before all else (what was vouched
    for, a prompt chosen on test). `next_step` is a command to paste, or a sentence where no command helps.
    `reopen` is what turns the outcome, all conditions together, and `reopen_when` the same in words; nothing where
    nothing is known to. `economics` are the figures that it rests on. `case` is the suite's case, or the one that the
    diagnosis found.
    """

    subject: Subject
    outcome: Outcome
    case: Case | None
    answers: tuple[Answer, Answer, Answer]
    sentence: str
    instead: str | None
    next_step: str
    reopen_when: str | None
    first: tuple[str, ...] = ()
    vouched: tuple[Vouch, ...] = ()
    economics: EconomicsFigures | None = None
    reopen: tuple[Condition, ...] = ()
