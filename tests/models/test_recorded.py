"""Recorded answers: found by id in every kind of file, and every mistake named with its place."""

from __future__ import annotations

import csv
import gzip
import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import ModelUnavailable, RecordedError
from evalkit.models.recorded.model import RecordedModel, _usage
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure, Usage
from evalkit.records.model import ModelSpec
from tests.data import shared
from tests.engine.asking import ask_all, context, request

ROWS: list[dict[str, Any]] = [
    {"id": "a", "output": "yes"},
    {"id": "b", "output": "no\nno"},
    {"id": "007", "output": "ünï"},
]


def opened(path: Path, id_field: str = "id", output_field: str = "output") -> RecordedModel:
    spec = ModelSpec("logged", "recorded", "prompted", path=str(path), id_field=id_field, output_field=output_field)
    model = open_model(spec, context())
    assert isinstance(model, RecordedModel)
    return model


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def ask(model: RecordedModel, *ids: str, epoch: int = 0) -> list[Completion | Failure]:
    return ask_all(model, [request("?", sample_id=each, epoch=epoch) for each in ids])


def answer(model: RecordedModel, sample_id: str) -> Completion:
    outcome = ask(model, sample_id)[0]
    assert isinstance(outcome, Completion), outcome
    return outcome


def write(kind: str, path: Path, rows: list[dict[str, Any]]) -> Path:
    """The same rows as JSON Lines, CSV, TSV or Parquet."""
    if kind == "jsonl":
        return lines(path, rows)
    if kind == "parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows), path)
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        quoting = csv.QUOTE_ALL if kind == "tsv" else csv.QUOTE_MINIMAL  # a quoted header tells that cells are quoted
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if kind == "tsv" else ",", quoting=quoting)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "csv", "tsv", "parquet"])
def test_answers_are_found_by_id(kind: str, tmp_path: Path) -> None:
    model = opened(write(kind, tmp_path / f"outputs.{kind}", ROWS))
    outcomes = ask(model, "007", "a", "b", "7")
    assert [o.text for o in outcomes if isinstance(o, Completion)] == ["ünï", "yes", "no\nno"]
    assert outcomes[3] == Failure("infra", f'no recorded answer for id "7" in outputs.{kind}')
    first = outcomes[0]
    assert isinstance(first, Completion)
    assert (first.stop, first.usage, first.served_model) == ("end", None, None)
    assert math.isnan(first.timing.latency_ms), "no latency was recorded: unknown"
    assert (model.cacheable, model.max_concurrency) == (False, None)


