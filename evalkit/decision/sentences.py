"""The verdict in words: one text for each reason of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evalkit.decision import keep
from evalkit.decision.gap import requirements_of
from evalkit.decision.ground import Ground
from evalkit.decision.likely import chance
from evalkit.decision.reach import reach
from evalkit.decision.shortage import shortage
from evalkit.decision.table import Reason
from evalkit.records.verdict import Answer
from evalkit.wording.names import metric
from evalkit.wording.needs import limit
from evalkit.wording.numbers import calls, money, share
from evalkit.wording.text import listed

Answers = tuple[Answer, Answer, Answer]


@dataclass(frozen=True, slots=True)
class Text:
    """What is said of a verdict: the sentence, what to do instead, and what would reopen it."""

    sentence: str
    instead: str | None = None
    reopen_when: str | None = None


def text_of(reason: Reason, ground: Ground, answers: Answers) -> Text:
    """The words for a reason."""
    return _BY_REASON[reason](ground, answers)


def _redirect(ground: Ground, _: Answers) -> Text:
    if ground.case == "brand_voice":
        return Text(
            "RULE OUT: a brand voice is set by a system prompt, not by a fine-tune.",
            "Write the voice into the system prompt with 3 to 5 examples of it.",
            "a prompt with 3 to 5 examples was measured and another case, such as `case: format`, is what is left",
        )
    return Text(
        "RULE OUT: knowledge belongs into the context, not into a fine-tune.",
        "Retrieve what an answer needs, or put all of it into a long context with prompt caching.",
        "retrieval was measured and another case, such as `case: domain`, is what is left",
    )


def _prompting(ground: Ground, answers: Answers) -> Text:
    winner = _cheapest_winner(ground)
    if ground.case == "volume" and ground.economics.payback is not None:
        p = ground.economics.payback
        return Text(
            f"RULE OUT: {p.rival} ({p.option}) is good enough, and a fine-tune is cheaper to run with a probability of "
            f"{chance(p.p_cheaper, p)} only.",
            f"Go on with {p.rival} ({p.option}).",
            _volume(ground),
        )
    return Text(
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


def _labels(ground: Ground, answers: Answers) -> Text:
    lack, reopen = shortage(ground.facts), None
    if lack is not None:
        rare = f" of {lack.rare} rare classes" if lack.rare and lack.rows == lack.usable - _usable(ground) else ""
        reopen = f"{lack.rows:,} more labels{rare}"
    why = answers[1].why.rstrip(".")
    return Text(
        f"RULE OUT for now: {why[0].lower()}{why[1:]}.", "Go on with prompting and collect labels meanwhile.", reopen
    )


def _usable(ground: Ground) -> int:
    return ground.facts.labels.usable if ground.facts.labels else 0


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


def _does_not_pay(ground: Ground, answers: Answers) -> Text:
    p, expected = ground.economics.payback, reach(ground)
    if expected.state == "against":
        return Text(f"RULE OUT: {expected.why}.", "Go on with prompting, or lower the need.", _volume(ground))
    how_likely = chance(p.p_pays_back, p) if p else "unknown"
    months = ground.facts.economics.horizon_months if ground.facts.economics else 12
    sentence = f"RULE OUT: a fine-tune pays back within {months} months with a probability of {how_likely} only."
    return Text(sentence, f"Go on with {p.rival} ({p.option})." if p else None, _volume(ground))


def _fund(ground: Ground, _: Answers) -> Text:
    p = ground.economics.payback
    up_to = f" up to {money(p.affordable_build)}" if p and p.affordable_build is not None else ""
    needs = {r.need for r in ground.result.requirements}
    goals = [f"{metric(n.metric)} {limit(n)}" for n in sorted(needs, key=lambda n: n.metric)]
    return Text(
        f"FUND{up_to}, provided that the fine-tune reaches {listed(goals)} on this test split.",
        None,
        "a prompted model meets all needs, or the volume falls",
    )


def _undiagnosed(ground: Ground, _: Answers) -> Text:
    found = f" {ground.facts.diagnosis}" if ground.facts.diagnosis else ""
    return Text(
        f"NOT YET: “improve quality” is most often a matter of the prompt or the eval; the cause is unknown.{found}",
        "Find out what is wrong first, and declare it as the suite's `case:`.",
        "the case is known (volume, domain, latency or format)",
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
    return Text(f"FUND: keep {name}{worth}.", None, "a prompted model does as well for less")


def _returned(ground: Ground, answers: Answers) -> Text:
    p, mine = ground.economics.payback, keep.endpoint(ground).id
    rival = f"{p.rival} ({p.option})" if p else _cheapest_winner(ground)
    reason = f"{rival} does as well for less"
    if ground.meets.get(mine) is False:
        reason = f"{rival} meets all needs, and {mine} does not"
    return Text(
        f"RULE OUT: return to prompting; {reason}.",
        f"Switch to {rival} and turn {mine} off.",
        _volume(ground),
    )


def _dear(ground: Ground, answers: Answers) -> Text:
    p, mine = ground.economics.payback, keep.endpoint(ground).id
    how_likely = f" (probability {chance(p.p_pays_back, p)})" if p else ""
    return Text(
        f"NOT YET: {mine} meets all needs, which no frontier contender does, but by the value that you declared it is "
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
