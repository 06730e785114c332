"""The other contenders that a fine-tune may have to be held against, where the run does not tell which it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from evalkit.decision.economics import figures
from evalkit.decision.gap import evidence
from evalkit.records.economics import EconomicsFigures
from evalkit.records.evidence import Case, Facts
from evalkit.records.run import ContenderResult, RunResult

_PROMPTED = frozenset({"frontier", "prompted"})


def other_figures(
    result: RunResult,
    facts: Facts,
    meets: Mapping[str, bool | None],
    case: Case | None,
    found: EconomicsFigures,
    *,
    draws: int,
) -> tuple[EconomicsFigures, ...]:
    """The economics once more against each contender that may be the right rival besides the one of `found`.

    The rival is the cheapest that meets all needs: so a cheaper one that is undecided may be it. Where none meets
    them, it is the most accurate frontier model (without one, prompted model): so one whose 95 % interval reaches into
    that of the best may be it, and one that is undecided. Empty where there is no payback.
    """
    if found.payback is None:
        return ()
    others = [c for c in _possible(result, meets, found, found.payback.rival) if c.id != found.payback.rival]
    floors = [c for c in result.contenders if c.role not in _PROMPTED]
    return tuple(
        figures(replace(result, contenders=(c, *floors)), facts, meets, case, draws=draws, brief=True) for c in others
    )  # fmt: skip


def _possible(
    result: RunResult, meets: Mapping[str, bool | None], found: EconomicsFigures, chosen: str
) -> list[ContenderResult]:
    costs: dict[str, float] = {}
    for row in found.rivals:  # the cheapest first
        if row.suits:
            costs.setdefault(row.contender, row.per_1000_calls)
    priced = [c for c in evidence(result) if c.id in costs]
    if meets.get(chosen):
        return [c for c in priced if meets.get(c.id) is None and costs[c.id] < costs[chosen]]
    pool = [c for c in priced if c.role == "frontier"] or priced
    best = max((_interval(c)[0] for c in pool), default=0.0)
    return [c for c in pool if meets.get(c.id) is None or _interval(c)[1] >= best]


def _interval(contender: ContenderResult) -> tuple[float, float]:
    """The 95 % interval of the accuracy; anything where it is unknown."""
    estimate = (contender.metrics or {}).get("accuracy")
    if estimate is None or estimate.low is None or estimate.high is None:
        return 0.0, 1.0
    return estimate.low, estimate.high
