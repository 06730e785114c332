"""The harsh worlds hold together: truth, declarations and rows fit, and a verdict is given on each.

How often verdicts are wrong is measured by `scripts/bench/verdicts_harsh`; a few dozen worlds say nothing on it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evalkit.decision.verdict import decide
from tests.decision.harsh.draw import draw
from tests.decision.harsh.met import meets, prompting_that_meets, true_value
from tests.decision.harsh.money import KEYS, machines_month, net, prompted_month, truth_of
from tests.decision.harsh.observe import observe
from tests.decision.harsh.sampling import draw_answers, draw_table, error_shares
from tests.decision.harsh.tally import Row, against, judged_again, read_rows, run_seed, wilson, write_rows
from tests.decision.harsh.truth import judge_world
from tests.decision.harsh.world import Machines, World

SEEDS = range(1, 41)
_OPTIMISTIC_KEYS = {
    "calls": ("calls_per_month",),
    "build": ("build_cost",),
    "tuned_cost": ("tuned_cost_per_1000_calls", "hosting_per_month"),
    "tuned_accuracy": ("tuned_accuracy",),
    "value": ("value_of_a_correct_answer", "value_of_meeting_need_per_month"),
}


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [draw(seed) for seed in SEEDS]


def test_a_verdict_is_given_on_every_world(worlds: list[World]) -> None:
    for world in worlds:
        result, facts = observe(world)
        assert decide(result, facts, draws=100).outcome in ("FUND", "RULE_OUT", "NOT_YET"), world.seed


def test_the_same_seed_is_the_same_world_and_the_same_run() -> None:
    assert draw(5) == draw(5) != draw(6)
    assert observe(draw(5)) == observe(draw(5))


def test_declared_ranges_hold_the_truth_unless_they_are_called_optimistic(worlds: list[World]) -> None:
    for world in worlds:
        too_good = {key for name in world.optimistic for key in _OPTIMISTIC_KEYS.get(name, ())}
        for name, key in KEYS.items():
            span, truth = world.declared.get(key), getattr(world.money, name)
            if span is not None:
                inside = span.low * (1 - 1e-9) <= truth <= span.high * (1 + 1e-9)
                assert inside is (key not in too_good), (world.seed, key)
        share = world.labels.share
        if share is not None and "share" not in world.optimistic:
            assert share.low <= min(world.labels.wrong, world.labels.wrong_in_test)
            assert max(world.labels.wrong, world.labels.wrong_in_test) <= share.high


def test_truths_do_not_contradict_themselves(worlds: list[World]) -> None:
    for world in worlds:
        truth = judge_world(world)
        assert "NOT_YET" in truth.acceptable
        assert ("FUND" in truth.acceptable) is (not truth.against_fund)
        if truth.expects_fund:
            assert "FUND" in truth.acceptable
            assert "RULE_OUT" not in truth.acceptable
        if world.subject == "keep" and world.tuned is not None and not meets(world, world.tuned, 1):
            assert "FUND" not in truth.acceptable
        if world.subject == "build" and world.case != "volume" and prompting_that_meets(world, -1):
            assert "FUND" not in truth.acceptable


def test_fund_needs_200_rows_and_labels_that_allow_the_need(worlds: list[World]) -> None:
    for world in worlds:
        few = replace(world, rows=replace(world.rows, n=199))
        assert "FUND" not in judge_world(few).acceptable
        if world.need("accuracy") is not None:
            contradictory = replace(world, labels=replace(world.labels, contradictory=0.9))
            assert "FUND" not in judge_world(contradictory).acceptable


def test_bad_clusters_keep_the_mean() -> None:
    world = draw(1)
    rows = replace(world.rows, cluster_size=5.0, size_spread=0.0, bad=0.1, bad_times=4.0, shared_cluster=0.1)
    table = draw_table(replace(world, rows=rows), 1000, np.random.default_rng(1), 0.0)
    for error in (0.001, 0.1, 0.4):
        good = error_shares(replace(table, bad=np.zeros(1000, dtype=bool)), error)[0]
        worse = error_shares(replace(table, bad=np.ones(1000, dtype=bool)), error)[0]
        assert 0.9 * good + 0.1 * worse == pytest.approx(error)
        assert worse > good


def test_many_rows_show_the_true_shares() -> None:
    world = draw(2)
    world = replace(
        world,
        rows=replace(world.rows, cluster_size=1.0, shared_cluster=0.0, bad=0.0, declared=False, lost=0.0),
        labels=replace(world.labels, wrong=0.05, contradictory=0.1),
    )
    rng = np.random.default_rng(1)
    table = draw_table(world, 100_000, rng, 0.1)
    a = replace(world.prompted[0], right=0.9, invalid=0.02, refused=0.01, truncated=0.005, constant=False)
    answers = draw_answers(world, table, a, rng.standard_normal(100_000), rng)
    right = np.mean((answers.said == table.truth) & answers.valid)
    assert right == pytest.approx(a.accuracy, abs=0.005)
    assert np.mean(answers.valid) == pytest.approx(true_value(a, "format_validity"), abs=0.002)
    assert np.mean(table.gold != table.truth) == pytest.approx(world.labels.wrong_in_test, abs=0.005)
    assert np.quantile(answers.ms, 0.95) == pytest.approx(true_value(a, "latency_p95_ms"), rel=0.3)
    assert answers.output.mean() == pytest.approx(a.tokens.output, rel=0.1)


def test_money_by_hand() -> None:
    world = draw(3)
    a = world.prompted[0]
    tokens = replace(a.tokens, prefix=900.0, suffix=100.0, output=10.0, cacheable=True)
    rates = replace(a.rates, input=1.0, output=5.0, cache_read=0.1, cache_write_5m=1.25, cache_write_1h=2.0)
    a = replace(a, tokens=tokens, rates=rates, cache_works=1.0)
    busy = np.array([1e8])  # 38 calls a second: every call finds the prefix
    assert prompted_month(a, busy, 24, False)[0] == pytest.approx(1e8 * (900 * 0.1 + 100 + 50) * 1e-6)
    idle = np.array([1.0])  # a call a month: caching only costs
    assert prompted_month(a, idle, 24, False)[0] == pytest.approx((1000 + 50) * 1e-6)
    assert prompted_month(a, idle, 24, True)[0] == pytest.approx((1000 + 50) * 1e-6 / 2)
    machines = Machines(gpu_hour=2.0, capacity_rps=10.0, min_replicas=1, peak_to_mean=2.0)
    assert machines_month(machines, busy, 24)[0] == 8 * 2.0 * 730  # 76.1 a second at the peak


def test_a_dearer_build_brings_less(worlds: list[World]) -> None:
    for world in worlds:
        if world.subject == "build":
            meeting = {a.id: meets(world, a) for a in world.prompted}
            truth = truth_of(world.money)
            dearer = replace(truth, build=truth.build + 1000)
            before, after = (net(world, d, world.prompted, meeting, False)[0] for d in (truth, dearer))
            assert before - after == pytest.approx(1000, abs=1e-3 + abs(before) * 1e-9)


def test_wilson_against_published_figures() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_rows_are_read_as_they_were_written_and_compared(tmp_path: Path) -> None:
    row = run_seed((1, 100))
    write_rows([row], tmp_path / "rows.jsonl")
    assert read_rows(tmp_path / "rows.jsonl") == [row] == [judged_again(row)]
    right = replace(row, said="FUND", acceptable=("FUND", "NOT_YET"), honest=True)
    wrong = replace(right, seed=2, acceptable=("NOT_YET",))
    now: list[Row] = [replace(right, said="NOT_YET"), wrong]
    text = "\n".join(against(now, [right, wrong]))
    assert "right FUNDs of before that are kept: 0 of 1" in text
    assert "wrong FUNDs of before: 1" in text
