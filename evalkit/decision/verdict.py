"""The verdict: the three answers looked up in the table, and put into words that end with a next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalkit.decision import alternatives, keep, questions
from evalkit.decision.clearing import Doubt
from evalkit.decision.economics import figures
from evalkit.decision.gap import evidence, meets_all, tuned
from evalkit.decision.ground import Ground
from evalkit.decision.montecarlo import DRAWS
from evalkit.decision.next_step import next_step
from evalkit.decision.open_rival import other_figures
from evalkit.decision.prompting import question1
from evalkit.decision.reopen import Decided, conditions_of, in_words
from evalkit.decision.sentences import Answers, text_of
from evalkit.decision.table import row_for
from evalkit.records.economics import EconomicsFigures
from evalkit.records.evidence import Facts
from evalkit.records.run import RunResult
from evalkit.records.verdict import Answer, Subject, Verdict
from evalkit.wording.text import listed

_NO_FIGURES = EconomicsFigures((), None, None, None, ())
_STOOD_FOR = {
    "prompt": "that a better prompt would not close the gap",
    "labels": "that the labels are correct",
    "format": "that native structured output would not close the gap",
}


def decide(result: RunResult, facts: Facts, *, draws: int = DRAWS) -> Verdict:
    """Turn a run's figures and facts into a verdict. Pure: the same input gives the same verdict.

    `draws` is how often the declared ranges are drawn.
    """

    def again(result: RunResult, facts: Facts, full: bool) -> Decided:
        return _decided(result, facts, draws, brief=not full)[0]

    found, doubts = _decided(result, facts, draws)
    ground, row = found.ground, found.row
    text = text_of(row.reason, ground, found.answers)
    reopen = conditions_of(found, again)
    unknown = "" if reopen or row.outcome == "NOT_YET" else " What would reopen it is not known."
    return Verdict(
        subject=_subject(result),
        outcome=row.outcome,
        case=ground.case,
        answers=found.answers,
        sentence=f"{text.sentence}{unknown}",
        instead=text.instead,
        next_step=next_step(ground, row.reason, found.answers, doubts),
        reopen_when=in_words(reopen, facts),
        first=_first(facts),
        vouched=facts.vouched,
        economics=ground.economics,
        reopen=reopen,
    )


def _subject(result: RunResult) -> Subject:
    return "keep" if tuned(result) else "build"


def _decided(result: RunResult, facts: Facts, draws: int, brief: bool = False) -> tuple[Decided, Sequence[Doubt]]:
    """The answers and the row of the table; `brief` leaves out figures that no answer hangs on."""
    case = (facts.diagnosed or facts.case) if facts.case == "quality" else facts.case
    ground = Ground(result, facts, case, meets_all(result), _NO_FIGURES)
    subject = _subject(result)
    ground, answers, doubts = (_keep if subject == "keep" else _build)(ground, draws, brief)
    row = row_for(subject, case, (answers[0].state, answers[1].state, answers[2].state))
    return Decided(ground, answers, row), doubts


def _build(ground: Ground, draws: int, brief: bool) -> tuple[Ground, Answers, Sequence[Doubt]]:
    result, facts, meets, case = ground.result, ground.facts, ground.meets, ground.case
    found = figures(result, facts, meets, case, draws=draws, brief=brief)
    others = other_figures(result, facts, meets, case, found, draws=draws)
    ground = replace(ground, economics=found, others=others, alternatives=alternatives.of_build(ground, found, draws))
    first = question1(ground)
    return ground, (first.answer, questions.question2(ground), questions.question3(ground)), first.doubts


def _keep(ground: Ground, draws: int, brief: bool) -> tuple[Ground, Answers, Sequence[Doubt]]:
    """Where prompting does as well, only the cost counts at first; else the value of what the endpoint adds, too."""
    good = {c.id for c in keep.as_good(ground)}
    rivals = {c.id: True if c.id in good else ground.meets.get(c.id) for c in evidence(ground.result)}
    case = "volume" if good else ground.case
    mine = keep.endpoint(ground).id
    found = figures(ground.result, ground.facts, rivals, case, built=mine, draws=draws, brief=brief)
    others = alternatives.of_endpoint(ground, found, rivals, mine, draws)
    ground = replace(ground, economics=found, alternatives=others)
    labels = Answer(2, "not_applicable", "The endpoint exists: no labels are needed for a build.")
    return ground, (keep.question1(ground), labels, keep.question3(ground)), keep.doubts(ground)


def _first(facts: Facts) -> tuple[str, ...]:
    found = [f"Vouched for, not measured: {_STOOD_FOR[name]}." for name in facts.vouched]
    if facts.assumed:
        names = listed([name.replace("_", " ") for name in facts.assumed])
        found.append(f"Assumed by default, not declared: {names}.")
    if facts.chosen_on_test:
        found.append("The prompt was chosen on test, so its figures flatter it.")
    return tuple(found)
