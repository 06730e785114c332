"""Which runs are earlier nights of a contender, and what they change in the finding."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from evalkit.records.baseline import Baseline
from evalkit.records.check import Finding, Gates
from evalkit.records.comparison import Provenance
from evalkit.regression.earlier import earlier_nights, like
from evalkit.regression.gates import Again, Held, first_look, judge_night
from evalkit.regression.results import results_of_run
from tests.builders.baselines import baseline

OLD = Path(__file__).parents[1] / "store/old_run/runs/tickets/2026-11-28T15-35-09Z-6d8886"
GOOD = "good/default/prompt"
TONIGHT = "2026-12-05T02-00-00Z-aaaaaa"


def test_a_night_is_like_its_baseline_by_rows_prompt_scoring_and_model() -> None:
    before = baseline(["+"] * 9)
    night = replace(before, run="2026-11-25T02-00-00Z-cd12ef")
    assert like(night, before)
    assert not like(before, before)
    assert not like(replace(night, epochs=2), before)
    known = before.provenance
    for name in ("data", "prompt", "scoring", "served_model"):
        assert not like(replace(night, provenance=replace(known, **{name: "other"})), before)
    assert like(replace(night, provenance=Provenance(data="d")), before)
    assert like(replace(night, provenance=replace(known, version="0.2.0", created="2026-11-25")), before)


def test_the_last_run_of_each_day_before_tonight_counts(tmp_path: Path) -> None:
    for name in (
        "2026-11-29T02-00-00Z-a",
        "2026-11-29T23-00-00Z-b",
        "2026-12-01T02-00-00Z-c",
        "2026-12-05T01-00-00Z-d",
    ):
        shutil.copytree(OLD, tmp_path / name)
    shutil.copytree(OLD, tmp_path / "2026-12-06T02-00-00Z-later")
    (tmp_path / "2026-12-02T02-00-00Z-e").mkdir()
    (tmp_path / "2026-12-02T02-00-00Z-e/manifest.json").write_text("{", encoding="utf-8")
    accepted = results_of_run(OLD).baselines
    found = earlier_nights(tmp_path, TONIGHT, {GOOD: accepted[GOOD]})
    assert [night.run[-1] for night in found[GOOD]] == ["b", "c"]
    other = replace(accepted[GOOD], provenance=replace(accepted[GOOD].provenance, data="other"))
    assert earlier_nights(tmp_path, TONIGHT, {GOOD: other}) == {GOOD: ()}


def unsteady(rng: np.random.Generator, wrong: int = 0, shift: float = 0.0) -> Baseline:
    """500 samples, 150 of them flaky, moved by `shift` (logits); the first `wrong` are wrong."""
    chances = np.where(np.arange(500) < 350, 1.0, 1 / (1 + np.exp(-1 - shift)))
    right = (rng.random(500) < chances) & (np.arange(500) >= wrong)
    return baseline(["+" if each else "-" for each in right])


def judged(earlier: list[Baseline], seed: int = 1, wrong: int = 32) -> Finding:
    rng = np.random.default_rng(seed)
    before, now, fresh = unsteady(rng), unsteady(rng, wrong), unsteady(rng, wrong)
    held = Held(now, before, Gates())
    again = Again(fresh, earlier=tuple(earlier))
    return next(f for f in judge_night([held], first_look([held]), {0: again})[0] if f.gate == "drop")


def test_one_night_cannot_tell_a_bad_night_from_a_worse_model() -> None:
    found = judged([])
    assert found.outcome == "undecided"
    assert "one night cannot tell a bad night from a worse model" in found.text
    assert "without earlier nights they are taken to differ by" in found.text
    assert found.text.endswith("Check again on another night")
    assert found.test is not None and found.test.nights == 1


def test_quiet_nights_before_it_tell() -> None:
    rng = np.random.default_rng(2)
    found = judged([unsteady(rng) for _ in range(12)])
    assert found.outcome == "fail"
    assert found.test is not None and found.test.nights == 13
    assert found.test.night is not None and found.test.night < 0.018


def test_nights_that_differ_as_much_do_not() -> None:
    rng = np.random.default_rng(3)
    found = judged([unsteady(rng, shift=rng.normal(0, 1.0)) for _ in range(12)])
    assert found.outcome == "undecided"
    assert "they differ by" in found.text and "13 nights" in found.text


def test_nights_just_before_that_fell_too_are_in_question() -> None:
    """A regression that nobody mended does not become what is usual."""
    rng = np.random.default_rng(4)
    quiet = [unsteady(rng) for _ in range(8)]
    found = judged([*quiet, *(unsteady(rng, wrong=40) for _ in range(4))])
    assert found.outcome == "fail"
    assert found.test is not None and found.test.nights == 9


def test_a_large_drop_needs_no_other_night() -> None:
    assert judged([], wrong=150).outcome == "fail"
