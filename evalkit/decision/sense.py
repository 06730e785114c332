"""Sense first: what must hold of answers before money hangs on them. Rules in common words, each with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from evalkit.decision.gap import floors_that_may_do_it
from evalkit.records.estimate import Estimate
from evalkit.records.evidence import Facts
from evalkit.records.run import ContenderResult, RunResult
from evalkit.wording.numbers import percent, share
from evalkit.wording.text import listed

MOST_LOST = 0.02  # refused, cut off or rejected answers: one in a hundred is the model's, more are the set-up's
_LOST = {"refused": "refused", "truncated": "cut off", "rejected": "rejected by the provider"}


@dataclass(frozen=True, slots=True)
class Lack:
    """Why figures are no ground for money, without a full stop.

    More `rows` mend it, a look at `answers`, or a need that a `floor` does not meet.
    """

    kind: Literal["rows", "answers", "floor"]
    why: str


def lacks(contender: ContenderResult, result: RunResult, facts: Facts) -> list[Lack]:
    """Why a contender's figures are no ground for a FUND; empty where they are.

    At least `Rules.min_test_rows` rows; an accuracy that is surely (lower end of the 95 % interval) above the share of
    the largest class, and above that of every floor in the run (the difference of both), since a model of floor quality
    most often has a broken prompt or is scored wrongly; at most 2 % of answers refused, cut off or rejected;
    no finished answer that misses the schema which the provider was asked to enforce; no floor that may meet all needs.
    """
    looks = [*_unenforced(contender), *_floor_quality(contender, result), *_lost(contender)]
    return [
        *(Lack("answers", why) for why in looks),
        *(Lack("floor", why) for why in _floor_does_it(result)),
        *(Lack("rows", why) for why in _few_rows(contender, facts)),
    ]


def majority_share(contender: ContenderResult) -> float | None:
    """The accuracy of always answering the largest class; None where there are no classes."""
    total = sum(c.support for c in contender.per_class)
    return max(c.support for c in contender.per_class) / total if total else None


def _few_rows(contender: ContenderResult, facts: Facts) -> list[str]:
    least = facts.rules.min_test_rows
    if contender.n >= least:
        return []
    return [f"{contender.id} was asked on {contender.n:,} rows of test, and at least {least:,} are needed"]


def _floor_does_it(result: RunResult) -> list[str]:
    """Nobody pays for what a model that costs next to nothing does, or may do."""
    return [
        f"the floor {floor.id} {'meets' if sure else 'may meet'} every need that is declared"
        for floor, sure in floors_that_may_do_it(result)
    ]


def _floor_quality(contender: ContenderResult, result: RunResult) -> list[str]:
    estimate = (contender.metrics or {}).get("accuracy")
    if estimate is None or estimate.value is None:
        return []
    surely = estimate.value if estimate.low is None else estimate.low
    name, value = contender.id, share(estimate.value)
    found = []
    majority = majority_share(contender)
    if majority is not None and surely <= majority:
        found.append(
            f"the accuracy of {name} ({value}) is not surely above that of always answering the largest class "
            f"({share(majority)})"
        )
    for floor in result.contenders:
        if floor.role != "floor" or floor.split != "test" or floor.skipped is not None:
            continue
        reached = (floor.metrics or {}).get("accuracy")
        if reached is not None and reached.value is not None and not _surely_above(estimate, reached):
            found.append(
                f"the accuracy of {name} ({value}) is not surely above that of the reference {floor.id} "
                f"({share(reached.value)})"
            )
    if estimate.value == 0:
        found.append(f"{name} has no right answer at all")
    return found


def _surely_above(one: Estimate, other: Estimate) -> bool:
    """Whether the lower end of the difference's 95 % interval is above 0.

    From the two intervals: Newcombe, Statistics in Medicine 17 (1998) 873, method 10. It takes the two as independent;
    on the same rows they hang together, so that it is on the safe side.
    """
    if one.value is None or other.value is None:
        return False
    below = one.value - (one.value if one.low is None else one.low)
    above = (other.value if other.high is None else other.high) - other.value
    return one.value - other.value > math.hypot(below, above)


def unenforced(contender: ContenderResult) -> str | None:
    """Why a contender's native output is none, without a full stop; None where nothing shows that."""
    if not contender.not_enforced:
        return None
    return (
        f"the server does not enforce the schema for {contender.id} ({percent(contender.not_enforced, 1)} of the "
        "finished answers do not match it), so native output was not measured"
    )


def _unenforced(contender: ContenderResult) -> list[str]:
    why = unenforced(contender)
    return [] if why is None else [why]


def _lost(contender: ContenderResult) -> list[str]:
    status = contender.status or {}
    total = sum(status.values())
    lost = {words: status.get(name, 0) for name, words in _LOST.items() if status.get(name, 0)}
    if not total or sum(lost.values()) <= MOST_LOST * total:
        return []
    parts = listed([f"{percent(n / total, 1)} were {words}" for words, n in lost.items()])
    return [f"of the answers of {contender.id} {parts}, more than {percent(MOST_LOST)} in all"]
