"""What is met in truth, by whom, at what cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evalkit.records.estimate import Need
from tests.decision.harsh.money import machines_month, prompted_month
from tests.decision.harsh.world import Answerer, World

MIN_ROWS = 200


def cost_as_asked(a: Answerer) -> float:
    """Expected dollars of 1,000 calls as the run asks them: the prefix written once and then read."""
    r, t = a.rates, a.tokens
    rest = (t.prompt - t.eligible) * (r.input or 0) + t.output * (r.output or 0)
    prefix = t.eligible * (a.cache_works * (r.cache_read or 0) + (1 - a.cache_works) * (r.cache_write_5m or 0))
    return (rest + prefix) / 1000


def true_value(a: Answerer, metric: str) -> float:
    """The metric over all calls that the job will ever have."""
    if metric == "accuracy":
        return a.accuracy
    if metric == "format_validity":
        return a.valid
    if metric == "cost_per_1000_calls":
        return cost_as_asked(a)
    return a.times.p95(metric.startswith("ttft"))


def shortfall(a: Answerer, need: Need) -> float:
    """How much is missing beyond the margin, in the unit of the metric; 0 or less where the need is met."""
    value = true_value(a, need.metric)
    gap = need.threshold - value if need.at_least else value - need.threshold
    return gap - need.margin


def hair(need: Need) -> float:
    """What nobody would quarrel about: a tenth of a point, a twentieth of the allowed errors, 0.5 % of other units."""
    return min(0.001, 0.05 * (1 - need.threshold)) if need.at_least else 0.005 * need.threshold


def meets(world: World, a: Answerer, hairs: int = 0) -> bool:
    """Whether it meets every need in truth; with 1 hair also where it misses by that, with -1 only beyond that."""
    return all(shortfall(a, need) <= hairs * hair(need) for need in world.needs)


def prompting_that_meets(world: World, hairs: int = 0) -> list[Answerer]:
    """Measured prompted contenders that meet every need in truth."""
    return [a for a in world.prompted if not a.skipped and meets(world, a, hairs)]


def better_prompt_meets(world: World) -> bool:
    """Whether one of the other prompts makes some prompted model meet every need."""
    return any(
        a.headroom is not None
        and a.headroom.best > a.right
        and meets(world, replace(a.with_right(a.headroom.best), constant=False))
        for a in world.prompted
        if not a.skipped
    )


def native_form_meets(world: World) -> bool:
    """Whether the native form, which somebody vouched against, would make a frontier model meet every need."""
    if "format" not in world.optimistic:
        return False
    return any(meets(world, replace(a, invalid=0.0)) for a in world.frontier)


def month(world: World, a: Answerer) -> float:
    """Dollars a month to run this contender at the true volume; an endpoint with all that belongs to it."""
    money = world.money
    calls = np.array([money.calls])
    if a.role != "fine_tuned":
        return float(prompted_month(a, calls, money.active_hours, money.can_wait)[0])
    if money.machines is not None:
        running = float(machines_month(money.machines, calls, money.active_hours)[0])
    else:
        running = float(prompted_month(a, calls, money.active_hours, False)[0]) + money.hosting
    return running + money.retrain_cost * money.retrains_per_year / 12 + money.operations


def cheaper_than(world: World, a: Answerer, b: Answerer, slack: float) -> bool:
    """Whether a costs less a month than b; with a `slack` of .1 also where it costs up to a tenth more."""
    return month(world, a) < month(world, b) * (1 + slack)


def rows_allow(world: World) -> list[str]:
    """Why the rows allow no FUND: too few of them, or labels that contradict each other too often."""
    reasons = []
    if world.rows.n < MIN_ROWS:
        reasons.append("under 200 rows")
    need = world.need("accuracy")
    if need is not None and need.threshold - need.margin > world.labels.ceiling:
        reasons.append("the need is above what the labels allow")
    return reasons


def cleanly_above(world: World, a: Answerer) -> int:
    """0: of floor quality or mostly refused; 1: near that, so that opinions may differ; 2: clearly a real contender."""
    level = max([world.labels.classes[0], *(f.accuracy for f in world.floors)])
    if a.accuracy <= level or a.constant or a.refused >= 0.1:
        return 0
    return 1 if a.accuracy < level + 0.03 or a.refused >= 0.01 or a.truncated >= 0.005 else 2
