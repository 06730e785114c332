"""The decision table, whole: every subject × case × three states has the designed outcome."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from evalkit.decision.table import TABLE, row_for
from evalkit.records.evidence import Case
from evalkit.records.verdict import AnswerState, Outcome, Subject

STATES: tuple[AnswerState, ...] = get_args(AnswerState)
CASES: tuple[Case | None, ...] = (None, *get_args(Case))
SUBJECTS: tuple[Subject, ...] = get_args(Subject)


def designed(subject: Subject, case: Case | None, q1: AnswerState, q2: AnswerState, q3: AnswerState) -> Outcome:
    """The same rules as sentences of the design, written without the table."""
    if case in ("brand_voice", "knowledge_base"):
        return "RULE_OUT"
    if subject == "keep":
        if q1 == q3 == "against":
            return "RULE_OUT"
        return "FUND" if q1 in ("for", "against") and q3 == "for" and case != "quality" else "NOT_YET"
    if "against" in (q1, q2, q3):
        return "RULE_OUT"
    if case == "quality":
        return "NOT_YET"
    return "FUND" if q1 == q2 == q3 == "for" else "NOT_YET"


@pytest.mark.parametrize(("subject", "case"), list(product(SUBJECTS, CASES)))
def test_every_combination(subject: Subject, case: Case | None) -> None:
    for states in product(STATES, repeat=3):
        assert row_for(subject, case, states).outcome == designed(subject, case, *states), states


def test_every_row_is_used() -> None:
    used = {id(row_for(s, c, states)) for s, c, states in product(SUBJECTS, CASES, product(STATES, repeat=3))}
    assert used == {id(row) for row in TABLE}


def test_the_first_answer_against_is_named() -> None:
    assert row_for("build", None, ("against", "against", "against")).reason == "prompting_does_it"
    assert row_for("build", None, ("for", "against", "against")).reason == "too_few_labels"
    assert row_for("build", None, ("undecided", "for", "against")).reason == "does_not_pay"
