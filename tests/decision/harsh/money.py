"""What going on with prompting costs and what a fine-tune brings, by arithmetic written from the rules alone.

A month has 730 hours. Calls arrive at random at an even rate within the active hours; a prefix stays cached for its
time to live after each use. All functions take arrays, so that a range can be drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from evalkit.records.economics import Span
from tests.decision.harsh.world import MONTH_HOURS, Answerer, Machines, Money, World

Floats = npt.NDArray[np.float64]
DRAWS = 1000
_TTL = {"5m": 300.0, "1h": 3600.0}


@dataclass(frozen=True, slots=True)
class Draws:
    """The inputs of the arithmetic, each an array of one length; one element is the truth itself."""

    calls: Floats
    build: Floats
    hosting: Floats
    tuned_per_1000: Floats
    tuned_accuracy: Floats
    retrain_cost: Floats
    retrains_per_year: Floats
    operations: Floats
    price_change: Floats
    value_of_correct: Floats
    value_of_need: Floats


# The suite's keys of what is drawn.
KEYS: Mapping[str, str] = {
    "calls": "calls_per_month",
    "build": "build_cost",
    "hosting": "hosting_per_month",
    "tuned_per_1000": "tuned_cost_per_1000_calls",
    "tuned_accuracy": "tuned_accuracy",
    "retrain_cost": "retrain_cost",
    "retrains_per_year": "retrains_per_year",
    "operations": "operations_per_month",
    "price_change": "prompted_price_change_per_year",
    "value_of_correct": "value_of_a_correct_answer",
    "value_of_need": "value_of_meeting_need_per_month",
}


def truth_of(money: Money) -> Draws:
    """The truth as arrays of one element."""
    return Draws(**{f.name: np.array([getattr(money, f.name)], dtype=float) for f in fields(Draws)})


def drawn(money: Money, declared: Mapping[str, Span], seed: int) -> Draws:
    """The declared ranges drawn, log-uniform where the ends are more than ten times apart; else the truth."""
    rng = np.random.default_rng([seed, 3])
    values: dict[str, Floats] = {}
    for name, key in KEYS.items():
        u = rng.random(DRAWS)
        span = declared.get(key)
        if span is None:
            values[name] = np.full(DRAWS, getattr(money, name), dtype=float)
        elif span.low > 0 and span.high / span.low > 10:
            values[name] = np.exp(np.log(span.low) + u * np.log(span.high / span.low))
        else:
            values[name] = span.low + u * (span.high - span.low)
    return Draws(**values)


def prompted_month(a: Answerer, calls: Floats, active_hours: float, can_wait: bool) -> Floats:
    """The cheapest way to send these calls to a prompted model, dollars a month at today's prices."""
    r, t = a.rates, a.tokens
    plain = (t.prompt * (r.input or 0) + t.output * (r.output or 0)) * 1e-6
    ways = [np.full_like(calls, plain)]
    if t.eligible:
        per_second = calls / (MONTH_HOURS * 3600 * active_hours / 24)
        for ttl, write in (("5m", r.cache_write_5m), ("1h", r.cache_write_1h)):
            hit = (1 - np.exp(-per_second * _TTL[ttl])) * a.cache_works
            prefix = t.eligible * (hit * (r.cache_read or 0) + (1 - hit) * (write or 0))
            rest = (t.prompt - t.eligible) * (r.input or 0) + t.output * (r.output or 0)
            ways.append((prefix + rest) * 1e-6)
    if can_wait:
        ways.append(np.full_like(calls, plain / 2))
    dollars: Floats = np.min(ways, axis=0) * calls
    return dollars


def machines_month(machines: Machines, calls: Floats, active_hours: float) -> Floats:
    """Dedicated machines at the peak of these calls, dollars a month."""
    peak = calls / (MONTH_HOURS * 3600 * active_hours / 24) * machines.peak_to_mean
    replicas = np.maximum(machines.min_replicas, np.ceil(peak / machines.capacity_rps))
    dollars: Floats = replicas * machines.gpu_hour * MONTH_HOURS
    return dollars


def tuned_month(world: World, d: Draws) -> Floats:
    """All that running the fine-tune costs a month, training it again and people included."""
    money = world.money
    if money.machines is not None:
        running = machines_month(money.machines, d.calls, money.active_hours)
    elif world.tuned is not None:
        running = prompted_month(replace(world.tuned, cache_works=0.0), d.calls, money.active_hours, False) + d.hosting
    else:
        running = d.tuned_per_1000 * d.calls / 1000 + d.hosting
    return running + d.retrain_cost * d.retrains_per_year / 12 + d.operations


def price_months(change: Floats, horizon: int) -> Floats:
    """How many of today's monthly bills the horizon costs, where prices change by a share each year."""
    months = np.arange(horizon) + 0.5
    bills: Floats = ((1 + change[:, None]) ** (months[None, :] / 12)).sum(axis=1)
    return bills


def net(world: World, d: Draws, rivals: Sequence[Answerer], meeting: Mapping[str, bool], saving_only: bool) -> Floats:
    """What the fine-tune brings over the horizon beyond the best of the rivals, its build paid.

    `meeting` says by id which rivals meet the needs in truth. `saving_only`: costs alone count (case volume).
    """
    money = world.money
    horizon = money.horizon
    months = price_months(d.price_change, horizon)
    need = world.need("accuracy")
    accuracy = d.tuned_accuracy
    reaches = np.ones_like(accuracy) if need is None else (accuracy >= need.threshold - need.margin).astype(float)
    others = []
    for rival in rivals:
        bill = prompted_month(rival, d.calls, money.active_hours, money.can_wait) * months
        benefit = d.value_of_correct * d.calls * rival.accuracy + d.value_of_need * float(meeting[rival.id])
        others.append((0.0 if saving_only else benefit * horizon) - bill)
    best_other = np.max(others, axis=0)
    benefit = d.value_of_correct * d.calls * accuracy + d.value_of_need * reaches
    own = (0.0 if saving_only else benefit * horizon) - tuned_month(world, d) * horizon
    build = 0.0 if world.subject == "keep" else d.build
    result: Floats = own - best_other - build
    return result
