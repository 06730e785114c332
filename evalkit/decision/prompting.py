"""Question 1: what does prompting give?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evalkit.decision.clearing import Doubt, ceilings, doubts
from evalkit.decision.gap import evidence, frontier, requirements_of
from evalkit.decision.ground import THUMB, Ground, accuracy
from evalkit.decision.likely import CHEAPER, by_probability, chance
from evalkit.decision.sense import lacks
from evalkit.records.economics import Quantiles
from evalkit.records.estimate import Requirement
from evalkit.records.metric import kind_of
from evalkit.records.run import ContenderResult
from evalkit.records.verdict import Answer, AnswerState
from evalkit.wording.names import metric, what_is_missing
from evalkit.wording.numbers import percent
from evalkit.wording.text import listed


@dataclass(frozen=True, slots=True)
class Question1:
    """The first answer, with the doubts that keep it open."""

    answer: Answer
    doubts: tuple[Doubt, ...] = ()


def question1(ground: Ground) -> Question1:
    """What does prompting give? *Against* a fine-tune where some prompted contender meets all needs."""
    if ground.winners:
        if ground.case == "volume":
            return _if_sensible(ground, _dearer(ground), ground.winners)
        return Question1(Answer(1, "against", _winners_sentence(ground), _standings(ground)))
    asked = frontier(ground.result)
    if not asked:
        tail = f" ({listed(ground.unmeasured)} not measured)" if ground.unmeasured else ""
        return Question1(_answer(ground, "undecided", f"No frontier model was measured{tail}."))
    # Any prompted contender that may yet meet the needs keeps the question open, a frontier model named first.
    rest = [c for c in evidence(ground.result) if c not in asked]
    open_ = [c for c in (*asked, *rest) if ground.meets.get(c.id) is not False]
    if open_:
        broken = tuple(doubt for doubt in _lacking(ground, asked) if doubt.kind == "answers")
        return Question1(_answer(ground, "undecided", _open_sentence(ground, open_[0])), broken)
    if ground.unmeasured:
        names = listed(ground.unmeasured)
        why = f"No measured frontier model meets all needs, but {names} was not measured."
        return Question1(_answer(ground, "undecided", why))
    hidden = _hidden_by_labels(ground, rest)
    if hidden is not None:
        return hidden
    return _all_unmet(ground, asked)


def _hidden_by_labels(ground: Ground, rest: Sequence[ContenderResult]) -> Question1 | None:
    """Open where another prompted contender misses its needs only by what wrong labels may hide."""
    for contender in rest:
        hidden = [[d for d in doubts(contender, r, ground.result, ground.facts) if d.kind == "labels"]
                  for r in _unmet(ground, contender)]  # fmt: skip
        if hidden and all(hidden):
            why = f"Whether {contender.id} meets all needs is open: {hidden[0][0].why}."
            return Question1(_answer(ground, "undecided", why), tuple(hidden[0]))
    return None


def _if_sensible(ground: Ground, answer: Answer, asked: Sequence[ContenderResult]) -> Question1:
    """An answer for a fine-tune stands only on figures that make sense, and on needs that the labels allow."""
    found = (*_lacking(ground, asked), *ceilings(ground.result, ground.facts))
    if answer.state != "for" or not found:
        unsound = tuple(f"Not sound: {why}." for why in _unsound(ground, asked))
        return Question1(replace(answer, evidence=(*answer.evidence, *unsound)), found if answer.state != "for" else ())
    why = f"{answer.why.rstrip('.')}; but {found[0].why}."
    return Question1(Answer(1, "undecided", why, answer.evidence), found)


def _lacking(ground: Ground, asked: Sequence[ContenderResult]) -> list[Doubt]:
    """What the figures lack that the answer rests on: those of the most accurate contender."""
    best = max(asked, key=accuracy)
    return [Doubt(lack.kind, best.model, "", lack.why) for lack in lacks(best, ground.result, ground.facts)]


def _unsound(ground: Ground, asked: Sequence[ContenderResult]) -> list[str]:
    """What is wrong with the figures of the others: said, though nothing rests on them."""
    best = max(asked, key=accuracy)
    return [lack.why for c in asked if c is not best for lack in lacks(c, ground.result, ground.facts)]


def _answer(ground: Ground, state: AnswerState, why: str) -> Answer:
    return Answer(1, state, why, _standings(ground))


def _dearer(ground: Ground) -> Answer:
    """Case volume: prompting is good enough, so what counts is whether a fine-tune is cheaper to run at all."""
    payback = ground.economics.payback
    if payback is None:
        missing = what_is_missing(ground.economics.missing)
        why = f"{_winners_sentence(ground)} Whether a fine-tune is cheaper to run is open without {missing}."
        return _answer(ground, "undecided", why)
    state, why = by_probability(
        ground,
        payback,
        CHEAPER,
        f"{payback.rival} ({payback.option}) meets all needs; a fine-tune is cheaper to run, the build left out, with "
        f"a probability of {chance(payback.p_cheaper, payback)}",
    )
    if state == "for" and (ground.unmeasured or not frontier(ground.result)):
        missing = listed(ground.unmeasured) or "any frontier model"
        state, why = "undecided", f"{why.rstrip('.')}; but not measured: {missing}, which may be the better rival."
    by = payback.cheaper_by
    saved = () if by is None else (f"It saves {percent(by.median)} of the prompted bill (80 %: {_ends(by)}).",)
    return Answer(1, state, why, (*saved, THUMB, *_standings(ground)))


def _ends(by: Quantiles) -> str:
    return f"{percent(by.low)} to {percent(by.high)}"


def _winners_sentence(ground: Ground) -> str:
    best = ground.winners[0]
    others = f" (and {len(ground.winners) - 1} more)" if len(ground.winners) > 1 else ""
    needs = requirements_of(ground.result, best.id)
    texts = [f"{metric(r.need.metric)} is {r.why}" for r in needs]
    return f"{best.id}{others} meets all needs: {'; '.join(texts)}."


def _open_sentence(ground: Ground, contender: ContenderResult) -> str:
    open_ = [r for r in requirements_of(ground.result, contender.id) if r.state == "undecided"]
    if not open_:
        return f"{contender.id} meets each need taken alone, but not with the correction for several contenders."
    return f"{contender.id} is not decided: {metric(open_[0].need.metric)}: {open_[0].why}."


def _all_unmet(ground: Ground, asked: Sequence[ContenderResult]) -> Question1:
    """Every frontier contender misses a need: for a fine-tune, where the evidence clears it."""
    unmet = {c.id: _unmet(ground, c) for c in asked}
    late = {name: [r for r in rs if kind_of(r.need.metric) == "time"] for name, rs in unmet.items()}
    if ground.case == "latency" and all(late.values()):
        why = f"Every frontier contender misses the time needed: {_shortest(late)}."
        return _if_sensible(ground, _answer(ground, "for", why), asked)
    found: list[Doubt] = []
    for contender in asked:
        each: list[list[Doubt]] = [doubts(contender, r, ground.result, ground.facts) for r in unmet[contender.id]]
        if not any(not doubt for doubt in each):
            found += sorted(each, key=len)[0]
    sentence = f"Every frontier contender misses a need: {_shortest(unmet)}"
    if not found:
        why = f"{sentence}, and the evidence clears it."
        return _if_sensible(ground, _answer(ground, "for", why), asked)
    found = [*_lacking(ground, asked), *ceilings(ground.result, ground.facts), *found]
    unique = list({(d.kind, d.model): d for d in found}.values())
    models: dict[str, list[str]] = {}
    for doubt in unique:
        models.setdefault(doubt.why, []).append(doubt.model)
    reasons = [f"{reason} ({listed(names)})" for reason, names in models.items()]
    why = f"{sentence}; not cleared: {'; '.join(reasons[:3])}."
    return Question1(_answer(ground, "undecided", why), tuple(unique))


def _unmet(ground: Ground, contender: ContenderResult) -> list[Requirement]:
    return [r for r in requirements_of(ground.result, contender.id) if r.state == "unmet"]


def _shortest(unmet: Mapping[str, Sequence[Requirement]]) -> str:
    """The contender that comes nearest, by its smallest relative gap."""
    name, need = min(
        ((name, r) for name, rs in unmet.items() for r in rs),
        key=lambda item: (item[1].gap.value or 0.0) / item[1].need.threshold,
    )
    return f"nearest is {name}, whose {metric(need.need.metric)} is {need.why}"


def _standings(ground: Ground) -> tuple[str, ...]:
    lines = []
    for contender in evidence(ground.result):
        states = [f"{metric(r.need.metric)} {r.state}" for r in requirements_of(ground.result, contender.id)]
        lines.append(f"{contender.id}: {', '.join(states)} (n = {contender.n:,}).")
    return tuple(lines)
