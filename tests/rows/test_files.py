"""Files that are not what they seem, and cells that JSON does not know."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import SuiteError
from evalkit.rows.cell import as_id, is_empty
from evalkit.rows.files import file_rows
from evalkit.rows.formats import format_of, is_table

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv", "x.tsv", "x.parquet", "x.csv.gz", "x.jsonl.zip"])
def test_a_pointer_of_git_lfs_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(POINTER)
    with pytest.raises(SuiteError, match="Git LFS pointer") as caught:
        list(file_rows(tmp_path / name))
    assert caught.value.expected == "the file: run `git lfs pull`"


def test_json_lines_that_end_with_carriage_returns(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": "1\\r"}\r\r{"a": 2}\r{"a": }\r')
    rows = file_rows(path)
    assert [(place.line, row) for place, row in (next(rows), next(rows))] == [(1, {"a": "1\r"}), (3, {"a": 2})]
    with pytest.raises(SuiteError, match=r"x\.jsonl:4:7: not valid JSON"):
        next(rows)


def test_parquet_cells_that_json_has_not(tmp_path: Path) -> None:
    day = datetime.date(2026, 1, 2)
    rows: list[dict[str, Any]] = [
        {"f": float("nan"), "b": b"text", "raw": b"\xff", "l": [1.0, float("nan")], "d": day, "n": Decimal("5.00")}
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    ((_, row),) = file_rows(tmp_path / "x.parquet")
    assert row == {"f": None, "b": "text", "raw": b"\xff", "l": [1.0, None], "d": day, "n": Decimal("5.00")}


def test_the_format_is_in_the_ending() -> None:
    assert format_of(Path("a.CSV.gz")) == ".csv" and is_table(Path("a.CSV.gz"))
    assert format_of(Path("a.jsonl")) == ".jsonl" and not is_table(Path("a.jsonl"))


@pytest.mark.parametrize(("cell", "text"), [
    ("007", "007"), (7, "7"), (7.0, "7"), (Decimal("7.00"), "7"), (7.5, "7.5"), (True, "true"),
    (datetime.date(2026, 1, 2), "2026-01-02"),
])  # fmt: skip
def test_an_id_as_text(cell: Any, text: str) -> None:
    assert as_id(cell) == text


@given(st.none() | st.just(float("nan")) | st.text(" \t\n\u00a0", max_size=3))
def test_what_holds_nothing(cell: Any) -> None:
    assert is_empty(cell)
    assert not is_empty([cell]) and not is_empty(0) and not is_empty(False)
