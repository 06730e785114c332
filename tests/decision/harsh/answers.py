"""The three questions about a build, answered from the truth: which answers are acceptable, and whether one is sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.records.economics import Span
from evalkit.records.estimate import Need
from evalkit.records.metric import kind_of
from evalkit.records.verdict import AnswerState
from tests.decision.harsh.met import (
    better_prompt_meets,
    cleanly_above,
    meets,
    native_form_meets,
    prompting_that_meets,
    rows_allow,
    shortfall,
)
from tests.decision.harsh.money import KEYS, drawn, net, truth_of
from tests.decision.harsh.world import Answerer, World

MIN_LABELS = 1000
MIN_PER_CLASS = 10
SURE = 0.9
_MONEY_OPTIMISM = frozenset({"tuned_accuracy", "calls", "build", "tuned_cost", "value"})


@dataclass(frozen=True, slots=True)
class Opinion:
    """`allowed` answers, undecided always among them. `why` is the reason where "for" is not; `missing`: for want of
    evidence. `surely_for`: for is the one right answer. `unlucky`: right by the chances, wrong by the draw."""

    allowed: frozenset[AnswerState]
    why: str = ""
    surely_for: bool = False
    missing: bool = False
    unlucky: bool = False


def _opinion(*states: AnswerState, why: str = "", sure: bool = False, missing: bool = False) -> Opinion:
    return Opinion(frozenset({"undecided", *states}), why, sure, missing)


def prompting_opinion(world: World) -> Opinion:
    """Question 1: is there something that prompting cannot do, or in case volume not as cheaply?"""
    frontier = [a for a in world.frontier if not a.skipped]
    rivals = prompting_that_meets(world)
    by_cost = _ruling(world) == "volume" and bool(rivals or better_prompt_meets(world))
    if not by_cost:
        if prompting_that_meets(world, -1):
            return _opinion("against", why="prompting meets the needs")
        if any(meets(world, a) for a in world.prompted if a.skipped):
            return _opinion("against", why="a model that was not measured meets the needs")
        if better_prompt_meets(world) and not rivals:
            return _opinion("against", why="a better prompt meets the needs")
        if native_form_meets(world):
            return _opinion("against", why="the native form meets the needs")
    all_measured = bool(frontier) and len(frontier) == len(world.frontier)
    if not all_measured and not by_cost:
        return _opinion(why="a frontier model is not measured", missing=True)
    reasons = rows_allow(world)
    if reasons:
        return _opinion(why=reasons[0], missing=True)
    clean = [cleanly_above(world, a) for a in frontier or rivals]
    if max(clean, default=0) == 0:
        return _opinion(why="prompts of floor quality", missing=True)
    if by_cost:
        return _opinion("for", sure=bool(rivals) and min(clean) == 2 and all_measured)
    if prompting_that_meets(world, 1):  # by a hair: both can be said
        return _opinion("for", "against")
    grades = [_cleared(world, a) for a in frontier]
    worst = min(grades, key=lambda grade: grade[0])
    grade = max(worst[0], 1) if _ruling(world) == "volume" else worst[0]
    if grade == 0:
        return _opinion(why=worst[1], missing=True)
    return _opinion("for", sure=grade == 2 and min(clean) == 2)


def _cleared(world: World, a: Answerer) -> tuple[int, str]:
    """How well the evidence clears this contender's best unmet need: 2 fully, 1 by one reading, 0 not; and why not."""
    best, why = 0, "nothing is unmet"
    for need in world.needs:
        if shortfall(a, need) <= 0:
            continue
        grade, reason = _cleared_need(world, a, need)
        if grade > best or why == "nothing is unmet":
            best, why = max(best, grade), reason
    return best, why


def _cleared_need(world: World, a: Answerer, need: Need) -> tuple[int, str]:
    kind = kind_of(need.metric)
    if kind == "cost":
        return 2, ""
    if kind == "time":
        return 2, ""
    # In case latency only the time is asked for by the letter; other needs clear by the general rule.
    most = 1 if _ruling(world) == "latency" else 2
    if a.truncated >= 0.02:
        return 0, "answers are truncated"
    if kind == "form":
        return _lower(most, _form_cleared(world, a, need))
    return _lower(most, _content_cleared(world, a, need))


