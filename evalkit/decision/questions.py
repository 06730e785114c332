"""The three questions of a build, each an Answer with its reason and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from evalkit.decision.clearing import Doubt, doubts
from evalkit.decision.gap import evidence, frontier, requirements_of
from evalkit.records.economics import EconomicsFigures, Payback
from evalkit.records.estimate import Requirement
from evalkit.records.evidence import Case, Facts, LabelFacts
from evalkit.records.metric import kind_of
from evalkit.records.run import ContenderResult, RunResult
from evalkit.records.verdict import Answer, AnswerState
from evalkit.wording.names import metric, what_is_missing
from evalkit.wording.numbers import calls, money, months, percent
from evalkit.wording.text import listed

SURE, UNLIKELY = 0.9, 0.1
_PAYS_BACK: Callable[[Payback], float] = attrgetter("p_pays_back")
_CHEAPER: Callable[[Payback], float] = attrgetter("p_cheaper")


@dataclass(frozen=True, slots=True)
class Ground:
    """What all questions are answered from. `meets` is by contender; `case` is the one in force.

    `others` are the economics against contenders that may be the right rival too, see `open_rival`.
    """

    result: RunResult
    facts: Facts
    case: Case | None
    meets: Mapping[str, bool | None]
    economics: EconomicsFigures
    others: tuple[EconomicsFigures, ...] = ()

    @property
    def winners(self) -> list[ContenderResult]:
        """The prompted contenders that meet all needs, the most accurate first."""
        met = [c for c in evidence(self.result) if self.meets.get(c.id)]
        return sorted(met, key=lambda c: -accuracy(c))

    @property
    def unmeasured(self) -> list[str]:
        """Frontier models of the suite that were not measured on test."""
        measured = {c.model for c in frontier(self.result)}
        return [name for name in self.facts.listed_frontier if name not in measured]


@dataclass(frozen=True, slots=True)
class Question1:
    """The first answer, with the doubts that keep it open."""

    answer: Answer
    doubts: tuple[Doubt, ...] = ()


def accuracy(contender: ContenderResult) -> float:
    """The measured accuracy, -1 where unknown, for ordering only."""
    estimate = (contender.metrics or {}).get("accuracy")
    return -1.0 if estimate is None or estimate.value is None else estimate.value


def question1(ground: Ground) -> Question1:
    """What does prompting give? *Against* a fine-tune where some prompted contender meets all needs."""
    if ground.winners:
        if ground.case == "volume":
            return Question1(_dearer(ground))
        return Question1(Answer(1, "against", _winners_sentence(ground), _standings(ground)))
    asked = frontier(ground.result)
    if not asked:
        tail = f" ({listed(ground.unmeasured)} not measured)" if ground.unmeasured else ""
        return Question1(_answer(ground, "undecided", f"No frontier model was measured{tail}."))
    open_ = [c for c in asked if ground.meets.get(c.id) is not False]
    if open_:
        return Question1(_answer(ground, "undecided", _open_sentence(ground, open_[0])))
    if ground.unmeasured:
        names = listed(ground.unmeasured)
        why = f"No measured frontier model meets all needs, but {names} was not measured."
        return Question1(_answer(ground, "undecided", why))
    return _all_unmet(ground, asked)


def question2(ground: Ground) -> Answer:
    """Are there enough labelled examples of correct output?"""
    labels, rules = ground.facts.labels, ground.facts.rules
    if labels is None:
        return Answer(2, "undecided", "The suite has no train split, so the labelled examples are not counted.")
    error = ground.facts.label_error_share
    counted = labels.usable * (1 - error.high) if error else float(labels.usable)
    evidence_ = _label_evidence(labels, counted, error is not None)
    most = labels.usable * (1 - error.low) if error else float(labels.usable)
    if counted < rules.min_labels <= most:
        why = (
            f"{int(counted):,} to {int(most):,} usable labelled examples, by the declared share of wrong labels: "
            f"whether they are {rules.min_labels:,} is not known."
        )
        return Answer(2, "undecided", why, evidence_)
    if counted < rules.min_labels:
        why = f"{int(counted):,} usable labelled examples are fewer than the {rules.min_labels:,} needed."
        return Answer(2, "against", why, evidence_)
    rare = [(name, n) for name, n in labels.per_class.items() if n < rules.min_per_class]
    if rare:
        name, n = min(rare, key=lambda item: item[1])
        more = f" and {len(rare) - 1} more classes have" if len(rare) > 1 else " has"
        why = f"{name[:60]!r} ({n}){more} fewer than the {rules.min_per_class} examples that each class needs."
        return Answer(2, "against", why, evidence_)
    if error is None and "labels" not in ground.facts.vouched:
        return Answer(
            2, "undecided", f"{int(counted):,} labelled examples, but their correctness is unverified.", evidence_
        )
    stood = "" if error else ", for whose correctness the user stands"
    return Answer(
        2, "for", f"{int(counted):,} usable labelled examples{stood}: at least {rules.min_labels:,}.", evidence_
    )


def question3(ground: Ground) -> Answer:
    """Does the volume pay the build back within the horizon?"""
    economics = ground.economics
    payback, horizon = economics.payback, _horizon(ground.facts)
    if payback is None:
        missing = what_is_missing(economics.missing)
        why = f"It cannot be computed without {missing}." if missing else "No economics are declared."
        return Answer(3, "undecided", why, _worth(economics.needed_value))
    state, why = _by_probability(
        ground,
        payback,
        _PAYS_BACK,
        f"It pays back within {horizon} months with a probability of {percent(payback.p_pays_back)} "
        f"(median {months(payback.months.median)}), against {payback.rival} ({payback.option})",
    )
    details = [f"80 % interval of the net months: {months(payback.months.low)} to {months(payback.months.high)}."]
    saving = payback.saving_per_call
    details.append(f"Saving per call: {money(saving.low)} to {money(saving.high)} before fixed costs.")
    if payback.gross_calls is not None:
        gross = payback.gross_calls
        details.append(f"Gross break-even: {calls(gross.low)} to {calls(gross.high)} calls in all.")
    if payback.swings:
        details.append(f"What matters most: {payback.swings[0].name.replace('_', ' ')}.")
    return Answer(3, state, why, (*details, *_worth(economics.needed_value)))


def likely(p: float) -> AnswerState:
    """For at 0.9 and more, against at 0.1 and less."""
    return "for" if p >= SURE else "against" if p <= UNLIKELY else "undecided"


def disputed(ground: Ground) -> tuple[str, str] | None:
    """The rival and another that may be the right one, where the answers hang on which it is."""
    payback = ground.economics.payback
    if payback is None:
        return None
    for p in (_PAYS_BACK, _CHEAPER):
        other = _disagreeing(ground, likely(p(payback)), p)
        if other is not None and (p is _PAYS_BACK or ground.case == "volume"):
            return payback.rival, other.rival
    return None


def _disagreeing(ground: Ground, state: AnswerState, p: Callable[[Payback], float]) -> Payback | None:
    """What turns a decided state: the payback against another rival that may be the right one."""
    paybacks = [each.payback for each in ground.others if each.payback is not None]
    return next((each for each in paybacks if state != "undecided" and likely(p(each)) != state), None)


def _by_probability(
    ground: Ground, payback: Payback, p: Callable[[Payback], float], why: str
) -> tuple[AnswerState, str]:
    """The state that a probability gives, undecided where another rival that may be the right one turns it."""
    state = likely(p(payback))
    other = _disagreeing(ground, state, p)
    if other is None:
        return state, f"{why}."
    against = f"{percent(p(other))} against {other.rival} ({other.option})"
    return "undecided", f"{why}; but with {against}, and the run does not tell which to take."


def _horizon(facts: Facts) -> int:
    return facts.economics.horizon_months if facts.economics else 12


def _worth(value: float | None) -> tuple[str, ...]:
    return () if value is None else (f"It pays if a correct answer is worth at least {money(value)}.",)


def _answer(ground: Ground, state: AnswerState, why: str) -> Answer:
    return Answer(1, state, why, _standings(ground))


def _dearer(ground: Ground) -> Answer:
    """Case volume: prompting is good enough, so what counts is whether a fine-tune is 30 % cheaper to run."""
    payback = ground.economics.payback
    if payback is None:
        missing = what_is_missing(ground.economics.missing)
        why = f"{_winners_sentence(ground)} Whether a fine-tune is 30 % cheaper is open without {missing}."
        return _answer(ground, "undecided", why)
    state, why = _by_probability(
        ground,
        payback,
        _CHEAPER,
        f"{payback.rival} ({payback.option}) meets all needs; a fine-tune is 30 % cheaper to run with a "
        f"probability of {percent(payback.p_cheaper)}",
    )
    return _answer(ground, state, why)


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
    if ground.case == "latency" and all(any(kind_of(r.need.metric) == "time" for r in rs) for rs in unmet.values()):
        return Question1(
            _answer(ground, "for", f"Every frontier contender misses the time needed: {_shortest(unmet)}.")
        )
    found: list[Doubt] = []
    for contender in asked:
        each: list[list[Doubt]] = [doubts(contender, r, ground.result, ground.facts) for r in unmet[contender.id]]
        if not any(not doubt for doubt in each):
            found += sorted(each, key=len)[0]
    sentence = f"Every frontier contender misses a need: {_shortest(unmet)}"
    if not found:
        return Question1(_answer(ground, "for", f"{sentence}, and the evidence clears it."))
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


def _label_evidence(labels: LabelFacts, counted: float, known: bool) -> tuple[str, ...]:
    lines = [
        f"{labels.rows:,} rows of train less {labels.exact:,} exact and {labels.near:,} near duplicates and "
        f"{labels.in_test:,} that are in test: {labels.usable:,}."
    ]
    if known:
        lines.append(f"Less the most wrong labels that the declared share allows: {int(counted):,}.")
    if labels.near_method:
        lines.append(f"Near duplicates: {labels.near_method}.")
    if labels.near_skipped:
        lines.append(f"Near duplicates were not looked for: {labels.near_skipped}.")
    if labels.per_class:
        name, n = min(labels.per_class.items(), key=lambda item: item[1])
        lines.append(f"{len(labels.per_class)} classes, the rarest {name[:60]!r} with {n:,}.")
    return tuple(lines)
