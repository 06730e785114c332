"""Verdicts on random worlds whose right answer is known; `scripts/bench/verdicts` does the same on thousands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evalkit.decision.verdict import decide
from evalkit.records.economics import Economics
from evalkit.records.verdict import Outcome
from tests.decision import world_truth as truth
from tests.decision.random_worlds import draw_world
from tests.decision.world import Kind
from tests.decision.world_observed import observe

SEEDS = range(100, 160)
_Row = tuple[Kind, Outcome, Outcome]


@pytest.fixture(scope="module")
def rows() -> list[_Row]:
    """By world: its kind, the right answer and what was said, on 1,000 rows."""
    found = []
    for seed in SEEDS:
        world = draw_world(seed)
        found.append((world.kind, truth.right_outcome(world), decide(*observe(world, 1000, seed), draws=200).outcome))
    return found


def test_a_decided_verdict_is_hardly_ever_wrong(rows: list[_Row]) -> None:
    assert sum(said == "FUND" != right for _, right, said in rows) <= 2
    assert sum(said == "RULE_OUT" != right for _, right, said in rows) <= 4


def test_far_from_every_boundary_it_dares(rows: list[_Row]) -> None:
    far = [(right, said) for kind, right, said in rows if kind == "far"]
    assert len(far) >= 15
    for outcome in ("FUND", "RULE_OUT"):
        those = [said for right, said in far if right == outcome]
        assert sum(said == outcome for said in those) >= 0.8 * len(those)


def test_near_a_boundary_it_waits_more_often(rows: list[_Row]) -> None:
    waits = {kind: np.mean([said == "NOT_YET" for k, _, said in rows if k == kind]) for kind in ("near", "free", "far")}
    assert waits["near"] > waits["free"] > waits["far"]


@pytest.mark.parametrize("seed", range(20))
def test_declared_ranges_hold_the_truth(seed: int) -> None:
    world = draw_world(seed)
    money, declared = world.money, world.declared
    pairs = [
        (money.calls, declared.calls_per_month),
        (money.build, declared.build_cost),
        (money.hosting, declared.hosting_per_month),
        (1000 * money.marginal, declared.tuned_cost_per_1000_calls),
        (money.tuned_accuracy, declared.tuned_accuracy),
        (world.wrong_labels, world.declared_wrong),
    ]
    for value, span in pairs:
        assert span is None or span.low * (1 - 1e-9) <= value <= span.high * (1 + 1e-9)


def test_the_truth_hangs_on_what_it_should() -> None:
    """One world that is for a fine-tune in all, and what turns it."""
    worlds = (draw_world(seed) for seed in range(500))
    world = next(
        w for w in worlds if w.case is None and truth.right_outcome(w) == "FUND" and not w.vouched and w.declared_wrong
    )
    assert truth.right_outcome(replace(world, need=0.3)) == "RULE_OUT"  # prompting does it
    assert truth.right_outcome(replace(world, usable=400)) == "RULE_OUT"
    assert truth.right_outcome(replace(world, money=replace(world.money, build=1e12))) == "RULE_OUT"
    gaining = tuple(replace(talent, gain=0.5) for talent in world.talents)
    assert truth.right_outcome(replace(world, talents=gaining)) == "NOT_YET"  # the prompt is not used up
    assert truth.right_outcome(replace(world, one_unmeasured=True)) == "NOT_YET"
    assert truth.right_outcome(replace(world, declared_wrong=None)) == "NOT_YET"
    assert world.declared != Economics()


def test_a_fine_tune_is_held_against_every_model_that_may_be_the_rival() -> None:
    """Two models that the run cannot tell apart, one of them far dearer: the payback hangs on which is better."""
    from tests.builders.contenders import contender
    from tests.builders.facts import CHEAP, ECONOMICS, PRICE, facts_of
    from tests.builders.runs import run_of

    result = run_of((contender("dear"), 0.81, 0.999), (contender("cheap"), 0.80, 0.999))
    facts = facts_of(result, case="volume", economics=ECONOMICS)
    dear, cheap = (c.id for c in result.contenders)
    alike = decide(result, replace(facts, prices={dear: PRICE, cheap: PRICE}))
    apart = decide(result, replace(facts, prices={dear: PRICE, cheap: CHEAP}))
    assert alike.answers[2].state == "for"
    assert apart.answers[2].state == "undecided"
    assert cheap in apart.answers[2].why
    assert apart.outcome == "NOT_YET"
    assert apart.next_step.startswith(f"Label more test rows, to tell {dear} from {cheap}")
    told_apart = run_of((contender("dear"), 0.81, 0.999), (contender("cheap"), 0.70, 0.999))
    assert decide(told_apart, replace(facts, prices={dear: PRICE, cheap: CHEAP})).answers[2].state == "for"