def _lower(most: int, grade: tuple[int, str]) -> tuple[int, str]:
    return min(most, grade[0]), grade[1]


def _form_cleared(world: World, a: Answerer, need: Need) -> tuple[int, str]:
    if a.enforce == "native" or "format" in world.vouched:
        return 2, ""
    if not world.has_native:
        return 1, ""
    twins = [t for t in world.frontier if t.provider_model == a.provider_model and t.enforce == "native"]
    if any(not t.skipped and shortfall(t, need) > 0 for t in twins):
        return 2, ""
    return 0, "the native form was not tried"


def _content_cleared(world: World, a: Answerer, need: Need) -> tuple[int, str]:
    labels = world.labels
    grade = 2
    if labels.share is None and "labels" not in world.vouched:
        return 0, "nobody knows how many labels are wrong"
    if need.threshold - need.margin > 1 - labels.wrong_in_test:
        grade = 1
    by_form = a.right >= need.threshold - need.margin
    if by_form and not (a.enforce == "native" or "format" in world.vouched):
        grade = 1
    if "prompt" in world.vouched:
        return grade, ""
    headroom = a.headroom
    if headroom is None or not headroom.asked or 1 + sum(not s for s in headroom.same) < 3:
        return 0, "no evidence that the prompt is used up"
    gap = need.threshold - a.accuracy
    gain = (headroom.best - a.right) * a.valid
    return (grade if gain <= max(0.01, gap / 4) else 1), ""


def labels_opinion(world: World) -> Opinion:
    """Question 2: are there 1,000 rows with right labels, and ten of each class?"""
    labels = world.labels
    smallest = min(labels.per_class)
    if smallest < MIN_PER_CLASS - 1:
        return _opinion("against", why="a class has too few labels")
    if labels.usable < MIN_LABELS:
        return _opinion("against", why="too few labels")
    if labels.share is None and "labels" not in world.vouched:
        return _opinion(why="labels are unverified", missing=True)
    low = labels.usable * (1 - (0.0 if labels.share is None else labels.share.high))
    high = labels.usable * (1 - (0.0 if labels.share is None else labels.share.low))
    enough = labels.usable * (1 - labels.wrong) >= MIN_LABELS
    if high < MIN_LABELS or (not enough and low < MIN_LABELS):
        return _opinion("against", why="too few labels that are right")
    if smallest < MIN_PER_CLASS + 2 or low < MIN_LABELS:
        return _opinion("for", "against")
    if not enough:  # vouched, and yet wrong
        return _opinion("against", why="too few labels that are right")
    return _opinion("for", sure=True)


def pays_opinion(world: World) -> Opinion:
    """Question 3: can the fine-tune reach the need, and does it bring more than it costs within the horizon?

    In case volume where nobody meets the needs, the saving can be counted against the cheapest contender or against
    the best one; then both are acceptable where they differ.
    """
    meeting = {a.id: meets(world, a) for a in world.prompted}
    if _ruling(world) != "volume":
        return _pays_against(world, world.prompted, meeting)
    rivals = [a for a in world.prompted if meeting[a.id]]
    if rivals:
        return _pays_against(world, rivals, meeting)
    cheapest = _pays_against(world, world.prompted, meeting)
    best = _pays_against(world, [max(world.prompted, key=lambda a: a.accuracy)], meeting)
    return replace(cheapest, allowed=cheapest.allowed | best.allowed)


