"""One pass over the columns gives what a plain reading of the rows gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.records.baseline import letter
from evalkit.records.sample_row import SampleRow
from evalkit.regression.answers import RunAnswers
from evalkit.regression.differences import target_digest
from evalkit.regression.flaky import flaky_items
from evalkit.regression.results import results_of_run
from evalkit.store import read
from tests.store.rows import row, stored

OLD = Path(__file__).parent.parent / "store" / "old_run" / "runs" / "tickets"
STATUS = st.sampled_from(["ok", "ok", "ok", "format_invalid", "truncated", "refused", "rejected", "infra_error"])


@st.composite
def some_rows(draw: st.DrawFn) -> list[SampleRow]:
    """Rows of two contenders on two splits, in any order."""
    rows = []
    for contender in "ab":
        for i in range(draw(st.integers(0, 5))):
            group, target = draw(st.sampled_from([None, "g", "h"])), draw(st.sampled_from(["x", "ÿ", ""]))
            place = draw(st.integers(0, 3))
            split = draw(st.sampled_from(["test", "test", "dev"]))
            for epoch in range(draw(st.integers(1, 3))):
                rows.append(
                    row(
                        contender=contender,
                        split=split,
                        sample_id=f"s{i}",
                        index=place,
                        epoch=epoch,
                        group=group,
                        target=target,
                        status=draw(STATUS),
                        correct=draw(st.booleans()),
                    )
                )
    return draw(st.permutations(rows))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(some_rows())
def test_samples_are_what_their_rows_say(tmp_path: Path, rows: list[SampleRow]) -> None:
    read_back = RunAnswers(stored(tmp_path, rows))
    for contender in "abc":
        for split in ("test", "dev"):
            mine = [each for each in rows if (each.contender, each.split) == (contender, split)]
            answers = read_back.of(contender, split)
            if not mine:
                assert answers is None
                continue
            assert answers is not None
            by_id: dict[str, list[SampleRow]] = {}
            for each in mine:
                by_id.setdefault(each.sample_id, []).append(each)
            ids = sorted(by_id, key=lambda name: by_id[name][0].index)
            assert answers.ids == tuple(ids)
            assert answers.epochs == max(len(of) for of in by_id.values())
            grouped = any(each.group is not None for each in mine)
            assert answers.groups == (tuple(by_id[name][0].group for name in ids) if grouped else None)
            for i, name in enumerate(ids):
                said = sorted(by_id[name], key=lambda each: each.epoch)
                kept = [each.correct for each in said if each.status != "infra_error"]
                assert answers.letters[i] == "".join(letter(each.status, each.correct) for each in said)
                assert answers.correct[i] == (sum(kept) / len(kept) if kept else None)
                assert answers.targets[i] == target_digest(said[0].target)
                assert rows[int(answers.rows[i])] is by_id[name][0]


def test_of_an_epoch_that_stands_twice_the_later_row_counts(tmp_path: Path) -> None:
    rows = [row(epoch=1, correct=False), row(epoch=0, correct=False), row(epoch=1, correct=True)]
    answers = RunAnswers(stored(tmp_path, rows)).of("m/default/prompt", "test")
    assert answers is not None and answers.letters == ("-+",)


def test_a_night_reads_each_file_and_each_column_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its results, their sides and the flaky samples share one reading of the run."""
    columns: list[str] = []
    parquet, opened = pq.ParquetFile.read, read.load_run
    folders: list[Any] = []

    def counted(self: Any, names: list[str]) -> Any:
        columns.extend(names)
        return parquet(self, names)

    monkeypatch.setattr(pq.ParquetFile, "read", counted)
    monkeypatch.setattr(read, "load_run", lambda path: folders.append(path) or opened(path))
    results = results_of_run(OLD)
    flaky = flaky_items(results.stored.answers, ())
    assert list(flaky) == list(results.baselines) == ["good/default/prompt", "poor/default/prompt"]
    assert len(folders) == 1 and len(columns) == len(set(columns))
