"""Tables as people and programs write them: quotation marks, spaces, empty columns, and what is told of them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.errors import SuiteError
from evalkit.rows.files import file_rows


def read(path: Path, content: str | bytes, quoting: bool | None = None) -> tuple[list[Any], list[str]]:
    """The rows of a file with this content, and what is told of it."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    notes: list[str] = []
    return [row for _, row in file_rows(path, quoting, notes)], notes


def refused(path: Path, content: str, quoting: bool | None = None) -> SuiteError:
    with pytest.raises(SuiteError) as caught:
        read(path, content, quoting)
    return caught.value


def test_marks_in_a_tsv_are_text(tmp_path: Path) -> None:
    content = 'n\ttext\n1\t"So he said\n2\tnothing\n3\tat all"\n4\tan "odd" one\n'
    rows, notes = read(tmp_path / "x.tsv", content)
    assert [row["text"] for row in rows] == ['"So he said', "nothing", 'at all"', 'an "odd" one']
    assert notes == []


def test_a_quoted_header_says_that_cells_are_quoted(tmp_path: Path) -> None:
    content = '"n"\t"text"\n"1"\t"a\tb\nc"\n'
    assert read(tmp_path / "x.tsv", content) == ([{"n": "1", "text": "a\tb\nc"}], [])
    plain, _ = read(tmp_path / "x.tsv", '"n"\t"text"\n"1"\t"a"\n', quoting=False)
    assert plain == [{'"n"': '"1"', '"text"': '"a"'}]


def test_cells_in_marks_are_told_where_nobody_said_what_they_are(tmp_path: Path) -> None:
    content = 'n\ttext\n1\tx\n2\t"a ""b"""\n3\t"c"\n4\t"d" or "e"\n'
    rows, (note,) = read(tmp_path / "x.tsv", content)
    assert rows[1]["text"] == '"a ""b"""'
    assert "in 2 rows, first in line 3" in note and "`quoting: true`" in note
    assert read(tmp_path / "x.tsv", content.replace('"d" or "e"', "f"), quoting=True)[0][1]["text"] == 'a "b"'
    assert read(tmp_path / "x.tsv", content, quoting=False)[1] == []


def test_a_cell_that_swallowed_rows(tmp_path: Path) -> None:
    many = 'n,who,text\n1,a,x\n2,b,"open\n3,a,y\n4,b,z\n5,a,closed"\n6,b,w\n'
    error = refused(tmp_path / "x.csv", many)
    assert (error.line, error.problem) == (
        3,
        "a cell of the row that starts here holds 3 lines that look like rows of the file",
    )
    assert "`quoting: false`" in str(error.expected)
    assert len(read(tmp_path / "x.csv", many, quoting=False)[0]) == 6
    rows, (note,) = read(tmp_path / "x.csv", many, quoting=True)
    assert len(rows) == 3 and "in 1 row, first in line 3" in note
    one, (note,) = read(tmp_path / "x.csv", 'n,who,text\n2,b,"open\n3,a,closed"\n6,b,w\n')
    assert len(one) == 2 and "look like rows" in note


@pytest.mark.parametrize("cell", ["Dear all,\n\nsee you, soon, or not\nthen", "one\ntwo\nthree", "a, b\nc, d, e, f\ng"])
def test_a_text_of_several_lines_is_no_alarm(tmp_path: Path, cell: str) -> None:
    rows, notes = read(tmp_path / "x.csv", f'n,text,who\n1,"{cell}",a\n')
    assert rows == [{"n": "1", "text": cell, "who": "a"}] and notes == []


def test_spaces_after_commas(tmp_path: Path) -> None:
    rows, (note,) = read(tmp_path / "x.csv", 'n, text, who\n1, "a, b", c\n2,d, e\n')
    assert rows == [{"n": "1", "text": "a, b", "who": "c"}, {"n": "2", "text": "d", "who": "e"}]
    assert note == "x.csv: the spaces after each comma are left out"
    rows, notes = read(tmp_path / "x.csv", "n,text , who\n1, a, c\n")
    assert rows == [{"n": "1", "text": " a", "who": " c"}] and notes == []


def test_empty_columns_at_the_end(tmp_path: Path) -> None:
    rows, (note,) = read(tmp_path / "x.csv", "n,text,,\n1,a,,\n2,b, ,\n")
    assert (
        rows == [{"n": "1", "text": "a"}, {"n": "2", "text": "b"}]
        and note == "x.csv: 2 columns without a name left out"
    )
    rows, (note,) = read(tmp_path / "x.csv", "n,text\n1,a,\n2,b,\n3,c\n")
    assert len(rows) == 3 and note.startswith("x.csv: 2 rows end in empty cells beyond the header")
    assert refused(tmp_path / "x.csv", "n,text,\n1,a,\n2,b,surprise\n").line == 3


@pytest.mark.parametrize(("name", "content", "line", "says"), [
    ("x.csv", "a,b\n1,2\n3\n", 3, None),
    ("x.csv", 'a,b\n1,2\n3,"x\ny",z\n', 3, "`quoting: false`"),
    ("x.tsv", 'a\tb\n1\t2\n3\t"x\ny"\n', 4, "`quoting: true`"),
    ("x.tsv", "a\tb\n1\n", 2, None),
])  # fmt: skip
def test_a_ragged_row_says_what_may_help(tmp_path: Path, name: str, content: str, line: int, says: str | None) -> None:
    error = refused(tmp_path / name, content)
    assert error.line == line and "columns as in the header" in error.problem
    assert says in str(error.expected) if says else error.expected is None


def test_a_mark_and_a_carriage_return_are_no_part_of_the_text(tmp_path: Path) -> None:
    for ending in ("\n", "\r\n", "\r"):
        content = "\ufeff" + ending.join(["n\ttext", "1\ta", "2\tb", ""])
        assert read(tmp_path / "x.tsv", content)[0] == [{"n": "1", "text": "a"}, {"n": "2", "text": "b"}], ending


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\r\n"), max_size=8)
ROWS = st.lists(st.tuples(st.just("7"), CELLS, CELLS), max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_an_unquoted_tsv_is_split_at_tabs(tmp_path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    """Whatever stands in the cells, there are as many rows as lines."""
    text = "".join("\t".join(row) + "\n" for row in [("n", "a", "b"), *rows])
    found, _ = read(tmp_path / "x.tsv", text)
    assert found == [dict(zip("nab", row, strict=True)) for row in rows]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.just("7"), CELLS | st.just('x\n"y", z'), CELLS), max_size=8), st.booleans())
def test_a_quoted_table_reads_as_the_standard_library_reads_it(
    tmp_path: Path, rows: Sequence[tuple[str, ...]], tabs: bool
) -> None:
    path, delimiter = tmp_path / ("x.tsv" if tabs else "x.csv"), "\t" if tabs else ","
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([("n", "a", "b"), *rows])
    with path.open(newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file, delimiter=delimiter))
    assert [row for _, row in file_rows(path, quoting=True)] == expected
