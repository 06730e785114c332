"""samples.parquet: its columns are said once, and only those that are asked for are read, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from evalkit.errors import RunError
from evalkit.records.sample_row import SampleRow
from evalkit.store.samples import SampleFile, columns
from tests.store.rows import row, stored

LATER = ("grade", "lenient_grade", "fields")  # not in the files of an older evalkit


def without(file: SampleFile, *names: str) -> SampleFile:
    """The same file as if these columns had never been."""
    pq.write_table(pq.read_table(file.path).drop_columns(list(names)), file.path)
    return SampleFile(file.path)


def test_the_columns_of_the_record_are_those_of_the_file(tmp_path: Path) -> None:
    schema = pq.read_schema(stored(tmp_path, [row()]).path)
    assert schema.names == list(SampleRow.__struct_fields__) == list(columns())
    kinds = {name: str(schema.field(name).type) for name in ("key", "index", "epoch", "correct", "cost_usd")}
    assert kinds == {"key": "string", "index": "int64", "epoch": "int32", "correct": "bool", "cost_usd": "double"}


def test_chosen_columns_of_a_split_in_order(tmp_path: Path) -> None:
    rows = [
        row(contender="b", index=1, epoch=1, sample_id="y"),
        row(contender="b", index=1, epoch=0, sample_id="x"),
        row(contender="a", index=2, sample_id="w"),
        row(contender="a", index=0, split="dev", sample_id="d"),
    ]
    file = stored(tmp_path, rows)
    assert file.table(["sample_id"])["sample_id"].to_pylist() == ["y", "x", "w", "d"]
    assert file.table(["sample_id"], "test")["sample_id"].to_pylist() == ["y", "x", "w"]
    ordered = file.table(["sample_id", "key"], "test", in_order=True)
    assert ordered.column_names == ["sample_id", "key"] and ordered["sample_id"].to_pylist() == ["w", "x", "y"]


def test_texts_as_codes_and_numbers_without_nulls(tmp_path: Path) -> None:
    groups = ["b", None, "a", "b"] * 1000  # more than one row group
    file = stored(tmp_path, [row(group=group, latency_ms=None if group is None else 1.5) for group in groups])
    codes, values = file.coded("group")
    assert [values[code] if code >= 0 else None for code in codes.tolist()] == groups and len(values) == 2
    assert file.numbers("latency_ms", -1)[:4].tolist() == [1.5, -1, 1.5, 1.5]
    assert file.coded("note").codes.tolist() == [-1] * 4000


def test_no_column_is_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = stored(tmp_path, [row()])
    asked: list[str] = []
    read = pq.ParquetFile.read

    def counted(self: Any, names: Any) -> Any:
        asked.extend(names)
        return read(self, names)

    monkeypatch.setattr(pq.ParquetFile, "read", counted)
    file.table(["key", "status"], "test")
    file.table(["status", "correct"], in_order=True)
    file.coded("key"), file.numbers("correct")
    assert sorted(asked) == ["contender", "correct", "epoch", "index", "key", "split", "status"]


def test_a_column_that_the_file_is_too_old_for_is_null(tmp_path: Path) -> None:
    file = without(stored(tmp_path, [row(grade=0.5), row(grade=1.0)]), *LATER)
    assert file.table(["grade", "key"]).to_pydict() == {"grade": [None, None], "key": ["k", "k"]}
    frame = file.frame()
    assert list(frame.columns) == list(columns()) and frame[list(LATER)].isna().all(axis=None)


@pytest.mark.parametrize("name", ["contender", "correct", "target"])
def test_a_column_that_every_file_has_is_missed(tmp_path: Path, name: str) -> None:
    file = without(stored(tmp_path, [row()]), name)
    for read in (lambda: file.table(["key"]), file.frame):
        with pytest.raises(RunError, match=f"samples.parquet: cannot be read: damaged, it has no column '{name}'"):
            read()


def test_a_column_of_another_kind_is_told(tmp_path: Path) -> None:
    file = stored(tmp_path, [row()])
    table = pq.read_table(file.path)
    place = table.schema.get_field_index("index")
    pq.write_table(table.set_column(place, "index", table["key"]), file.path)
    with pytest.raises(RunError, match=r"samples\.parquet: cannot be read"):
        SampleFile(file.path).numbers("index")


def test_columns_of_a_newer_evalkit_stay_in_the_frame(tmp_path: Path) -> None:
    file = stored(tmp_path, [row()])
    table = pq.read_table(file.path)
    pq.write_table(table.append_column("mood", table["key"]), file.path)
    assert list(SampleFile(file.path).frame().columns) == [*columns(), "mood"]


def test_no_and_none_are_not_unknown(tmp_path: Path) -> None:
    table = pq.read_table(stored(tmp_path, [row(from_cache=False, retries=0, cost_usd=0.0, ttft_ms=None)]).path)
    written = table.select(["from_cache", "retries", "cost_usd", "ttft_ms"]).to_pylist()
    assert written == [{"from_cache": False, "retries": 0, "cost_usd": 0.0, "ttft_ms": None}]
