"""The right answer of a world, from its truth by the rules of the design; nothing of the decision is used here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

from evalkit.records.verdict import AnswerState, Outcome
from tests.decision.world import Ability, Talent, World

MIN_LABELS, MIN_PER_CLASS = 1000, 10
_POINTS, _TWICE, _LABELS = 0.05, 2.0, 1.25
_REACH = 0.02  # the accuracy of a fine-tune is declared to four points at most
_Who = Literal["meets", "cannot", "open"]


def right_outcome(world: World) -> Outcome:
    """What somebody who knows the world would say."""
    answers = right_answers(world)
    if "against" in answers:
        return "RULE_OUT"
    return "FUND" if set(answers) == {"for"} else "NOT_YET"


def right_answers(world: World) -> tuple[AnswerState, AnswerState, AnswerState]:
    """The three answers; undecided only where evidence that the design asks for was not brought."""
    return _prompting(world), _labels(world), "for" if payback_ratio(world) >= 1 and _reaches(world) else "against"


def _reaches(world: World) -> bool:
    """Whether the fine-tune reaches what is needed, and is not expected below what prompting reaches."""
    expected, best = world.declared.tuned_accuracy, max(able.accuracy for _, able in _all(world))
    below = expected is not None and expected.high < best
    return world.money.tuned_accuracy >= world.need - world.margin and not below


def is_far(world: World) -> bool:
    """Whether all boundaries are far: 5 points, twice the payback or time, a quarter of the labels.

    What the fine-tune reaches is far from the need at 2 points.

    A ladder is far where its last prompt truly brings nothing. That the fine-tune costs what prompting does is far
    at half and at double of that.
    """
    shares = [
        distance
        for _, able in _all(world)
        for distance in (able.accuracy - (world.need - world.margin), able.valid - world.form_need)
    ]
    limit = world.need - world.margin
    shares.append(1 - world.wrong_labels - limit)
    shares += [able.accuracy / (1 - world.wrong_labels) - limit for _, able in _all(world)]
    factors = [(payback_ratio(world), _TWICE), (_labels_ratio(world), _LABELS), (world.rarest / MIN_PER_CLASS, _LABELS)]
    if world.case == "latency":
        factors += [(talent.ttft / world.ttft_need, _TWICE) for talent in world.talents]
    if world.case == "volume":
        factors.append((bill_ratio(world), _TWICE))
    return (
        all(abs(distance) >= _POINTS for distance in shares)
        and all(ratio >= limit or ratio <= 1 / limit for ratio, limit in factors)
        and all(talent.gain <= 0 for talent in world.talents)
        and abs(world.money.tuned_accuracy - limit) >= _REACH
        and all(abs(world.money.tuned_accuracy - able.accuracy) >= 2 * _REACH for _, able in _all(world))
    )


def payback_ratio(world: World) -> float:
    """The highest cumulative benefit within the horizon ÷ the build: at least 1 where it pays back."""
    return benefit(world) / world.money.build


def benefit(world: World) -> float:
    """The highest sum of monthly benefits at any time within the horizon, dollars; month by month in small steps."""
    money = world.money
    steps = 200 * money.horizon
    middle = (np.arange(steps) + 0.5) * (money.horizon / steps)
    saved = money.calls * _per_call(world) * (1 + money.price_change) ** (middle / 12) - running(world)
    if world.case == "latency":
        saved = saved + money.value_per_month
    elif world.case != "volume":
        saved = saved + money.calls * money.value * (money.tuned_accuracy - _rival(world)[1].accuracy)
    return float(max(0.0, np.cumsum(saved).max() * (money.horizon / steps)))


def bill_ratio(world: World) -> float:
    """What the fine-tune costs to run over the horizon ÷ what prompting does."""
    money = world.money
    steps = 200 * money.horizon
    middle = (np.arange(steps) + 0.5) * (money.horizon / steps)
    return float(running(world) / (money.calls * _per_call(world) * (1 + money.price_change) ** (middle / 12)).mean())


def meets(world: World, able: Ability) -> bool:
    """Whether a contender truly does what is needed."""
    return not list(_missed(world, able))


def _prompting(world: World) -> AnswerState:
    if any(meets(world, able) for _, able in _all(world)):
        if world.case == "volume":
            return "for" if bill_ratio(world) < 1 else "against"
        return "against"
    if world.one_unmeasured:
        return "undecided"
    if world.case == "latency" and all("ttft" in _missed(world, able) for _, able in _all(world)):
        return "for"
    cleared = all(
        any(_explained(world, t, how, need) is False for need in _missed(world, able))
        for t in world.talents
        for how, able in t.contenders
    )
    return "for" if cleared else "undecided"


def _missed(world: World, able: Ability) -> Iterator[str]:
    if able.accuracy < world.need - world.margin:
        yield "accuracy"
    if able.valid < world.form_need:
        yield "form"
    if world.case == "latency" and able.ttft > world.ttft_need:
        yield "ttft"


def _explained(world: World, talent: Talent, how: str, need: str) -> bool:
    """Whether labels, the prompt or the form may be why a need is missed, rather than the model."""
    if need == "ttft":
        return False
    limit = world.need - world.margin
    able = dict(talent.contenders)[how]
    allowed = 1 - world.wrong_labels
    shifted = allowed < limit or able.accuracy / allowed >= limit
    by_labels = "labels" not in world.vouched and (world.declared_wrong is None or shifted)
    matters = max(0.01, (world.need - able.accuracy) / 4)
    by_prompt = "prompt" not in world.vouched and (talent.rungs < 3 or talent.gain >= matters)
    native = dict(talent.contenders).get("native")
    saves_it = native is None or need not in _missed(world, native)
    by_form = how == "prompt" and "format" not in world.vouched and saves_it
    if need == "form":
        return by_form
    loses_to_form = talent.content - able.accuracy > 0.01
    return by_labels or by_prompt or (loses_to_form and by_form)


def _labels(world: World) -> AnswerState:
    enough = _labels_ratio(world) >= 1 and world.rarest >= MIN_PER_CLASS
    if not enough:
        return "against"
    known = world.declared_wrong is not None or "labels" in world.vouched
    return "for" if known else "undecided"


def _labels_ratio(world: World) -> float:
    return world.usable * (1 - world.wrong_labels) / MIN_LABELS


def _all(world: World) -> Iterator[tuple[Talent, Ability]]:
    for talent in world.talents:
        for _, able in talent.contenders:
            yield talent, able


def _rival(world: World) -> tuple[Talent, Ability]:
    """The cheapest that truly meets all needs, else the most accurate."""
    good = [(t, able) for t, able in _all(world) if meets(world, able)]
    if good:
        return min(good, key=lambda pair: _cheapest(world, pair[0]))
    return max(_all(world), key=lambda pair: pair[1].accuracy)


def _per_call(world: World) -> float:
    return _cheapest(world, _rival(world)[0])


def _cheapest(world: World, talent: Talent) -> float:
    """Dollars a call: the cheapest of no caching, 5 minutes and an hour; these workloads cannot wait for a batch."""
    mix, rates = talent.mix, talent.price.tiers[0].rates
    assert rates.input is not None
    assert rates.output is not None
    assert rates.cache_read is not None
    plain = (mix.prompt * rates.input + mix.output * rates.output) / 1e6
    found = [plain]
    per_second = world.money.calls / (365.25 / 12 * 86400)
    for seconds, write in ((300, rates.cache_write_5m), (3600, rates.cache_write_1h)):
        if not mix.eligible:
            continue
        assert write is not None
        hits = min(mix.read_share or 0.0, 1 - math.exp(-per_second * seconds))
        prefix = mix.eligible * (hits * rates.cache_read + (1 - hits) * write)
        found.append(((mix.prompt - mix.eligible) * rates.input + prefix + mix.output * rates.output) / 1e6)
    return min(found)


def running(world: World) -> float:
    """What the fine-tune costs a month, all in but for the build."""
    money = world.money
    return money.hosting + money.marginal * money.calls + money.retrain * money.retrains / 12