def test_the_files_of_data_sets_are_the_files_of_answers(tmp_path: Path) -> None:
    """A JSON list, compressed files, old line ends, a mark at the start, empty columns at the end."""
    text = "".join(json.dumps(row) + "\n" for row in ROWS)
    table = "id,output,\r7.0,yes,\r b,x,\r"
    files: dict[str, bytes] = {
        "o.json": b"\xef\xbb\xbf" + json.dumps(ROWS).encode(),
        "o.jsonl.gz": gzip.compress(text.encode()),
        "mac.jsonl": text.replace("\n", "\r").encode(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        outcomes = ask(opened(tmp_path / name), *(row["id"] for row in ROWS))
        assert [o.text for o in outcomes if isinstance(o, Completion)] == [row["output"] for row in ROWS], name
    (tmp_path / "o.csv").write_bytes(b"\xef\xbb\xbf" + table.encode())
    model = opened(tmp_path / "o.csv")
    assert [o.text for o in ask(model, "7.0", " b") if isinstance(o, Completion)] == ["yes", "x"]
    assert model.notes == ["o.csv: 1 column without a name left out"]


def test_ids_are_written_as_those_of_a_data_set(tmp_path: Path) -> None:
    rows = [{"id": 1.0, "output": "x"}, {"id": True, "output": "y"}, {"id": 2.5, "output": "z"}]
    outcomes = ask(opened(lines(tmp_path / "o.jsonl", rows)), "1", "true", "2.5")
    assert [o.text for o in outcomes if isinstance(o, Completion)] == ["x", "y", "z"]


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet"])
def test_an_empty_cell_is_no_answer(kind: str, tmp_path: Path) -> None:
    """It may have been null, and what is not known to be an answer is none."""
    rows = [{"id": "a", "output": None if kind == "parquet" else ""}, {"id": "b", "output": "x"}]
    outcomes = ask(opened(write(kind, tmp_path / f"o.{kind}", rows)), "a", "b")
    assert isinstance(outcomes[0], Failure) and outcomes[0].kind == "infra"
    assert isinstance(outcomes[1], Completion)
    (empty,) = ask(opened(lines(tmp_path / "o.jsonl", [{"id": "a", "output": ""}])), "a")
    assert isinstance(empty, Completion) and empty.text == "", "here it was said"


def test_marks_in_a_tsv_are_text_unless_the_suite_says_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "o.tsv"
    path.write_text('id\toutput\na\t"yes\nb\tno"\n')
    assert answer(opened(path), "b").text == 'no"'
    path.write_text('id\toutput\na\t"yes\nor no"\n')
    with pytest.raises(RecordedError, match=r"o\.tsv:2: expected 2 columns .*`quoting: true`|o\.tsv:3: expected 2"):
        opened(path)
    spec = ModelSpec("logged", "recorded", "prompted", path=str(path), quoting=True)
    model = open_model(spec, context())
    assert isinstance(model, RecordedModel) and answer(model, "a").text == "yes\nor no"


@pytest.mark.parametrize("name", ["o.jsonl", "o.csv", "o.json.gz"])
def test_a_pointer_of_git_lfs_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n")
    with pytest.raises(RecordedError, match=r"Git LFS pointer.*git lfs pull"):
        opened(tmp_path / name)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_dotted_field_reaches_into_a_row(kind: str, tmp_path: Path) -> None:
    rows = [{"id": 1, "outputs": {"175b": "x", "6b": "y"}}, {"id": 2, "outputs": {"175b": "z", "6b": "w"}}]
    path = write(kind, tmp_path / f"o.{kind}", rows)
    assert answer(opened(path, output_field="outputs.6b"), "2").text == "w"
    assert opened(path, output_field="outputs.6b").identity != opened(path, output_field="outputs.175b").identity


def test_a_list_can_be_stepped_into_and_a_dotted_name_wins(tmp_path: Path) -> None:
    path = lines(tmp_path / "o.jsonl", [{"id": "a", "choices": [{"text": "one"}], "choices.1.text": "two"}])
    assert answer(opened(path, output_field="choices.0.text"), "a").text == "one"
    assert answer(opened(path, output_field="choices.1.text"), "a").text == "two"


@pytest.mark.parametrize(
    ("more", "stop", "latency"),
    [
        ({"finish_reason": "stop", "latency_ms": 12.5}, "end", 12.5),
        ({"finish_reason": "length", "latency_s": 0.25}, "max_tokens", 250.0),
        ({"stop_reason": "max_tokens"}, "max_tokens", None),
        ({"stop_reason": "refusal", "latency_ms": None}, "refusal", None),
        ({"finish_reason": "content_filter", "latency_ms": -1}, "refusal", None),
        ({"finish_reason": "eos_token", "latency_ms": "fast"}, "end", None),
        ({"stop_reason": None, "latency_ms": True}, "end", None),
    ],
)
def test_stop_and_latency_are_taken_where_they_are(
    more: dict[str, Any], stop: str, latency: float | None, tmp_path: Path
) -> None:
    found = answer(opened(lines(tmp_path / "o.jsonl", [{"id": "a", "output": "x", **more}])), "a")
    assert found.stop == stop
    assert found.timing.latency_ms == latency or (latency is None and math.isnan(found.timing.latency_ms))


def test_a_recorded_ending_that_is_none_is_no_answer(tmp_path: Path) -> None:
    path = lines(tmp_path / "o.jsonl", [{"id": "a", "output": "yes", "finish_reason": "network_error"}])
    (failure,) = ask(opened(path), "a")
    assert isinstance(failure, Failure) and failure.kind == "infra"
    assert 'finish_reason "network_error"' in failure.reason and 'id "a" in o.jsonl' in failure.reason


def test_csv_side_columns(tmp_path: Path) -> None:
    rows = [{"id": "a", "output": "x", "latency_ms": "40", "finish_reason": "length"}]
    found = answer(opened(write("csv", tmp_path / "o.csv", rows)), "a")
    assert (found.timing.latency_ms, found.stop) == (40.0, "max_tokens")


def test_answers_that_are_no_text(tmp_path: Path) -> None:
    rows = [{"id": "a", "output": {"label": "é"}}, {"id": "b", "output": 7}, {"id": "c", "output": None}]
    outcomes = ask(opened(lines(tmp_path / "o.jsonl", rows)), "a", "b", "c")
    assert [o.text for o in outcomes if isinstance(o, Completion)] == ['{"label":"é"}', "7"]
    assert outcomes[2] == Failure("infra", 'the recorded answer for id "c" in o.jsonl is null')


def test_every_epoch_has_the_same_answer(tmp_path: Path) -> None:
    model = opened(lines(tmp_path / "o.jsonl", ROWS))
    assert str(ask(model, "a", epoch=0)) == str(ask(opened(lines(tmp_path / "p.jsonl", ROWS)), "a", epoch=3))


def test_ids_are_a_set(tmp_path: Path) -> None:
    ids = opened(lines(tmp_path / "o.jsonl", ROWS)).ids()
    assert "a" in ids
    assert "x" not in ids
    assert 7 not in ids
    assert {"a", "x"} - ids == {"x"}
    assert ids & {"a", "x"} == {"a"}
    assert len(ids) == 3
    assert sorted(ids) == ["007", "a", "b"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, {"id": "b", "output": ""}], r'o\.jsonl:4: id "b" is given twice, first in line 2$'),
        ([*ROWS, *ROWS], r'o\.jsonl:4: id "a" is given twice, first in line 1 \(3 rows repeat an id\)'),
        ([{"id": 1, "output": ""}, {"id": "1", "output": ""}], r'o\.jsonl:2: id "1" is given twice'),
        ([*ROWS, {"id": "d", "outputs": 1}], r"o\.jsonl:4: id \"d\" has no field 'output'; did you mean 'outputs'\?"),
        ([{"key": "d", "output": 1}], r"o\.jsonl:1: no column 'id' for the id; there are 'key', 'output'"),
        ([{"id": None, "output": 1}], r"o\.jsonl:1: 'id' is not an id: 'None'"),
        ([*ROWS, ["a"]], r"o\.jsonl:4: expected an object"),
        ([], r"o\.jsonl: there are no rows"),
    ],
)
def test_a_wrong_file_is_named_with_line_and_id(rows: list[Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(RecordedError, match=message):
        opened(lines(tmp_path / "o.jsonl", rows))


def test_places_count_blank_lines_and_bad_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "a", "output": "x"}\r\n\n{"id": "b", "output": "y"}\n{"id": ')
    with pytest.raises(RecordedError, match=r"o\.jsonl:4: not valid JSON"):
        opened(path)
    path.write_bytes(path.read_bytes().rpartition(b"\n")[0])
    assert answer(opened(path), "b").text == "y"
    assert answer(opened(path), "a").text == "x"


@pytest.mark.parametrize(("kind", "fourth", "first"), [("csv", ":6", "line 2"), ("parquet", ", row 4", "row 1")])
def test_tables_name_the_row(kind: str, fourth: str, first: str, tmp_path: Path) -> None:
    """A line where there are lines: the second answer takes two of them."""
    rows = [*ROWS, {"id": "a", "output": "again"}]
    with pytest.raises(RecordedError, match=rf'o\.{kind}{fourth}: id "a" is given twice, first in {first}'):
        opened(write(kind, tmp_path / f"o.{kind}", rows))
    with pytest.raises(RecordedError, match=r"[:w ][12]: id \"a\" has no field 'outptu'; did you mean 'output'\?"):
        opened(write(kind, tmp_path / f"o.{kind}", ROWS), output_field="outptu")
    (tmp_path / f"broken.{kind}").write_bytes(b"\x00\xff" * 40)
    with pytest.raises(RecordedError, match=rf"broken\.{kind}"):
        opened(tmp_path / f"broken.{kind}")


def test_missing_files_and_unknown_endings(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"there is no file .*o\.jsonl"):
        opened(tmp_path / "o.jsonl")
    with pytest.raises(RecordedError, match=r"expected an ending of \.jsonl"):
        opened(lines(tmp_path / "o.txt", ROWS))


def test_the_digest_is_of_the_file(tmp_path: Path) -> None:
    before = opened(lines(tmp_path / "o.jsonl", ROWS)).identity["digest"]
    assert before != opened(lines(tmp_path / "o.jsonl", ROWS[:2])).identity["digest"]
    assert before == opened(lines(tmp_path / "other.jsonl", ROWS)).identity["digest"]


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1, max_size=20))
def test_any_ids_and_texts_come_back(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("any") / "o.jsonl"
    path.write_text("".join(json.dumps({"id": k, "output": v}) + "\n" for k, v in rows.items()), encoding="utf-8")
    outcomes = ask(opened(path), *rows)
    assert [o.text for o in outcomes if isinstance(o, Completion)] == list(rows.values())


def test_memory_is_an_index_not_the_texts(tmp_path: Path) -> None:
    path = lines(tmp_path / "o.jsonl", [{"id": f"row-{i}", "output": "x" * 400} for i in range(20_000)])
    tracemalloc.start()
    try:
        model = opened(path)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 60 * 20_000
    assert answer(model, "row-19999").text == "x" * 400


@pytest.mark.parametrize(
    ("system", "right"),
    [("6b_finetuning", 286), ("6b_verification", 515), ("175b_finetuning", 458), ("175b_verification", 742)],
)
def test_gsm8k_as_recorded(system: str, right: int) -> None:
    path = shared("gsm8k_recorded") / "outputs.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    outcomes = ask(opened(path, output_field=f"outputs.{system}"), *(row["id"] for row in rows))
    texts = [o.text for o in outcomes if isinstance(o, Completion)]
    assert len(texts) == 1319
    read = [text.rpartition("A: ")[2].replace(",", "") if "A: " in text else None for text in texts]
    assert sum(a == row["target"].replace(",", "") for a, row in zip(read, rows, strict=True)) == right


@pytest.mark.parametrize(("row", "usage"), [
    ({"input_tokens": 120, "output_tokens": 7}, Usage(input=120, output=7)),
    ({"input_tokens": "120", "output_tokens": "7"}, Usage(input=120, output=7)),
    ({"input_tokens": 120}, None),
    ({"input_tokens": -1, "output_tokens": 7}, None),
    ({}, None),
])  # fmt: skip
def test_tokens_are_read_where_both_are_given(row: dict[str, Any], usage: Usage | None) -> None:
    assert _usage(row) == usage
