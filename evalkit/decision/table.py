"""The decision as a table: read from the top, the first row that fits decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalkit.records.evidence import Case
from evalkit.records.verdict import AnswerState, Outcome, Subject

States = frozenset[AnswerState]
Reason = Literal[
    "redirect",
    "prompting_does_it",
    "too_few_labels",
    "does_not_pay",
    "undiagnosed",
    "all_for",
    "not_known",
    "keep_is_worth_it",
    "return_to_prompting",
    "costs_more_than_worth",
]

_ANY: States = frozenset({"for", "against", "undecided", "not_applicable"})
_FOR: States = frozenset({"for"})
_AGAINST: States = frozenset({"against"})
_DECIDED: States = frozenset({"for", "against"})
_REDIRECTED: frozenset[Case | None] = frozenset({"brand_voice", "knowledge_base"})
_UNDIAGNOSED: frozenset[Case | None] = frozenset({"quality"})
_ALL_CASES: frozenset[Case | None] = frozenset(
    {None, "volume", "domain", "latency", "format", "quality", "brand_voice", "knowledge_base"}
)


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: where subject, case and the three states fit, the outcome and why."""

    subjects: frozenset[Subject]
    cases: frozenset[Case | None]
    q1: States
    q2: States
    q3: States
    outcome: Outcome
    reason: Reason

    def fits(self, subject: Subject, case: Case | None, states: tuple[AnswerState, AnswerState, AnswerState]) -> bool:
        """Whether this row decides."""
        where = subject in self.subjects and case in self.cases
        return where and all(
            state in allowed for state, allowed in zip(states, (self.q1, self.q2, self.q3), strict=True)
        )


_BOTH: frozenset[Subject] = frozenset({"build", "keep"})
_BUILD: frozenset[Subject] = frozenset({"build"})
_KEEP: frozenset[Subject] = frozenset({"keep"})

TABLE: tuple[Row, ...] = (
    # Brand voice and knowledge are not what weights are for, whatever the answers.
    Row(_BOTH, _REDIRECTED, _ANY, _ANY, _ANY, "RULE_OUT", "redirect"),
    # A build: one answer against is enough, the first in the order of the questions is named.
    Row(_BUILD, _ALL_CASES, _AGAINST, _ANY, _ANY, "RULE_OUT", "prompting_does_it"),
    Row(_BUILD, _ALL_CASES, _ANY, _AGAINST, _ANY, "RULE_OUT", "too_few_labels"),
    Row(_BUILD, _ALL_CASES, _ANY, _ANY, _AGAINST, "RULE_OUT", "does_not_pay"),
    # "Improve quality" says nothing of what is wrong: first the diagnosis.
    Row(_BUILD, _UNDIAGNOSED, _ANY, _ANY, _ANY, "NOT_YET", "undiagnosed"),
    Row(_BUILD, _ALL_CASES, _FOR, _FOR, _FOR, "FUND", "all_for"),
    Row(_BUILD, _ALL_CASES, _ANY, _ANY, _ANY, "NOT_YET", "not_known"),
    # An endpoint that exists: question 1 says what it is held against, question 3 whether it earns its keep.
    # One that does what prompting cannot, for more than that is worth, is neither kept nor turned off by a rule.
    Row(_KEEP, _ALL_CASES, _AGAINST, _ANY, _AGAINST, "RULE_OUT", "return_to_prompting"),
    Row(_KEEP, _UNDIAGNOSED, _ANY, _ANY, _ANY, "NOT_YET", "undiagnosed"),
    Row(_KEEP, _ALL_CASES, _DECIDED, _ANY, _FOR, "FUND", "keep_is_worth_it"),
    Row(_KEEP, _ALL_CASES, _FOR, _ANY, _AGAINST, "NOT_YET", "costs_more_than_worth"),
    Row(_KEEP, _ALL_CASES, _ANY, _ANY, _ANY, "NOT_YET", "not_known"),
)


def row_for(subject: Subject, case: Case | None, states: tuple[AnswerState, AnswerState, AnswerState]) -> Row:
    """The row that decides; the table is complete, so there is always one."""
    return next(row for row in TABLE if row.fits(subject, case, states))
