"""A run's folder: whole or not there, and read back."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.errors import RunError, RunNotWritten
from evalkit.records.sample_row import SampleRow
from evalkit.store import samples
from evalkit.store.read import load_run
from evalkit.store.runs import RunWriter, newest_run
from evalkit.store.samples import columns
from tests.store.rows import ROW, row

SUMMARY = {"contenders": [{"id": "m", "metrics": {"accuracy": {"value": 0.5}}}], "requirements": []}


def rows(n: int) -> list[SampleRow]:
    """Rows of two contenders in no order."""
    return [row(index=n - i, sample_id=str(n - i), contender=f"c{i % 2}") for i in range(n)]


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*") if not path.name.startswith("."))


def test_the_folder_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, "s")
    for each in rows(5000):
        writer.add(each)
    assert visible(tmp_path / "s") == [] and newest_run(tmp_path / "s") is None
    folder = writer.close({"suite": "s"}, SUMMARY)
    assert folder == writer.folder and visible(tmp_path / "s") == [folder.name]
    assert visible(folder) == ["manifest.json", "samples.parquet", "summary.json"]
    assert list((tmp_path / "s").iterdir()) == [folder]
    writer.discard()  # what ends every run; nothing is left to remove
    assert visible(folder) == ["manifest.json", "samples.parquet", "summary.json"]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, "s")
    for each in rows(5000):
        writer.add(each)
    stored = load_run(writer.close({"suite": "s"}, SUMMARY))
    frame = stored.samples
    assert list(frame.columns) == list(columns()) and len(frame) == 5000
    assert list(frame.groupby("contender", observed=True).size()) == [2500, 2500]
    assert frame["index"].is_monotonic_increasing is False
    assert all(part["index"].is_monotonic_increasing for _, part in frame.groupby("contender", observed=True))
    assert frame["text"][0] == ROW.text and frame["note"].isna().all() and frame["cost_usd"].sum() == 1250
    assert stored.manifest == {"suite": "s"}
    assert stored.contenders["metrics.accuracy.value"][0] == 0.5 and len(stored.requirements) == 0


_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["2026-11-24", "1e5", "null", "NaN", "{}"])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(_TEXT, st.none() | _TEXT, st.none() | st.floats(0, 1e9), st.none() | st.booleans()), min_size=1)
)
def test_any_text_and_any_number_come_back(tmp_path: Path, values: list[tuple[str, str | None, Any, Any]]) -> None:
    writer = RunWriter(tmp_path, "s")
    names = ("text", "answer", "latency_ms", "correct")
    for i, value in enumerate(values):
        writer.add(row(index=i, **dict(zip(names, value, strict=True))))
    frame = load_run(writer.close({}, SUMMARY)).samples
    rows_back = frame[list(names)].astype(object).where(frame[list(names)].notna(), None)
    assert list(rows_back.itertuples(index=False, name=None)) == values


def test_a_run_without_rows(tmp_path: Path) -> None:
    frame = load_run(RunWriter(tmp_path, "s").close({}, SUMMARY)).samples
    assert len(frame) == 0 and list(frame.columns) == list(columns())


@pytest.mark.parametrize("n", [0, 3, 5000])
def test_discarding_leaves_nothing(tmp_path: Path, n: int) -> None:
    writer = RunWriter(tmp_path, "s")
    for each in rows(n):
        writer.add(each)
    writer.discard()
    writer.discard()
    assert list((tmp_path / "s").iterdir()) == []


def test_two_writers_at_once_do_not_meet(tmp_path: Path) -> None:
    one, other = RunWriter(tmp_path, "s"), RunWriter(tmp_path, "s")
    one.add(ROW)
    other.discard()
    assert len(load_run(one.close({}, SUMMARY)).samples) == 1


def age(path: Path, hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def test_leftovers_of_killed_runs_are_removed(tmp_path: Path) -> None:
    killed = RunWriter(tmp_path, "s")
    for each in rows(5000):
        killed.add(each)
    work = next((tmp_path / "s").iterdir())
    for path in (*work.iterdir(), work):
        age(path, 25)
    live = RunWriter(tmp_path, "s")
    assert not work.exists()
    live.discard()


def test_a_run_of_many_hours_is_no_leftover(tmp_path: Path) -> None:
    """Its folder is old, but it was written to a moment ago."""
    long = RunWriter(tmp_path, "s")
    for each in rows(5000):
        long.add(each)
    work = next((tmp_path / "s").iterdir())
    age(work, 30)
    RunWriter(tmp_path, "s").discard()
    assert len(load_run(long.close({}, SUMMARY)).samples) == 5000


def test_a_finished_run_is_never_a_leftover(tmp_path: Path) -> None:
    folder = RunWriter(tmp_path, "s").close({}, SUMMARY)
    age(folder, 10_000)
    RunWriter(tmp_path, "s").discard()
    assert folder.is_dir()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(RunNotWritten, match=r"file.*: cannot write the run here: "):
        RunWriter(tmp_path / "file", "s")


def test_a_folder_that_vanished_is_told(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, "s")
    writer.discard()
    with pytest.raises(RunNotWritten, match=r"samples\.parquet: cannot be written"):
        writer.close({}, SUMMARY)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the writer closes itself again
@pytest.mark.parametrize("when", ["rows", "footer"])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    import pyarrow.parquet as pq

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table" if when == "rows" else "close", full)
    writer = RunWriter(tmp_path, "s")
    writer.add(ROW)
    with pytest.raises(RunNotWritten, match="No space left on device"):
        writer.close({}, SUMMARY)
    writer.discard()
    assert list((tmp_path / "s").iterdir()) == []


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, "s")
    for each in rows(10_000):
        writer.add(each)
        assert writer._samples._waiting < samples._ROWS_AT_ONCE
    writer.discard()


@pytest.mark.parametrize("name", ["manifest.json", "summary.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_a_damaged_run_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    folder = RunWriter(tmp_path, "s").close({}, SUMMARY)
    (folder / name).write_bytes(content)
    with pytest.raises(RunError, match=f"{folder}: damaged"):
        load_run(folder)


@pytest.mark.parametrize("content", [b"", b"PAR1 or not", None])
def test_damaged_samples_are_told(tmp_path: Path, content: bytes | None) -> None:
    folder = RunWriter(tmp_path, "s").close({}, SUMMARY)
    path = folder / "samples.parquet"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(RunError, match=r"samples\.parquet: cannot be read"):
        _ = load_run(folder).samples


def test_samples_without_their_columns_are_told(tmp_path: Path) -> None:
    import pandas as pd

    folder = RunWriter(tmp_path, "s").close({}, SUMMARY)
    pd.DataFrame({"x": [1]}).to_parquet(folder / "samples.parquet")
    with pytest.raises(RunError, match=r"samples\.parquet: cannot be read"):
        _ = load_run(folder).samples


def test_what_is_no_run_names_the_newest_one_in_it(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"absent: not a run's folder"):
        load_run(tmp_path / "absent")
    first, second = (RunWriter(tmp_path, "s") for _ in range(2))
    first.close({}, SUMMARY)
    newest = second.close({}, SUMMARY)
    assert newest_run(tmp_path / "s") == newest  # also within one second
    with pytest.raises(RunError, match=f"the newest run in it is {newest}"):
        load_run(str(tmp_path / "s"))
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match="not a run's folder"):
        load_run(tmp_path / "file")


def test_numbers_that_json_lacks_are_null(tmp_path: Path) -> None:
    folder = RunWriter(tmp_path, "s").close({"nan": float("nan"), "path": Path("x")}, SUMMARY)
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8")) == {"nan": None, "path": "x"}
