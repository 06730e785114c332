"""The gates: what fails, what is noted, what cannot be judged; false alarms stay within the year's ration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evalkit.records.baseline import Baseline, SampleResult
from evalkit.records.check import Finding, Gates, Limit
from evalkit.records.comparison import Provenance
from evalkit.records.estimate import Gap, Need, Requirement
from evalkit.records.run import Percentiles
from evalkit.regression.gates import NIGHT_LEVEL, RUN_LEVEL, Again, Held, first_look, judge_night
from tests.builders.baselines import baseline
from tests.regression.nights import Bools, Contender, World, night_fails, year


def letters(n: int, wrong: int) -> list[str]:
    return ["-" if i < wrong else "+" for i in range(n)]


def judged(held: Held, again: Again | None = None, crowd: int = 0) -> dict[str, Finding]:
    """The findings by gate; `crowd` unchanged contenders share the night."""
    same = baseline(letters(100, 10))
    night = [held, *([Held(same, same, Gates())] * crowd)]
    look = first_look(night)
    return {f.gate: f for f in judge_night(night, look, {0: again} if again else {})[0]}


BEFORE = baseline(letters(500, 20))


def test_a_confirmed_drop_fails_and_says_by_how_much() -> None:
    now = baseline(letters(500, 60))
    held = Held(now, BEFORE, Gates())
    assert first_look([held]).suspects == (0,)
    found = judged(held, Again(now))["drop"]
    assert found.outcome == "fail"
    assert "fell by 8.0 points (.960 to .880" in found.text
    assert found.test is not None
    assert found.test.p == pytest.approx(2.0**-40)
    assert found.test.p_corrected == pytest.approx(2 * 2.0**-40)  # two tests in the night


def test_a_drop_that_the_fresh_run_does_not_show_is_a_note() -> None:
    held = Held(baseline(letters(500, 60)), BEFORE, Gates())
    found = judged(held, Again(BEFORE))["drop"]
    assert found.outcome == "note"
    assert "does not confirm" in found.text


def test_a_drop_without_a_fresh_run_never_fails() -> None:
    held = Held(baseline(letters(500, 60)), BEFORE, Gates())
    assert judged(held)["drop"].outcome == "undecided"
    reason = judged(held, Again(reason="no key"))["drop"]
    assert (reason.outcome, "no key" in reason.text) == ("undecided", True)


def test_a_real_drop_within_the_tolerance_is_a_note() -> None:
    held = Held(baseline(letters(2000, 60)), baseline(letters(2000, 40)), Gates())
    assert first_look([held]).suspects == ()
    found = judged(held)["drop"]
    assert found.outcome == "note"
    assert "within the tolerance of 2 points" in found.text


def test_a_drop_that_n_cannot_judge_is_said_to_be_so() -> None:
    found = judged(Held(baseline(letters(40, 4)), baseline(letters(40, 2)), Gates()))["drop"]
    assert found.outcome == "undecided"
    assert "40 rows cannot tell from chance" in found.text
    tiny = judged(Held(baseline(letters(6, 1)), baseline(letters(6, 1)), Gates()))["drop"]
    assert (tiny.outcome, tiny.test and tiny.test.visible) == ("undecided", None)
    assert "6 rows cannot judge it" in tiny.text


def test_under_thirty_clusters_nothing_is_judged() -> None:
    groups = [i % 25 for i in range(500)]
    now, before = baseline(letters(500, 200), groups), baseline(letters(500, 20), groups)
    found = judged(Held(now, before, Gates()), Again(now))["drop"]
    assert found.outcome == "undecided"
    assert "nothing is decided: only 25 clusters: at least 30 are needed" in found.text


def test_the_same_drop_fails_alone_and_not_in_a_crowd() -> None:
    now = baseline(letters(500, 32))  # 12 samples: p = 2^-12
    held = Held(now, BEFORE, Gates())
    assert 2 * 2.0**-12 < NIGHT_LEVEL < 60 * 2.0**-12 < RUN_LEVEL
    assert judged(held, Again(now))["drop"].outcome == "fail"
    crowded = judged(held, Again(now), crowd=29)["drop"]
    assert crowded.outcome == "undecided"
    assert crowded.test is not None and crowded.test.p_corrected == pytest.approx(60 * 2.0**-12)


def test_a_gate_set_to_note_asks_nobody_again() -> None:
    gates = Gates(drop=Limit(0.02, "note"), format_validity_drop=Limit(0.02, "ignore"))
    held = Held(baseline(letters(500, 60)), BEFORE, gates)
    assert first_look([held]).suspects == ()
    assert judged(held)["drop"].outcome == "note"
    assert "format_validity_drop" not in judged(held)


def test_a_broken_form_is_a_drop_of_validity() -> None:
    now = baseline(["f"] * 60 + ["+"] * 440)
    found = judged(Held(now, baseline(["-"] * 60 + ["+"] * 440), Gates()), Again(now))
    assert (found["format_validity_drop"].outcome, found["drop"].outcome) == ("fail", "pass")


def test_only_samples_with_the_same_right_answer_are_compared() -> None:
    other = baseline(letters(500, 500))
    moved = baseline(letters(500, 500), samples=tuple(_with_target(other)))
    found = judged(Held(moved, BEFORE, Gates()))["drop"]
    assert (found.outcome, found.test and found.test.n) == ("undecided", 0)
    assert "accept a new one" in found.text


def _with_target(made: Baseline) -> list[SampleResult]:
    return [replace(sample, target="f" * 16) for sample in made.samples]


def test_infrastructure_errors_are_nobody_s_drop() -> None:
    now = baseline(["e"] * 60 + ["+"] * 440)
    found = judged(Held(now, baseline(["+"] * 500), Gates()))
    assert found["drop"].outcome == "pass"
    assert found["drop"].test is not None and found["drop"].test.n == 440
    assert (found["infra_errors"].outcome, found["infra_errors"].value) == ("note", 0.12)


def test_cost_and_latency() -> None:
    dear = baseline(letters(500, 20), cost_per_1000_calls=0.13, latency_ms=Percentiles(800.0, 900.0))
    held = Held(dear, BEFORE, Gates())
    assert first_look([held]).suspects == (0,)
    found = judged(held, Again(dear))
    assert (found["cost_up"].outcome, found["latency_up"].outcome) == ("fail", "note")
    assert found["cost_up"].value == pytest.approx(0.3)
    assert judged(held, Again(BEFORE))["cost_up"].outcome == "note"
    assert judged(held)["cost_up"].outcome == "undecided"
    unknown = baseline(letters(500, 20), cost_per_1000_calls=None, latency_ms=None)
    assert {"cost_up", "latency_up"}.isdisjoint(judged(Held(unknown, BEFORE, Gates())))


def test_another_served_model_is_told() -> None:
    now = baseline(letters(500, 20), provenance=Provenance(served_model="claude-haiku-6"))
    assert judged(Held(now, BEFORE, Gates()))["served_model_change"].outcome == "note"
    found = judged(Held(now, BEFORE, Gates(served_model_change="fail")))["served_model_change"]
    assert found.outcome == "fail"
    assert "claude-haiku-6" in found.text


@pytest.mark.parametrize(
    ("then", "role", "outcome"), [("note", "frontier", "note"), ("fail", "frontier", "fail"), ("fail", "floor", "note")]
)
def test_below_good_enough_fails_only_where_the_suite_gates(then: str, role: str, outcome: str) -> None:
    need = Need("accuracy", 0.97)
    unmet = Requirement("haiku/default/prompt", need, "unmet", Gap(0.09, 0.06, 0.12), None, "below .97")
    gates = Gates(below_good_enough=then)  # type: ignore[arg-type]
    found = judged(Held(baseline(letters(500, 60), role=role), None, gates, (unmet,)))["below_good_enough"]
    assert (found.outcome, found.value) == (outcome, pytest.approx(0.88))


def as_baseline(run: tuple[Bools, Bools]) -> Baseline:
    return baseline(["+" if right else "-" if valid else "f" for right, valid in zip(*run, strict=True)])


@pytest.mark.parametrize("history", [0, 6])
def test_the_simulation_follows_the_gate(history: int) -> None:
    """The same draws through the gate and through the simulation of it give the same failures."""
    world = World(contenders=6, n=300, flaky=0.3, shift=0.3 if history else 0.0, history=history)
    failed = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        contenders = [Contender(world, rng) for _ in range(world.contenders)]
        broken = {i: rng.random(world.n) < 0.06 * i for i in range(3)}
        earlier_of = [tuple(as_baseline(run) for run in contender.nights) for contender in contenders]
        state = rng.bit_generator.state
        expected, _ = night_fails(contenders, rng, broken)
        rng.bit_generator.state = state
        same = baseline(letters(100, 10))
        others = [Held(same, same, Gates())] * (world.contenders - 1)  # so that the night has as many tests
        night, again = [], {}
        for i, contender in enumerate(contenders):
            chances, earlier = contender.night(rng), earlier_of[i]
            first = as_baseline(contender.run(rng, chances, broken.get(i)))
            night.append(Held(first, as_baseline(contender.baseline), Gates()))
            if first_look([night[i], *others]).suspects:
                again[i] = Again(as_baseline(contender.run(rng, chances, broken.get(i))), earlier=earlier)
        found = judge_night(night, first_look(night), again)
        assert [any(f.outcome == "fail" for f in findings) for findings in found] == expected
        failed += sum(expected)
    assert 0 < failed < 12 * 3


@pytest.mark.parametrize("luck", [1, 5])
def test_false_alarms_within_a_seeded_year(luck: int) -> None:
    done = year(World(luck=luck, flaky=0.1), 120, np.random.default_rng(luck))
    assert done.false_alarms <= 0.01
