"""The verdict: the three answers looked up in the table, and put into words that end with a next step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evalkit.decision import keep, questions
from evalkit.decision.clearing import Doubt
from evalkit.decision.economics import figures
from evalkit.decision.gap import evidence, meets_all, requirements_of, tuned
from evalkit.decision.montecarlo import DRAWS
from evalkit.decision.next_step import next_step
from evalkit.decision.open_rival import other_figures
from evalkit.decision.questions import Ground
from evalkit.decision.table import Reason, row_for
from evalkit.records.economics import EconomicsFigures
from evalkit.records.evidence import Facts
from evalkit.records.run import RunResult
from evalkit.records.verdict import Answer, Subject, Verdict
from evalkit.wording.names import metric
from evalkit.wording.needs import limit
from evalkit.wording.numbers import calls, money, percent, share
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
    subject: Subject = "keep" if tuned(result) else "build"
    case = (facts.diagnosed or facts.case) if facts.case == "quality" else facts.case
    ground = Ground(result, facts, case, meets_all(result), _NO_FIGURES)
    if subject == "keep":
        ground, answers, doubts = _keep(ground, draws)
    else:
        ground, answers, doubts = _build(ground, draws)
    states = (answers[0].state, answers[1].state, answers[2].state)
    row = row_for(subject, case, states)
    text = _TEXTS[row.reason](ground, answers)
    return Verdict(
        subject=subject,
        outcome=row.outcome,
        case=case,
        answers=answers,
        sentence=text.sentence,
        instead=text.instead,
        next_step=next_step(ground, row.reason, answers, doubts),
        reopen_when=text.reopen_when,
        first=_first(facts),
        vouched=facts.vouched,
        economics=ground.economics,
    )


_Answers = tuple[Answer, Answer, Answer]


def _build(ground: Ground, draws: int) -> tuple[Ground, _Answers, Sequence[Doubt]]:
    result, facts, meets, case = ground.result, ground.facts, ground.meets, ground.case
    found = figures(result, facts, meets, case, draws=draws)
    others = other_figures(result, facts, meets, case, found, draws=draws)
    ground = replace(ground, economics=found, others=others)
    first = questions.question1(ground)
    return ground, (first.answer, questions.question2(ground), questions.question3(ground)), first.doubts


def _keep(ground: Ground, draws: int) -> tuple[Ground, _Answers, Sequence[Doubt]]:
    """Where prompting does as well, only the cost counts; else the value of what the endpoint adds counts too."""
    good = {c.id for c in keep.as_good(ground)}
    rivals = {c.id: True if c.id in good else ground.meets.get(c.id) for c in evidence(ground.result)}
    case = "volume" if good else ground.case
    economics = figures(ground.result, ground.facts, rivals, case, built=keep.endpoint(ground).id, draws=draws)
    ground = replace(ground, economics=economics)
    labels = Answer(2, "not_applicable", "The endpoint exists: no labels are needed for a build.")
    return ground, (keep.question1(ground), labels, keep.question3(ground)), ()


def _first(facts: Facts) -> tuple[str, ...]:
    found = [f"Vouched for, not measured: {_STOOD_FOR[name]}." for name in facts.vouched]
    if facts.assumed:
        names = listed([name.replace("_", " ") for name in facts.assumed])
        found.append(f"Assumed by default, not declared: {names}.")
    if facts.chosen_on_test:
        found.append("The prompt was chosen on test, so its figures flatter it.")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Text:
    sentence: str
    instead: str | None = None
    reopen_when: str | None = None


def _redirect(ground: Ground, _: _Answers) -> _Text:
    if ground.case == "brand_voice":
        return _Text(
            "RULE OUT: a brand voice is set by a system prompt, not by a fine-tune.",
            "Write the voice into the system prompt with 3 to 5 examples of it.",
            "a prompt with 3 to 5 examples was measured and another case, such as `case: format`, is what is left",
        )
    return _Text(
        "RULE OUT: knowledge belongs into the context, not into a fine-tune.",
        "Retrieve what an answer needs, or put all of it into a long context with prompt caching.",
        "retrieval was measured and another case, such as `case: domain`, is what is left",
    )


def _prompting(ground: Ground, answers: _Answers) -> _Text:
    winner = _cheapest_winner(ground)
    if ground.case == "volume" and ground.economics.payback is not None:
        p = ground.economics.payback
        return _Text(
            f"RULE OUT: {p.rival} ({p.option}) is good enough, and a fine-tune is hardly 30 % cheaper to run.",
            f"Go on with {p.rival} ({p.option}).",
            _volume(ground),
        )
    return _Text(
        f"RULE OUT: prompting already does it; {winner} meets all needs.",
        f"Go on with {winner}.",
        _needs_rise(ground, ground.winners[0].id),
    )


def _cheapest_winner(ground: Ground) -> str:
    for rival in ground.economics.rivals:
        if rival.meets and rival.suits:
            return f"{rival.contender} ({rival.option}, {money(rival.per_1000_calls)} per 1,000 calls)"
    return ground.winners[0].id


def _needs_rise(ground: Ground, contender: str) -> str:
    """The need that gives way first, with the figure up to which it is known to be met."""
    shares = [r for r in requirements_of(ground.result, contender) if r.need.at_least and r.gap.high is not None]
    if not shares:
        return "the needs become stricter"
    tight = min(shares, key=lambda r: r.need.margin - (r.gap.high or 0.0))
    reach = tight.need.threshold - (tight.gap.high or 0.0)
    return f"the {metric(tight.need.metric)} needed rises above {share(reach)}"


def _labels(ground: Ground, answers: _Answers) -> _Text:
    labels, rules = ground.facts.labels, ground.facts.rules
    error = ground.facts.label_error_share
    reopen = None
    if labels is not None:
        kept = 1 - (error.high if error else 0.0)
        short = rules.min_labels - labels.usable * kept
        rare = {name: n for name, n in labels.per_class.items() if n < rules.min_per_class}
        if short > 0 and kept > 0:
            reopen = f"{-int(-short // kept):,} more labels"
        elif rare:
            reopen = f"{sum(rules.min_per_class - n for n in rare.values()):,} more labels of {len(rare)} rare classes"
    why = answers[1].why.rstrip(".")
    return _Text(
        f"RULE OUT for now: {why[0].lower()}{why[1:]}.", "Go on with prompting and collect labels meanwhile.", reopen
    )


def _volume(ground: Ground) -> str | None:
    payback = ground.economics.payback
    if payback is None:
        return None
    parts = []
    now = ground.facts.economics.calls_per_month if ground.facts.economics else None
    if payback.needed_calls is not None and (now is None or payback.needed_calls > now.low):
        parts.append(f"{calls(payback.needed_calls)} calls a month")
    if ground.economics.needed_value is not None:
        parts.append(f"a correct answer worth at least {money(ground.economics.needed_value)}")
    if payback.affordable_build is not None and payback.affordable_build > 0:
        parts.append(f"a build for at most {money(payback.affordable_build)}")
    return " or ".join(parts) if parts else "prices of prompting rise; at these costs no volume pays the build back"


def _does_not_pay(ground: Ground, answers: _Answers) -> _Text:
    p = ground.economics.payback
    chance = percent(p.p_pays_back) if p else "unknown"
    months = ground.facts.economics.horizon_months if ground.facts.economics else 12
    sentence = f"RULE OUT: a fine-tune pays back within {months} months with a probability of {chance} only."
    return _Text(sentence, f"Go on with {p.rival} ({p.option})." if p else None, _volume(ground))


def _fund(ground: Ground, _: _Answers) -> _Text:
    p = ground.economics.payback
    up_to = f" up to {money(p.affordable_build)}" if p and p.affordable_build is not None else ""
    needs = {r.need for r in ground.result.requirements}
    goals = [f"{metric(n.metric)} {limit(n)}" for n in sorted(needs, key=lambda n: n.metric)]
    return _Text(
        f"FUND{up_to}, provided that the fine-tune reaches {listed(goals)} on this test split.",
        None,
        "a prompted model meets all needs, or the volume falls",
    )


def _undiagnosed(ground: Ground, _: _Answers) -> _Text:
    found = f" {ground.facts.diagnosis}" if ground.facts.diagnosis else ""
    return _Text(
        f"NOT YET: “improve quality” is most often a matter of the prompt or the eval; the cause is unknown.{found}",
        "Find out what is wrong first, and declare it as the suite's `case:`.",
        "the case is known (volume, domain, latency or format)",
    )


def _not_known(ground: Ground, answers: _Answers) -> _Text:
    open_ = [a for a in answers if a.state == "undecided"]
    why = open_[0].why if open_ else "the answers do not agree"
    more = f" ({len(open_)} of 3 questions are open)" if len(open_) > 1 else ""
    return _Text(f"NOT YET{more}: {why}")


def _kept(ground: Ground, answers: _Answers) -> _Text:
    name = keep.endpoint(ground).id
    p = ground.economics.payback
    worth = f"; it is worth {money(p.net.median)} over the horizon" if p else ""
    return _Text(f"FUND: keep {name}{worth}.", None, "a prompted model does as well for less")


def _returned(ground: Ground, answers: _Answers) -> _Text:
    p = ground.economics.payback
    rival = f"{p.rival} ({p.option})" if p else "prompting"
    reason = (
        "does as well for less" if answers[0].state == "against" else "costs less than what the endpoint adds is worth"
    )
    return _Text(
        f"RULE OUT: return to prompting; {rival} {reason}.",
        f"Switch to {rival} and turn {keep.endpoint(ground).id} off.",
        _volume(ground),
    )


_TEXTS: dict[Reason, Callable[[Ground, _Answers], _Text]] = {
    "redirect": _redirect,
    "prompting_does_it": _prompting,
    "too_few_labels": _labels,
    "does_not_pay": _does_not_pay,
    "undiagnosed": _undiagnosed,
    "all_for": _fund,
    "not_known": _not_known,
    "keep_is_worth_it": _kept,
    "return_to_prompting": _returned,
}
