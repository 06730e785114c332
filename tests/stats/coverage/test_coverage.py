"""The bench of coverage can be trusted: its truths are true, and what does not hold is named."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.f1 import macro_f1
from tests.stats.coverage.cell import Outcome, Share, simulate
from tests.stats.coverage.classes import SHAPES, Classes
from tests.stats.coverage.latencies import SIGMA, Autoregressive, Repeats, Spells
from tests.stats.coverage.shares import correlation, sizes_of
from tests.stats.coverage.table import FAMILIES, notes, section, worlds

BENCH = Path(__file__).parents[3] / "scripts" / "bench" / "coverage"
MANY = 400_000
P95 = np.exp(SIGMA * 1.6448536)


@dataclass(frozen=True)
class Coin:
    """A world whose interval and decisions are right by these chances."""

    covers: float
    met: float
    name: str = "a coin"

    def once(self, rng: np.random.Generator) -> Outcome:
        return Outcome(rng.random() < self.covers, bool(rng.random() < self.met), False)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("errors", [0.03, 0.3])
def test_the_true_macro_f1_is_that_of_very_many_rows(shape: str, errors: float) -> None:
    world = Classes(shape, errors, MANY)
    true, said = world.drawn(np.random.default_rng(3))
    assert np.mean(true != said) == pytest.approx(errors, rel=0.03)
    assert macro_f1(true, said, world.frequencies.size) == pytest.approx(world.truth, abs=0.003)


@pytest.mark.parametrize(
    ("world", "truth"),
    [
        (Autoregressive(0.0, MANY), P95),
        (Autoregressive(0.9, MANY), P95),
        (Spells(MANY), Spells(MANY).truth),
    ],
)
def test_the_true_p95_is_that_of_very_many_calls(world: Autoregressive | Spells, truth: float) -> None:
    values = world.drawn(np.random.default_rng(3))
    assert np.mean(values <= truth) == pytest.approx(0.95, abs=0.005)


def test_repeated_calls_are_alike_and_have_the_same_p95() -> None:
    values, groups = Repeats(MANY).drawn(np.random.default_rng(3))
    assert np.mean(values <= P95) == pytest.approx(0.95, abs=0.005)
    logs = np.log(values)
    means = np.bincount(groups, logs) / np.bincount(groups)
    assert np.var(logs - means[groups]) / np.var(logs) == pytest.approx(0.1 * 0.9, rel=0.1)


@pytest.mark.parametrize("sizes", ["equal", "lognormal"])
def test_clusters_have_the_design_effect_that_they_are_named_after(sizes: str) -> None:
    rng = np.random.default_rng(3)
    alike = correlation(sizes, 5.0)  # type: ignore[arg-type]
    rows = sizes_of(sizes, 300_000, rng).astype(float)  # type: ignore[arg-type]
    assert rows.mean() == pytest.approx(10, rel=0.05)
    assert 1 + (rows @ rows / rows.sum() - 1) * alike == pytest.approx(5, rel=0.08)


def test_what_does_not_hold_is_named() -> None:
    good = simulate("shares", Coin(0.95, 0.04), 2_000, 1)
    bad = simulate("shares", Coin(0.85, 0.2, "a bad coin"), 2_000, 1)
    assert not good.outside and not good.too_often
    assert bad.outside and list(bad.clearly) == ["met"]
    named = "\n".join(notes([good, bad]))
    assert named.count("a bad coin") == 2
    assert named.count("a coin") == 0
    assert "none" not in named
    assert "\n".join(notes([good])).count("none") == 2


def test_a_share_barely_over_5_percent_is_named_but_not_beyond_doubt() -> None:
    cell = replace(simulate("shares", Coin(0.95, 0.0), 200, 1), met=Share(18, 200))
    assert cell.met.interval[0] > 0.05
    assert list(cell.too_often) == ["met"]
    assert not cell.clearly


def test_every_world_has_a_name_of_its_own() -> None:
    names = [(family, world.name) for family, world in worlds(FAMILIES)]
    assert len(names) == len(set(names)) > 150


def test_a_cell_does_not_hang_on_which_others_are_asked() -> None:
    world = Repeats(200)
    (alone,) = [row for row in section("p95", [simulate("p95", world, 4, 7)]) if row.startswith(world.name)]
    asked = subprocess.run(
        [sys.executable, BENCH, "--simulations", "4", "--seed", "7", "--only", "p95", "--processes", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode in (0, 1), asked.stderr
    (row,) = [row for row in asked.stdout.splitlines() if row.startswith(world.name)]
    assert row.split() == alone.split()