def _pays_against(world: World, rivals: Sequence[Answerer], meeting: Mapping[str, bool]) -> Opinion:
    saving_only = _ruling(world) == "volume"
    chances = drawn(world.money, world.declared, world.seed)
    reach = _reach(world)
    if "for" not in reach.allowed:
        return reach
    true_net = float(net(world, truth_of(world.money), rivals, meeting, saving_only)[0])
    p_pays = float((net(world, chances, rivals, meeting, saving_only) > 0).mean())
    missing = _missing(world, rivals)
    if missing:
        return _opinion(*(("against",) if true_net <= 0 else ()), why=missing, missing=True)
    if world.optimistic and _MONEY_OPTIMISM & set(world.optimistic):
        if true_net <= 0:
            return _opinion("against", why="it does not pay")
        return _opinion("for", *(("against",) if p_pays <= 0.5 or "against" in reach.allowed else ()))
    return _by_chance(world, p_pays, true_net, reach)


def _by_chance(world: World, p_pays: float, true_net: float, reach: Opinion) -> Opinion:
    allowed: set[AnswerState] = {"undecided"}
    if true_net > 0 or p_pays >= SURE - 0.03:
        allowed.add("for")
    if true_net <= 0 or p_pays <= 1 - SURE + 0.03:
        allowed.add("against")
    allowed |= reach.allowed - {"for"}
    unlucky = (true_net <= 0 and p_pays >= SURE - 0.03) or (true_net > 0 and p_pays <= 1 - SURE + 0.03)
    known = all(a.price_known for a in world.prompted if not a.skipped)
    sure = "against" not in allowed and p_pays >= SURE and known and reach.surely_for
    return Opinion(frozenset(allowed), "it does not pay", sure, False, unlucky)


def _chance(span: Span, level: float) -> float:
    """P(a draw from a declared range is at least `level`), exactly: a thousand draws cannot tell .52 from .5."""
    low, high = span.low, span.high
    if low > 0 and high / low > 10:
        low, high, level = np.log(low), np.log(high), np.log(level)
    return float(low >= level) if high <= low else float(np.clip((high - level) / (high - low), 0, 1))


def _reach(world: World) -> Opinion:
    """Whether the fine-tune can reach the need, by what was declared of it and in truth."""
    need = world.need("accuracy")
    measured = world.tuned is not None
    span = world.declared.get(KEYS["tuned_accuracy"])
    if measured or need is None or not world.has_economics:
        return _opinion("for", sure=True)
    if span is None:
        sure = False
        return _opinion("for", "against", sure=sure)
    best = (
        max(a.accuracy for a in world.prompted if not a.skipped) if any(not a.skipped for a in world.prompted) else 0.0
    )
    possible, likely = _chance(span, need.threshold - need.margin), _chance(span, need.threshold)
    if possible == 0:
        return _opinion("against", why="the declared fine-tune cannot reach the need")
    if possible < 0.5:
        return _opinion("against", why="the declared fine-tune will hardly reach the need")
    reaches = world.money.tuned_accuracy >= need.threshold - need.margin
    if "tuned_accuracy" in world.optimistic and not reaches:
        return _opinion("against", why="the fine-tune does not reach the need")
    below = span.high < best + 0.01
    if not reaches or below:
        return _opinion("for", "against")
    return _opinion("for", sure=likely >= 0.5)


def _missing(world: World, rivals: Sequence[Answerer]) -> str:
    """What was not declared that the money needs; empty where nothing is missing."""
    if not world.has_economics:
        return "no economics"
    needed = ["calls_per_month"]
    if world.subject == "build":
        needed.append("build_cost")
        if world.money.machines is None:
            needed.append("tuned_cost_per_1000_calls")
        if "value_of_a_correct_answer" in world.declared:
            needed.append("tuned_accuracy")
    elif world.tuned is not None and world.money.machines is None and not world.tuned.price_known:
        return "the endpoint's price is unknown"
    if any(key not in world.declared for key in needed):
        return "an input is not declared"
    values = ("value_of_a_correct_answer", "value_of_meeting_need_per_month")
    if _ruling(world) != "volume" and not any(key in world.declared for key in values):
        return "no value is declared"
    return "" if any(a.price_known and not a.skipped for a in rivals) else "no price is known"


def _ruling(world: World) -> str | None:
    return world.diagnosed if world.case == "quality" else world.case
