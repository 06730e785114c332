"""A run and its baselines that were written before files were typed: everything still opens, with the same figures.

`old_run` holds eight rows made by hand, two contenders and two epochs; `poor` misses the form three times.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import evalkit as package
from evalkit.records.comparison import CompareOptions
from evalkit.records.sample_row import SampleRow
from evalkit.regression.baselines import read_baseline
from evalkit.store.read import read_run
from evalkit.workflows.baseline import accept, accepted_baselines, diff, open_baseline
from evalkit.workflows.compare import compare
from evalkit.workflows.history import history
from evalkit.workflows.memo import memo_of
from evalkit.workflows.reopen import open_run
from evalkit.workflows.scope import answered, open_scope
from tests.cli_helper import evalkit

RUN = "runs/tickets/2026-11-28T15-35-09Z-6d8886"
GOOD, POOR = "good/default/prompt", "poor/default/prompt"
ADDED = ["grade", "lenient_grade", "fields"]  # columns that came later


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(Path(__file__).parent / "old_run", tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    return tmp_path / "old"


def test_the_report_shows_its_figures_and_its_verdict(old: Path) -> None:
    _, result = open_run(Path("runs/tickets"))
    good, poor = result.contenders
    assert good.metrics and good.metrics["accuracy"] and good.metrics["accuracy"].value == 0.875
    assert poor.metrics and poor.metrics["accuracy"] and poor.metrics["accuracy"].value == 0.375
    assert poor.status is not None and (poor.status["ok"], poor.status["format_invalid"]) == (10, 6)
    assert result.verdict is not None and result.verdict.outcome == "NOT_YET"
    done = evalkit("report", RUN, cwd=old)
    assert done.code == 0 and ".875 [.316, .991]" in done.out and "NOT YET" in done.out, done.err


def test_its_contenders_are_compared(old: Path) -> None:
    (pair,) = compare([RUN], CompareOptions(flips=9)).pairs
    assert (pair.a, pair.b, pair.n, pair.only_a, pair.only_b, pair.clusters) == (GOOD, POOR, 8, 5, 1, 4)
    assert pair.difference.value == -0.5 and pair.differences == ()
    flips = {flip.sample_id: flip for flip in pair.flips}
    assert set(flips) == {"t2", "t3", "t5", "t6", "t7", "t8"}
    assert (flips["t2"].answer_b, flips["t2"].read_b, flips["t2"].right) == ("The answer is delivery.", None, "a")
    assert (flips["t6"].answer_a, flips["t6"].target) == ("other", "billing")


def test_its_baselines_are_shown_and_nothing_differs_from_the_run(old: Path) -> None:
    listed = accepted_baselines()
    assert [path.name for path, _ in listed] == ["good.default.prompt.json", "poor.default.prompt.json"]
    _, poor = open_baseline(f"tickets:{POOR}")
    assert [sample.answers for sample in poor.samples] == ["++", "ff", "--", "++", "ff", "++", "--", "ff"]
    compared = diff(RUN, None, CompareOptions())
    assert [(pair.difference.value, pair.n, pair.differences) for pair in compared.pairs] == [(0.0, 8, ())] * 2
    for command in (("baseline", "show", f"tickets:{GOOD}"), ("baseline", "diff", RUN)):
        done = evalkit(*command, cwd=old)
        assert done.code == 0 and GOOD in done.out, done.err


def test_accepting_it_again_gives_the_same_bytes(old: Path) -> None:
    """So all its digests (data, prompt, scoring, needs, right answers) are still made in the same way."""
    accepted = accept(Path(RUN))
    assert [(each.baseline.contender, each.changed) for each in accepted] == [(GOOD, False), (POOR, False)]
    assert accepted[0].baseline == read_baseline(accepted[0].path)


def test_history_and_scope_open_it(old: Path) -> None:
    found = history("suite.yaml")
    assert [(each.id, len(each.nights)) for each in found.contenders] == [(GOOD, 1), (POOR, 1)] and found.notes == ()
    night = found.contenders[0].nights[0]
    assert (night.when, night.scoring, night.cached) == ("2026-11-28T15:35:10+00:00", "0.1.0", False)
    assert night.data == accept(Path(RUN))[0].baseline.provenance.data
    for where in (RUN, "suite.yaml"):
        decided = answered(open_scope(Path(where)), {})
        assert decided.verdict is not None and decided.verdict.outcome == "NOT_YET"


def test_the_memo_shows_its_worst_examples(old: Path) -> None:
    memo = memo_of(*open_run(Path(RUN)))
    assert memo.splits == {"test": 8} and memo.command == "python -m evalkit run suite.yaml"
    assert [(w.contender, w.sample_id, w.text, w.others_right) for w in memo.worst] == [(GOOD, "t6", "other", 1)]


def test_it_is_read_as_frames(old: Path) -> None:
    stored = package.load_run(RUN)
    frame = stored.samples
    assert list(frame.columns) == list(SampleRow.__struct_fields__) and len(frame) == 32
    assert frame[ADDED].isna().all(axis=None)
    assert list(frame["sample_id"][:4]) == ["t1", "t1", "t2", "t2"] and list(frame["epoch"][:4]) == [0, 1, 0, 1]
    assert frame.groupby("contender", observed=True)["correct"].sum().to_dict() == {GOOD: 14, POOR: 6}
    assert frame[frame["sample_id"] == "t8"]["text"].iloc[-1] == "not a label"
    assert list(stored.contenders["id"]) == [GOOD, POOR] and len(stored.requirements) == 4
    assert stored.manifest["suite"]["path"] == "suite.yaml" and stored.summary["suite"] == "tickets"
    assert stored.about.description == "Sorts support tickets by what they are about."


def test_it_holds_no_path_of_the_machine_that_wrote_it() -> None:
    stored = read_run(Path(__file__).parent / "old_run" / RUN)
    assert not Path(stored.about.suite.path).is_absolute() and str(Path.home()) not in str(stored.manifest)
