"""Every format gives the same rows; every broken file is told with its place; no row is kept."""

from __future__ import annotations

import bz2
import contextlib
import csv
import gzip
import json
import lzma
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.errors import SuiteError
from evalkit.suite.data.rows import RowSource
from tests.data import ROOT

BOM = b"\xef\xbb\xbf"
TEXTS = [
    {"id": "007", "text": 'She said "no"\r\nand left, twice', "label": "NA"},
    {"id": "8", "text": "2020-01-01T00:00:00", "label": ""},
    {"id": "9", "text": "Grüße \U0001f600 \u2028 end", "label": "null"},
]
CSV = (
    'id,text,label\n007,"She said ""no""\r\nand left, twice",NA\n'
    "8,2020-01-01T00:00:00,\n9,Grüße \U0001f600 \u2028 end,null\n"
)


def read(path: Path) -> list[Any]:
    return [row for _, row in RowSource((str(path),)).rows()]


def lines(path: Path) -> list[int | None]:
    return [place.line for place, _ in RowSource((str(path),)).rows()]


def failure(path: Path, content: bytes) -> SuiteError:
    path.write_bytes(content)
    with pytest.raises(SuiteError) as caught:
        read(path)
    assert caught.value.file == path
    return caught.value


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def as_jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def zipped(path: Path, content: bytes) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner", content)
    return path.read_bytes()


FORMATS: dict[str, bytes] = {
    "x.jsonl": as_jsonl(TEXTS),
    "x.ndjson": as_jsonl(TEXTS) + b"\n",
    "x.JSONL": BOM + b"\n\r\n" + as_jsonl(TEXTS).replace(b"\n", b"\r\n \t\r\n") + b"\r\n\r\n",
    "x.json": json.dumps(TEXTS, ensure_ascii=False).encode(),
    "y.json": BOM + json.dumps(TEXTS, indent=2).encode(),
    "x.csv": CSV.encode(),
    "y.csv": BOM + b"\n" + CSV.replace(",\n", ",\n\n").encode(),
    "x.tsv": CSV.replace("id,text,label", '"id","text","label"')
    .replace("left, ", "left; ")
    .replace(",", "\t")
    .replace("left; ", "left, ")
    .encode(),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_text_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FORMATS[name])
    assert read(tmp_path / name) == TEXTS


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
}


@pytest.mark.parametrize("ending", [*COMPRESSED, "zip"])
@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.tsv", "x.json"])
def test_a_compressed_file_gives_the_rows_of_the_plain_one(tmp_path: Path, name: str, ending: str) -> None:
    """To the cell: `NA`, `007` and what looks like a date stay text."""
    path = tmp_path / f"{name}.{ending}"
    compress = COMPRESSED.get(ending, lambda data: zipped(path, data))
    path.write_bytes(compress(FORMATS[name]))
    assert read(path) == TEXTS


def test_parquet_keeps_types(tmp_path: Path) -> None:
    rows = [{"i": 1, "f": 0.5, "b": True, "n": None, "l": [1], "o": {"x": "y"}}, {"i": 2, "n": "z"}]
    found = read(parquet(tmp_path / "x.parquet", rows))
    assert found[0] == rows[0]
    assert found[1] == {"i": 2, "f": None, "b": None, "n": "z", "l": None, "o": None}
    (tmp_path / "x.parquet.gz").write_bytes(gzip.compress((tmp_path / "x.parquet").read_bytes()))
    assert read(tmp_path / "x.parquet.gz") == found


def test_places_are_where_rows_start(tmp_path: Path) -> None:
    for name, content, expected in [
        ("a.jsonl", b'\n{"a":1}\n\n{"a":2}', [2, 4]),
        ("a.csv", b'h\n"one\ntwo"\nthree\n\nfour', [2, 4, 6]),
        ("a.json", b'[{"a":1},{"a":2}]', [1, 2]),  # a number of the row: all stand in one line
    ]:
        (tmp_path / name).write_bytes(content)
        assert lines(tmp_path / name) == expected, name
    assert lines(parquet(tmp_path / "a.parquet", [{"a": i} for i in range(2000)])) == list(range(1, 2001))


