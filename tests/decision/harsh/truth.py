"""The right outcome of a harsh world, by the rules of the house, said by someone who knows the truth.

The declared evidence still counts: where the rules ask for something that nobody brought (a ladder, a share of wrong
labels, 200 rows), such a person cannot say FUND either. Where the rules leave two readings, or an honest range was
good and the draw was bad, more than one outcome is acceptable. NOT YET is never wrong, only of no use.
"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.records.verdict import Outcome
from tests.decision.harsh.answers import Opinion, labels_opinion, pays_opinion, prompting_opinion
from tests.decision.harsh.met import cheaper_than, cleanly_above, meets, prompting_that_meets, rows_allow
from tests.decision.harsh.world import Answerer, World


@dataclass(frozen=True, slots=True)
class Truth:
    """`acceptable` outcomes; `expects_fund`: FUND is the one right answer, and the declared evidence carries it.

    `against_fund` says in a few words each why FUND is wrong (empty where it is acceptable), `unlucky` that a FUND or
    RULE OUT was right by the declared chances and wrong by the draw. `opinions` are those on the three questions.
    """

    acceptable: frozenset[Outcome]
    expects_fund: bool
    against_fund: tuple[str, ...]
    unlucky: bool
    opinions: tuple[Opinion, ...]


def judge_world(world: World) -> Truth:
    """What may be said of this world."""
    return _keep(world) if world.subject == "keep" else _build(world)


def _build(world: World) -> Truth:
    opinions = (prompting_opinion(world), labels_opinion(world), pays_opinion(world))
    acceptable: set[Outcome] = {"NOT_YET"}
    reasons = [o.why for o in opinions if "for" not in o.allowed]
    if world.case == "quality" and world.diagnosed is None:
        reasons.append("the case quality is not diagnosed")
    if not reasons:
        acceptable.add("FUND")
    if any("against" in o.allowed for o in opinions):
        acceptable.add("RULE_OUT")
    return Truth(
        acceptable=frozenset(acceptable),
        expects_fund=not reasons and all(o.surely_for for o in opinions),
        against_fund=tuple(reasons),
        unlucky=any(o.unlucky for o in opinions),
        opinions=opinions,
    )


def _keep(world: World) -> Truth:
    """FUND is to keep the endpoint: it meets every need, and prompting does not do as well for less."""
    endpoint = world.tuned
    assert endpoint is not None
    pays = pays_opinion(world)
    clean = cleanly_above(world, endpoint)
    rivals = prompting_that_meets(world, -1)
    reasons = []
    if not meets(world, endpoint, 1):
        reasons.append("the endpoint misses a need")
    if any(cheaper_than(world, r, endpoint, slack=-0.1) for r in rivals) and not (
        "for" in pays.allowed and world.money.value_of_correct > 0
    ):
        reasons.append("prompting does it for less")
    if "for" not in pays.allowed:
        reasons.append(pays.why)
    reasons += rows_allow(world)
    if clean == 0:
        reasons.append("the endpoint is of floor quality")
    measured = [a for a in world.frontier if not a.skipped]
    sure = (
        bool(measured)
        and len(measured) == len(world.frontier)
        and not prompting_that_meets(world, 1)
        and meets(world, endpoint, -1)
        and clean == 2
        and pays.surely_for
        # Whether an undiagnosed case holds back an endpoint that exists can be read both ways.
        and not (world.case == "quality" and world.diagnosed is None)
    )
    acceptable: set[Outcome] = {"NOT_YET"}
    if not reasons:
        acceptable.add("FUND")
    if _may_return(world, endpoint, clean) or ("against" in pays.allowed and not pays.missing):
        acceptable.add("RULE_OUT")
    return Truth(
        acceptable=frozenset(acceptable),
        expects_fund=not reasons and sure,
        against_fund=tuple(reasons),
        unlucky=pays.unlucky,
        opinions=(pays,),
    )


def _may_return(world: World, endpoint: Answerer, clean: int) -> bool:
    """Whether it can be defended to go back to prompting."""
    misses = not meets(world, endpoint, -1)
    for a in world.prompted:
        if a.skipped:
            continue
        cheaper = cheaper_than(world, a, endpoint, slack=0.1)
        if meets(world, a, 1) and (misses or cheaper):
            return True
        if a.accuracy >= endpoint.accuracy - 0.01 and cheaper:
            return True
        if clean == 0 and a.accuracy > endpoint.accuracy:
            return True
    return False
