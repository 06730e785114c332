"""The verdict in words: one text for each reason of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evalkit.decision import keep
from evalkit.decision.ground import Ground
from evalkit.decision.likely import chance
from evalkit.decision.reach import reach
from evalkit.decision.table import Reason
from evalkit.records.verdict import Answer
from evalkit.wording.names import metric
from evalkit.wording.needs import limit
from evalkit.wording.numbers import money
from evalkit.wording.text import listed

Answers = tuple[Answer, Answer, Answer]


@dataclass(frozen=True, slots=True)
class Text:
    """What is said of a verdict: the sentence, and what to do instead."""

    sentence: str
    instead: str | None = None


def text_of(reason: Reason, ground: Ground, answers: Answers) -> Text:
    """The words for a reason."""
    return _BY_REASON[reason](ground, answers)


def _redirect(ground: Ground, _: Answers) -> Text:
    if ground.case == "brand_voice":
        return Text(
            "RULE OUT: a brand voice is set by a system prompt, not by a fine-tune.",
            "Write the voice into the system prompt with 3 to 5 examples of it.",
        )
    return Text(
        "RULE OUT: knowledge belongs into the context, not into a fine-tune.",
        "Retrieve what an answer needs, or put all of it into a long context with prompt caching.",
    )


def _prompting(ground: Ground, answers: Answers) -> Text:
    winner = _cheapest_winner(ground)
    if ground.case == "volume" and ground.economics.payback is not None:
        p = ground.economics.payback
        return Text(
            f"RULE OUT: {p.rival} ({p.option}) is good enough, and a fine-tune is cheaper to run with a probability of "
            f"{chance(p.p_cheaper, p)} only.",
            f"Go on with {p.rival} ({p.option}).",
        )
    return Text(
        f"RULE OUT: prompting already does it; {winner} meets all needs.",
        f"Go on with {winner}.",
    )


def _cheapest_winner(ground: Ground) -> str:
    for rival in ground.economics.rivals:
        if rival.meets and rival.suits:
            return f"{rival.contender} ({rival.option}, {money(rival.per_1000_calls)} per 1,000 calls)"
    return ground.winners[0].id


def _labels(ground: Ground, answers: Answers) -> Text:
    why = answers[1].why.rstrip(".")
    return Text(f"RULE OUT for now: {why[0].lower()}{why[1:]}.", "Go on with prompting and collect labels meanwhile.")


def _does_not_pay(ground: Ground, answers: Answers) -> Text:
    p, expected = ground.economics.payback, reach(ground)
    if expected.state == "against":
        return Text(f"RULE OUT: {expected.why}.", "Go on with prompting, or lower the need.")
    how_likely = chance(p.p_pays_back, p) if p else "unknown"
    months = ground.facts.economics.horizon_months if ground.facts.economics else 12
    sentence = f"RULE OUT: a fine-tune pays back within {months} months with a probability of {how_likely} only."
    return Text(sentence, f"Go on with {p.rival} ({p.option})." if p else None)


def _fund(ground: Ground, _: Answers) -> Text:
    p = ground.economics.payback
    up_to = f" up to {money(p.affordable_build)}" if p and p.affordable_build is not None else ""
    needs = {r.need for r in ground.result.requirements}
    goals = [f"{metric(n.metric)} {limit(n)}" for n in sorted(needs, key=lambda n: n.metric)]
    return Text(
        f"FUND{up_to}, provided that the fine-tune reaches {listed(goals)} on this test split.",
    )


def _undiagnosed(ground: Ground, _: Answers) -> Text:
    found = f" {ground.facts.diagnosis.rstrip('.')}." if ground.facts.diagnosis else ""
    return Text(
        f"NOT YET: “improve quality” is most often a matter of the prompt or the eval; the cause is unknown.{found}",
        "Find out what is wrong first, and declare it as the suite's `case:`.",
    )


def _not_known(ground: Ground, answers: Answers) -> Text:
    open_ = [a for a in answers if a.state == "undecided"]
    why = open_[0].why if open_ else "the answers do not agree"
    more = f" ({len(open_)} of 3 questions are open)" if len(open_) > 1 else ""
    return Text(f"NOT YET{more}: {why}")


def _kept(ground: Ground, answers: Answers) -> Text:
    name = keep.endpoint(ground).id
    p = ground.economics.payback
    worth = f"; it is worth {money(p.net.median)} over the horizon" if p else ""
    alike = ", since prompting does as well for more money" if answers[0].state == "against" else ""
    return Text(f"FUND: keep {name}{alike}{worth}.")


def _returned(ground: Ground, answers: Answers) -> Text:
    p, mine = ground.economics.payback, keep.endpoint(ground).id
    rival = f"{p.rival} ({p.option})" if p else _cheapest_winner(ground)
    reason = f"{rival} does as well for less"
    if ground.meets.get(mine) is False:
        reason = f"{rival} meets all needs, and {mine} does not"
    return Text(
        f"RULE OUT: return to prompting; {reason}.",
        f"Switch to {rival} and turn {mine} off.",
    )


def _dear(ground: Ground, answers: Answers) -> Text:
    p, mine = ground.economics.payback, keep.endpoint(ground).id
    how_likely = f" (probability {chance(p.p_pays_back, p)})" if p else ""
    return Text(
        f"NOT YET: {mine} does what no frontier contender is known to do, but by the value that you declared it is "
        f"hardly worth what it costs{how_likely}. Either the needs are too strict, or the value is too low."
    )


_BY_REASON: Mapping[Reason, Callable[[Ground, Answers], Text]] = {
    "redirect": _redirect,
    "prompting_does_it": _prompting,
    "too_few_labels": _labels,
    "does_not_pay": _does_not_pay,
    "undiagnosed": _undiagnosed,
    "all_for": _fund,
    "not_known": _not_known,
    "keep_is_worth_it": _kept,
    "return_to_prompting": _returned,
    "costs_more_than_worth": _dear,
}