def test_several_files_are_read_in_their_order(tmp_path: Path) -> None:
    for name, value in (("b.jsonl", 1), ("a.jsonl", 2)):
        (tmp_path / name).write_text(f'{{"a":{value}}}')
    paths = (str(tmp_path / "b.jsonl"), str(tmp_path / "a.jsonl"))
    assert [(p.file.name, r["a"]) for p, r in RowSource(paths).rows()] == [("b.jsonl", 1), ("a.jsonl", 2)]


BROKEN = [
    # (file, content, line, column, what is said)
    ("x.jsonl", b'{"a": 1}\n{"a" 2}\n', 2, 6, "not valid JSON: Expecting ':'"),
    ("x.jsonl", b'{"a": 1', 1, 8, "not valid JSON"),
    ("x.jsonl", b"\n\xc3\xa4", 2, 1, "not valid JSON"),
    ("x.jsonl", '{"ä": "ö", }'.encode(), 1, 12, "not valid JSON"),
    ("x.jsonl", BOM + b"{,}", 1, 2, "not valid JSON"),
    ("x.jsonl", b'{"a": NaN}', 1, None, "NaN is no JSON value"),
    ("x.jsonl", b'{"a": "\\ud800"}', 1, None, "half a surrogate pair"),
    ("x.jsonl", b'{"a": 1e999}', 1, None, "a number out of range"),
    ("x.jsonl", b"[" * 100_000, 1, None, "nested too deep"),
    ("x.jsonl", b'{"a": 1}\n[1]\n', 2, None, "expected an object with columns, found a list"),
    ("x.jsonl", b"null", 1, None, "found null"),
    ("x.jsonl", b"3", 1, None, "found a number"),
    ("x.jsonl", b'"t"', 1, None, "found text"),
    ("x.jsonl", b"true", 1, None, "found true or false"),
    ("x.jsonl", b'{"a": "x"}\n{"a": "\xc3\xa4\xff"}\n', 2, 9, "not UTF-8: byte 0xff"),
    ("x.json", b"", 1, 1, "not valid JSON"),
    ("x.json", b'[\n{"a": 1},\n{"a": }\n]', 3, 7, "not valid JSON: Expecting value"),
    ("x.json", b'{"data": []}', 1, None, "expected a list of objects, found an object"),
    ("x.json", b'[{"a": 1}, 2]', 2, None, "expected an object with columns, found a number"),
    ("x.json", b'[\n{"a": "\xe4"}]', 2, 8, "not UTF-8: byte 0xe4"),
    ("x.json", b'{"a": 1}\n{"a": 2}\n', 2, 1, "Extra data"),
    ("x.csv", b"", 1, None, "the file is empty"),
    ("x.csv", b"\n\n", 1, None, "the file is empty"),
    ("x.csv", b'a,b\n1,2\n"x\ny",3\n4\n', 5, None, "expected 2 columns as in the header, found 1"),
    ("x.csv", b'a,b\n1,2\n"x\ny",3,4\n', 3, None, "expected 2 columns as in the header, found 3"),
    ("x.csv", b'a,b\n1,2\n3,"never closed\n5,6\n', 3, None, "the row that starts here is not valid CSV"),
    ("x.csv", b'a,b\n"x"y,2\n', 2, None, "not valid CSV"),
    ("x.csv", b"a,b,a\n", 1, None, "the column 'a' is given twice"),
    ("x.csv", b"a,b\n" + b"1,2\n" * 500 + b"\xc3\xa4\xff,2\n", 502, 2, "not UTF-8: byte 0xff"),
    ("x.csv", "a,b\n1,2\n".encode("utf-16"), 1, 1, "not UTF-8: byte 0xff"),
    ("x.tsv", b"a\tb\n1\n", 2, None, "expected 2 columns"),
    ("x.parquet", b"PAR1 no", 1, None, "not a readable Parquet file"),
    ("x.parquet", b"", 1, None, "not a readable Parquet file"),
    ("x.jsonl.gz", b'{"a": 1}', None, None, "cannot be read"),
    ("x.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 99, mtime=0)[:-20], None, None, "cannot be read"),
    ("x.jsonl.gz", gzip.compress(b'{"a": 1}\n{"a"', mtime=0), 2, 5, "not valid JSON"),
    ("x.csv.bz2", bz2.compress(b"a,b\n\xff,1\n"), 2, 1, "not UTF-8: byte 0xff"),
    ("x.csv.xz", b"no", None, None, "cannot be read"),
    ("x.csv.zst", b"no", None, None, "cannot be read"),
    ("x.csv.zip", b"no", None, None, "cannot be read"),
    ("x.xlsx", b"PK", None, None, "cannot read .xlsx"),
    ("x", b"{}", None, None, "cannot tell the format"),
    ("x.gz", b"{}", None, None, "cannot tell the format"),
]


@pytest.mark.parametrize(("name", "content", "line", "column", "says"), BROKEN)
def test_a_broken_file_is_told_with_its_place(
    tmp_path: Path, name: str, content: bytes, line: int | None, column: int | None, says: str
) -> None:
    error = failure(tmp_path / name, content)
    assert says in error.problem
    assert (error.line, error.column) == (line, column)


def test_the_rows_before_a_broken_one_are_given(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":2}\n{')
    rows = RowSource((str(path),)).rows()
    assert [next(rows)[1], next(rows)[1]] == [{"a": 1}, {"a": 2}]
    with pytest.raises(SuiteError, match=r"x\.jsonl:3:2"):
        next(rows)


def test_a_parquet_file_that_ends_early_tells_the_row(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet", [{"a": os.urandom(50).hex()} for _ in range(3000)])
    data = bytearray(path.read_bytes())
    data[1000:60_000] = bytes(59_000)
    error = failure(path, bytes(data))
    assert "not a readable Parquet file" in error.problem and error.line is not None


def test_columns_of_one_name_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    with pytest.raises(SuiteError, match="the column 'a' is given twice"):
        read(path)


def test_an_empty_parquet_file_has_no_rows(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([], pa.string())}), tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet") == []


def test_archives_hold_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jsonl", "{}")
        archive.writestr("b.jsonl", "{}")
    with pytest.raises(SuiteError, match="2 files in this archive"):
        read(path)


def test_a_file_that_is_gone_or_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").mkdir()
    for name in ("x.jsonl", "none.csv", "none.parquet", "none.json.gz"):
        with pytest.raises(SuiteError, match=r"cannot be read: (Is a directory|No such file or directory)"):
            read(tmp_path / name)


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, CELL), max_size=6), ending=st.sampled_from(["\n", "\r\n"]))
def test_csv_and_jsonl_give_back_what_was_written(tmp_path: Path, rows: list[tuple[str, str]], ending: str) -> None:
    expected = [{"a": a, "b": b} for a, b in rows]
    for name, delimiter in (("x.csv", ","), ("x.tsv", "\t")):
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
            writer.writerows([("a", "b"), *rows])
        assert read(tmp_path / name) == expected
    (tmp_path / "x.jsonl").write_bytes(ending.join(json.dumps(row) for row in expected).encode())
    assert read(tmp_path / "x.jsonl") == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=60) | st.text('{}[]",:\n\\ua1é', max_size=40).map(str.encode),
    name=st.sampled_from(["x.jsonl", "x.json", "x.csv", "x.tsv", "x.parquet", "x.jsonl.gz", "x.csv.zip"]),
)
def test_any_bytes_are_rows_or_a_suite_error(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with contextlib.suppress(SuiteError):
        assert all(isinstance(row, dict) for row in read(tmp_path / name))


MEASURE = """
import resource, sys
from evalkit.suite.data.rows import RowSource
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = RowSource((sys.argv[1],)).rows()
next(rows)
before, n = peak(), 1 + sum(1 for _ in rows)
print(n, (peak() - before) // 1024)
"""


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv.gz"])
def test_no_row_is_kept(tmp_path: Path, name: str) -> None:
    """200,000 rows of 120 MB as objects: memory grows by less than 20 MB while they pass."""
    path = tmp_path / name
    text = "x" * 500
    if name == "x.jsonl":
        with path.open("w") as file:
            file.writelines(f'{{"id":{i},"text":"{text}","label":"a"}}\n' for i in range(200_000))
    else:
        with gzip.open(path, "wt", compresslevel=1) as file:
            file.write("id,text,label\n")
            file.writelines(f"{i},{text},a\n" for i in range(200_000))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    n, grown = map(int, done.stdout.split())
    assert n == 200_000 and grown < 20
