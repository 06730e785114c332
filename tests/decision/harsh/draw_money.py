"""Volume, costs and values of a harsh world, and what the suite declares of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from evalkit.records.economics import Span
from evalkit.records.estimate import Need
from evalkit.records.evidence import Case
from tests.decision.harsh.money import machines_month, prompted_month
from tests.decision.harsh.world import Answerer, Machines, Money

# What may be missing where a suite is not tidy.
_CAN_BE_MISSING = ("calls_per_month", "build_cost", "tuned", "tuned_accuracy", "value")


def draw_money(
    rng: np.random.Generator,
    case: Case | None,
    tidy: bool,
    optimism: Collection[str],
    needs: Sequence[Need],
    prompted: Sequence[Answerer],
    tuned: Answerer | None,
) -> tuple[Money, dict[str, Span], bool]:
    """The truth, the declared ranges by key, and whether there are any economics at all."""
    money = _true_money(rng, case, needs, prompted, tuned)
    declared = _declared(rng, money, case, needs, tuned, optimism)
    if not tidy:
        for key in _CAN_BE_MISSING:
            if rng.random() < 0.10:
                _leave_out(declared, key)
    return money, declared, bool(tidy or rng.random() > 0.08)


def _true_money(
    rng: np.random.Generator,
    case: Case | None,
    needs: Sequence[Need],
    prompted: Sequence[Answerer],
    tuned: Answerer | None,
) -> Money:
    calls = _log(rng, 3e6 if case == "volume" and rng.random() < 0.5 else 1e3, 1e9)
    horizon = int(rng.choice([6, 12, 12, 24, 36]))
    active = float(rng.choice([24.0, 24.0, 12.0, 8.0]))
    can_wait = bool(rng.random() < 0.2)
    cheapest = min(float(prompted_month(a, np.array([calls]), active, False)[0]) for a in prompted)
    dedicated = rng.random() < 0.3
    machines = None
    if dedicated:
        machines = Machines(
            gpu_hour=float(rng.uniform(0.5, 4)),
            capacity_rps=_log(rng, 5, 200),
            min_replicas=int(rng.integers(1, 3)),
            peak_to_mean=float(rng.uniform(1.5, 5)),
        )
    hosting = 0.0 if dedicated or rng.random() < 0.2 else _log(rng, 100, 3000)
    per_1000 = cheapest / calls * 1000 * _log(rng, 0.03, 1.1)
    need = next((n.threshold for n in needs if n.metric == "accuracy"), max(a.accuracy for a in prompted))
    accuracy = _tuned_accuracy(rng, need) if tuned is None else tuned.accuracy
    retrains = rng.random() < 0.5
    retrain_cost = _log(rng, 1000, 12_000) if retrains else 0.0
    retrains_per_year = float(rng.integers(1, 5)) if retrains else 0.0
    operations = _log(rng, 300, 8000) if rng.random() < 0.5 else 0.0
    build = _log(rng, 8000, 120_000)
    running = per_1000 * calls / 1000
    if machines is not None:
        running = float(machines_month(machines, np.array([calls]), active)[0])
    monthly = hosting + running + retrain_cost * retrains_per_year / 12 + operations
    per_correct, per_need = _values(rng, case, build + monthly * horizon, horizon, calls, accuracy, prompted)
    return Money(
        calls=calls,
        build=build,
        hosting=hosting,
        tuned_per_1000=per_1000,
        tuned_accuracy=accuracy,
        retrain_cost=retrain_cost,
        retrains_per_year=retrains_per_year,
        operations=operations,
        price_change=float(rng.uniform(-0.5, 0.1)) if rng.random() < 0.25 else 0.0,
        value_of_correct=per_correct,
        value_of_need=per_need,
        horizon=horizon,
        active_hours=active,
        can_wait=can_wait,
        machines=machines,
    )


def _tuned_accuracy(rng: np.random.Generator, need: float) -> float:
    kind = rng.random()
    if kind < 0.70:
        accuracy = need + rng.uniform(0, 0.05)
    elif kind < 0.90:
        accuracy = need + rng.uniform(-0.02, 0.02)
    else:
        accuracy = need - rng.uniform(0.01, 0.08)
    return float(min(accuracy, 0.997))


def _values(
    rng: np.random.Generator,
    case: Case | None,
    costs: float,
    horizon: int,
    calls: float,
    accuracy: float,
    prompted: Sequence[Answerer],
) -> tuple[float, float]:
    """Dollars for a correct answer, and for meeting the need a month, such that the benefit is some times the costs."""
    if case == "volume":
        return 0.0, 0.0
    benefit = costs * float(10 ** rng.uniform(-0.4, 1.6))
    kind = rng.random()
    need_only = 0.75 if case in ("latency", "format") else 0.25
    per_need = benefit / horizon if kind < need_only else 0.0
    gain = max(0.005, accuracy - max(a.accuracy for a in prompted))
    both = rng.random() < 0.15
    per_correct = benefit / (gain * calls * horizon) if kind >= need_only or both else 0.0
    if both and not per_need:
        per_need = benefit / horizon
    return (per_correct / 2, per_need / 2) if both else (per_correct, per_need)


def _declared(
    rng: np.random.Generator,
    money: Money,
    case: Case | None,
    needs: Sequence[Need],
    tuned: Answerer | None,
    optimism: Collection[str],
) -> dict[str, Span]:
    wide = 4.0 if rng.random() < 0.25 else 0.0
    spans: dict[str, Span] = {"calls_per_month": _span(rng, money.calls, wide, "calls" in optimism, up=True)}
    if tuned is None:
        spans["build_cost"] = _span(rng, money.build, 0, "build" in optimism, up=False)
    if money.machines is None:
        if money.hosting:
            spans["hosting_per_month"] = _span(rng, money.hosting, 0, "tuned_cost" in optimism, up=False)
        if tuned is None:
            cost = _span(rng, money.tuned_per_1000, 0, "tuned_cost" in optimism, up=False)
            spans["tuned_cost_per_1000_calls"] = cost
    if tuned is None and (case != "volume" or rng.random() < 0.8):
        spans["tuned_accuracy"] = _accuracy_span(rng, money.tuned_accuracy, "tuned_accuracy" in optimism)
    if money.retrain_cost:
        spans["retrain_cost"] = _span(rng, money.retrain_cost, 0, False, up=False)
        spans["retrains_per_year"] = Span(money.retrains_per_year, money.retrains_per_year)
    if money.operations:
        spans["operations_per_month"] = _span(rng, money.operations, 0, False, up=False)
    if money.price_change:
        low = max(-0.8, money.price_change - float(rng.uniform(0, 0.2)))
        spans["prompted_price_change_per_year"] = Span(low, money.price_change + float(rng.uniform(0, 0.2)))
    if money.value_of_correct:
        value = _span(rng, money.value_of_correct, 0, "value" in optimism, up=True)
        spans["value_of_a_correct_answer"] = value
    if money.value_of_need:
        value = _span(rng, money.value_of_need, 0, "value" in optimism, up=True)
        spans["value_of_meeting_need_per_month"] = value
    return spans


def _leave_out(declared: dict[str, Span], what: str) -> None:
    keys = {
        "tuned": ("tuned_cost_per_1000_calls", "hosting_per_month"),
        "value": ("value_of_a_correct_answer", "value_of_meeting_need_per_month"),
    }
    for key in keys.get(what, (what,)):
        declared.pop(key, None)


def _span(rng: np.random.Generator, truth: float, decades: float, optimistic: bool, up: bool) -> Span:
    """A range that holds the truth anywhere inside, or one that lies wholly on its pleasant side."""
    if optimistic:
        near, far = float(rng.uniform(1.3, 3)), float(rng.uniform(1.2, 2))
        return Span(truth * near, truth * near * far) if up else Span(truth / near / far, truth / near)
    kind = rng.random()
    if decades:
        width = float(10 ** rng.uniform(1, decades))
    elif kind < 0.15:
        return Span(truth, truth)
    else:
        width = float(np.exp(rng.uniform(np.log(1.2), np.log(2.5 if kind < 0.85 else 6))))
    place = float(rng.random())
    return Span(truth / width**place, truth * width ** (1 - place))


def _accuracy_span(rng: np.random.Generator, truth: float, optimistic: bool) -> Span:
    if optimistic:
        low = min(0.99, truth + float(rng.uniform(0.01, 0.04)))
        return Span(low, min(0.999, low + float(rng.uniform(0.01, 0.04))))
    if rng.random() < 0.15:
        return Span(truth, truth)
    width, place = float(rng.uniform(0.01, 0.08)), float(rng.random())
    return Span(max(0.0, truth - width * place), min(0.999, truth + width * (1 - place)))


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
