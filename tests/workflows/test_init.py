"""`evalkit init`: the suite that it writes opens, says what the data say, and loses nothing."""

from __future__ import annotations

import csv
import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.cli.init_command import init_command
from evalkit.errors import SuiteError
from evalkit.forms.parsing.alike import tidy
from evalkit.running.prepare import Prepared, prepare
from evalkit.workflows.init import InitOptions, InitResult, init_suite
from tests.data import ROOT, shared

Rows = Sequence[dict[str, Any]]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, rows: Rows) -> Path:
    path = Path(name)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def init(data: Path, **options: Any) -> tuple[InitResult, Prepared]:
    result = init_suite(InitOptions(data, **options))
    return result, prepare(result.suite)


def sentence(number: int) -> str:
    text = "the parcel never came and nobody answers my mails about the missing invoice of last month"
    words = text.split()
    random.Random(number).shuffle(words)
    return f"{' '.join(words)} {number}"


def tickets(n: int, **columns: Callable[[int], Any]) -> list[dict[str, Any]]:
    labels = ("billing", "shipping", "how_to", "bug")
    rows = []
    for i in range(n):
        row = {"id": f"T{i}", "text": sentence(i), "label": labels[i % 4]}
        rows.append(row | {name: value(i) for name, value in columns.items()})
    return rows


# Data sets of other people


def test_banking77_with_its_own_train() -> None:
    folder = shared("banking77")
    result, prepared = init(folder / "test.jsonl", train=folder / "train.jsonl")
    suite, splits = prepared.config, prepared.suite.dataset.splits
    assert result.suite == Path("suites/banking77.yaml")
    assert (suite.task, suite.dataset.target, suite.dataset.id) == ("classify", "label", "id")
    assert (splits["test"].n, len(prepared.suite.dataset.labels)) == (3080, 77)
    assert suite.dataset.leakage == "drop"  # seven questions stand in both files
    assert {"sonnet", "haiku", "small", "trained"} == set(suite.models)
    assert not Path("suites/data").exists()


def test_snips_has_an_object_as_target() -> None:
    folder = shared("snips")
    result, prepared = init(folder / "test.jsonl", train=folder / "train.jsonl")
    suite, schema = prepared.config, prepared.suite.loaded.json_schema
    assert (suite.task, suite.dataset.target, suite.output.form) == ("extract", "target", "json")
    assert schema is not None and len(schema["properties"]["intent"]["enum"]) == 7
    assert "enum" not in schema["properties"]["slots"]["properties"]["party_size_number"]
    assert set(suite.models) == {"sonnet", "haiku"}
    assert any("--target label" in doubt for doubt in result.doubts)


def test_gsm8k_answers_are_numbers_and_the_rationale_stays_hidden() -> None:
    result, prepared = init(shared("gsm8k_recorded") / "items.jsonl")
    suite, pattern = prepared.config, prepared.config.output.pattern
    assert (suite.task, suite.output.form) == ("answer", "regex")
    assert pattern is not None
    import regex

    targets = [
        row["target"] for split in ("test", "train") for row in read(f"suites/data/gsm8k_recorded.{split}.jsonl")
    ]
    assert len(targets) == 1319 and all(regex.fullmatch(pattern, target)["answer"] == target for target in targets)
    assert regex.fullmatch(pattern, "3 + 4 = 7\nso it is 7\n7")["answer"] == "7"
    assert regex.fullmatch(pattern, "it is 7") is None
    assert suite.prompts["default"].user == "{{ input }}"
    assert any("rationale" in doubt for doubt in result.doubts)


def test_pubmedqa_keeps_its_own_split_and_shows_question_and_text() -> None:
    _, prepared = init(shared("pubmedqa") / "pubmedqa.jsonl")
    suite, user = prepared.config, prepared.config.prompts["default"].user
    assert (suite.dataset.target, prepared.suite.dataset.labels) == ("label", ("maybe", "no", "yes"))
    assert user == "Question:\n{{ question }}\n\nText:\n{{ text }}\n"
    assert {row["split"] for row in read("suites/data/pubmedqa.test.jsonl")} == {"test"}
    assert (len(read("suites/data/pubmedqa.test.jsonl")), len(read("suites/data/pubmedqa.train.jsonl"))) == (
        500,
        500,
    )


def test_hearsay_alone_and_with_five_rows_to_learn_from() -> None:
    folder = shared("legalbench_hearsay")
    _, alone = init(folder / "test.jsonl", out=Path("a.yaml"))
    assert alone.suite.dataset.splits["test"].n == 47
    _, both = init(folder / "test.jsonl", train=folder / "train.jsonl", out=Path("b.yaml"))
    assert (both.suite.dataset.splits["test"].n, both.suite.config.dataset.target) == (94, "label")


def test_the_tickets_of_this_repository() -> None:
    folder = ROOT / "suites" / "data"
    if not (folder / "tickets.test.jsonl").exists():
        pytest.skip("no tickets in suites/data")
    result, prepared = init(folder / "tickets.test.jsonl", train=folder / "tickets.train.jsonl")
    suite = prepared.config
    assert (suite.name, suite.dataset.target, suite.dataset.id) == ("tickets", "label", "id")
    assert suite.dataset.group == "customer"
    assert suite.prompts["default"].examples is not None and suite.prompts["default"].examples.count == 24
    assert dict(result.found)["target"] == "`label` (8 distinct values in 740 rows)"


def test_lists_of_labels_are_extracted_and_are_sets_where_none_repeats() -> None:
    path = shared("structured_multilabel_recorded") / "items.jsonl"
    _, repeating = init(path, out=Path("a.yaml"))
    suite, schema = repeating.suite.config, repeating.suite.loaded.json_schema
    assert (suite.task, suite.dataset.target) == ("extract", {"labels": "labels"})
    assert schema is not None and "uniqueItems" not in schema["properties"]["labels"]
    rows = [row for row in read(path) if len(row["labels"]) == len(set(row["labels"]))]
    _, unique = init(write("items.jsonl", rows), out=Path("b.yaml"))
    schema = unique.suite.loaded.json_schema
    assert schema is not None and schema["properties"]["labels"]["uniqueItems"] is True


# The split


def test_the_split_is_seeded_stratified_and_byte_for_byte() -> None:
    path = write("mine.jsonl", tickets(200))
    lines = path.read_bytes().splitlines()
    lines[3] = lines[3].replace(b"{", b'{ "\\u0041":1.50,  ', 1)
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines) + b"\n\n")
    init(path)
    test = Path("suites/data/mine.test.jsonl").read_bytes().splitlines()
    train = Path("suites/data/mine.train.jsonl").read_bytes().splitlines()
    assert sorted(test + train) == sorted(lines)
    assert Counter(json.loads(line)["label"] for line in test) == dict.fromkeys(
        ("billing", "shipping", "how_to", "bug"), 25
    )
    init(path, force=True)
    assert Path("suites/data/mine.test.jsonl").read_bytes().splitlines() == test


def test_more_rows_hardly_move_the_others() -> None:
    init(write("mine.jsonl", tickets(400)))
    before = {row["id"] for row in read("suites/data/mine.test.jsonl")}
    init(write("mine.jsonl", tickets(404)), force=True)
    after = {row["id"] for row in read("suites/data/mine.test.jsonl")}
    assert len(before - after) < 20


def test_groups_and_duplicates_stay_on_one_side() -> None:
    rows = tickets(300, customer=lambda i: f"c{i // 4}")
    for i in range(0, 300, 10):
        rows[i]["text"] = f"the very  same words in thirty rows number {i % 60}"
        rows[i]["customer"] = f"solo{i}"
    rows[0]["text"] = rows[0]["text"].replace("  ", " ")
    _, prepared = init(write("mine.jsonl", rows))
    test, train = read("suites/data/mine.test.jsonl"), read("suites/data/mine.train.jsonl")
    assert prepared.config.dataset.group == "customer"
    assert not {row["customer"] for row in test} & {row["customer"] for row in train}
    assert not {" ".join(row["text"].split()) for row in test} & {" ".join(row["text"].split()) for row in train}
    assert len(test) + len(train) == 300 and 130 <= len(test) <= 150


def test_test_has_at_most_a_thousand_rows() -> None:
    _, prepared = init(write("mine.jsonl", tickets(2600)))
    splits = prepared.suite.dataset.splits
    assert (splits["test"].n, splits["train"].n + splits["dev"].n) == (1000, 1600)


def test_few_rows_are_all_test_rows_and_that_is_said() -> None:
    result, prepared = init(write("mine.jsonl", tickets(59)))
    suite = prepared.config
    assert suite.dataset.train is None and suite.prompts["default"].examples is None
    assert "trained" not in suite.models and not Path("suites/data").exists()
    assert "few rows" in dict(result.found)["can see"]


def test_no_split_makes_every_row_a_test_row() -> None:
    _, prepared = init(write("mine.jsonl", tickets(100)), split=False)
    assert prepared.suite.dataset.splits["test"].n == 100
    assert not Path("suites/data").exists()


# Shapes of columns


def test_one_label_for_all_of_one_customer_does_not_stop_it() -> None:
    rows = tickets(100, customer=lambda i: f"c{i % 25}")
    for row in rows:
        row["text"] = "the same text for everybody out there"
    result, prepared = init(write("mine.jsonl", rows))
    assert prepared.config.dataset.train is None
    assert "cannot be divided" in dict(result.found)["rows"]


@pytest.mark.parametrize(
    ("rows", "task", "form"),
    [
        (tickets(80), "classify", "label"),
        (tickets(80, label=lambda i: i % 2 == 0), "classify", "label"),
        (tickets(80, label=lambda i: i % 5), "classify", "label"),
        (tickets(80, label=lambda i: i * 37), "answer", "regex"),
        (tickets(80, label=lambda i: -i - 0.25), "answer", "regex"),
        (tickets(80, label=lambda i: f"Person {i}"), "answer", "text"),
        (tickets(80, label=lambda i: f"{sentence(i)}. {sentence(i + 1)}."), "write", "text"),
        (tickets(80, label=lambda i: {"a": i, "b": None if i % 2 else [1.5]}), "extract", "json"),
        (tickets(80, label=lambda i: json.dumps({"a": i, "b": "x"})), "extract", "json"),
        (tickets(80, label=lambda i: ["x", "y"][: i % 3]), "extract", "json"),
        (tickets(80, label=lambda i: "only"), "answer", "text"),
        (tickets(1), "answer", "text"),
    ],
)
def test_the_target_decides_the_task(rows: Rows, task: str, form: str) -> None:
    _, prepared = init(write("mine.jsonl", rows))
    suite = prepared.config
    assert (suite.task, suite.output.form) == (task, form)


def test_no_threshold_of_accuracy_for_long_texts() -> None:
    rows = tickets(80, label=lambda i: f"{sentence(i)}. {sentence(i + 1)}.")
    result, prepared = init(write("mine.jsonl", rows))
    assert [need.metric for need in prepared.config.good_enough.needs()] == ["format_validity"]
    assert any("nothing here judges the sense" in doubt for doubt in result.doubts)


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "parquet"])
def test_other_formats(ending: str) -> None:
    rows, path = tickets(120), Path(f"mine.{ending}")
    if ending == "json":
        path.write_text(json.dumps(rows, indent=2))
    elif ending == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if ending == "tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    _, prepared = init(path)
    assert prepared.suite.dataset.labels == ("billing", "bug", "how_to", "shipping")
    both = read("suites/data/mine.test.jsonl") + read("suites/data/mine.train.jsonl")
    assert sorted(both, key=lambda row: int(row["id"][1:])) == rows


def test_the_likelier_target_wins_and_the_other_is_named() -> None:
    result, prepared = init(write("mine.jsonl", tickets(100, status=lambda i: ("open", "shut")[i % 2])))
    assert prepared.config.dataset.target == "label"
    assert any("`status`" in doubt and "--target status" in doubt for doubt in result.doubts)
    _, forced = init(Path("mine.jsonl"), target="status", force=True)
    assert forced.suite.dataset.labels == ("open", "shut")


def test_what_mirrors_or_follows_the_target_is_not_shown() -> None:
    rows = tickets(
        100,
        label_text=lambda i: f"this is class {i % 4}",
        resolution=lambda i: f"we sent {sentence(i)} to them",
        predicted_label=lambda i: "bug",
        url=lambda i: f"https://example.org/{i}",
    )
    _, prepared = init(write("mine.jsonl", rows))
    assert prepared.config.prompts["default"].user == "{{ text }}"


def test_columns_that_can_be_null_are_guarded() -> None:
    rows = tickets(100, subject=lambda i: None if i % 3 else f"about order number {i}")
    _, prepared = init(write("mine.jsonl", rows))
    contender = prepared.contenders[0]
    requests = [contender.request(sample).suffix for sample in prepared.suite.dataset.samples("test")]
    assert not any("None" in text for text in requests)
    assert any(text.startswith("Text:\n") and "Subject:\nabout order" in text for text in requests)


def test_rows_that_cannot_be_used_are_left_out_and_counted() -> None:
    rows = tickets(100)
    rows[0]["label"], rows[1]["label"] = None, "  "
    del rows[2]["label"]
    result, prepared = init(write("mine.jsonl", rows), split=False)
    assert prepared.suite.dataset.splits["test"].n == 97
    assert any("3 rows have no usable `label`" in doubt for doubt in result.doubts)


def test_an_id_that_repeats_late_and_a_group_with_holes_are_not_used() -> None:
    rows = tickets(20_050, customer=lambda i: f"c{i // 3}")
    rows[-1]["id"] = "T0"
    rows[-2]["customer"] = ""
    result, prepared = init(write("mine.jsonl", rows))
    suite = prepared.config
    assert (suite.dataset.id, suite.dataset.group) == (None, None)
    assert any("`T0` is given twice" in doubt for doubt in result.doubts)


def test_a_common_label_is_told_apart_from_skill() -> None:
    rows = tickets(200, label=lambda i: "yes" if i % 20 else "no")
    result, _ = init(write("mine.jsonl", rows))
    assert any("always answering `yes`" in doubt for doubt in result.doubts)


def test_names_that_no_template_can_use_are_changed_in_the_copies_only() -> None:
    rows = [{"Ticket text": row["text"], "the label": row["label"]} for row in tickets(100)]
    path = write("mine.jsonl", rows)
    before = path.read_bytes()
    result, prepared = init(path, split=False)
    assert prepared.config.prompts["default"].user == "{{ Ticket_text }}"
    assert prepared.config.dataset.target == "the label"
    assert any("`Ticket text` is called `Ticket_text`" in doubt for doubt in result.doubts)
    assert path.read_bytes() == before


# Hostile input


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["", "labels", "schema", "true", "not", "a }}{{ b", "{% raw %}", "${HOME}", "$${", '"', "'", "#", "a: b",
     "x\ny", "\x85", "\ufeff", "\uffff", "\U0001f600", "null", "- x", "no", "x" * 3000, "class", "&a", "*a"]
)  # fmt: skip
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40) | st.sampled_from(
    ["{{ 7 * 7 }}", "{% for x in y %}", "${HOME}", "\0", "'\"\\", "#", "\ufffe"]
)


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(NAMES, min_size=3, max_size=3, unique=True),
    labels=st.lists(VALUES.filter(lambda v: bool(v.strip())), min_size=2, max_size=3, unique=True),
    values=st.lists(VALUES, min_size=4, max_size=4),
    stem=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20),
    n=st.sampled_from([4, 64]),
)
def test_any_name_and_any_value_gives_a_suite_that_opens(
    names: list[str], labels: list[str], values: list[str], stem: str, n: int
) -> None:
    rows = [
        {names[0]: f"{values[i % 4]} {i}", names[1]: labels[i % len(labels)], names[2]: values[-1]} for i in range(n)
    ]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / f"{stem}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        out = Path(folder) / "out" / "s.yaml"
        result = init_suite(InitOptions(data, target=names[1], texts=(names[0], names[2]), out=out))
        prepared = prepare(result.suite)
        target = prepared.config.dataset.target
        assert target == names[1] or (not names[1] and str(target).startswith("column"))
        sample = next(prepared.suite.dataset.samples("test"))
        shown = prepared.contenders[0].request(sample).suffix
        assert values[-1] in shown
        assert any(f"{values[i % 4]} {i}" in shown for i in range(n))
        assert sample.target in map(tidy, labels)


CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["id", "text", "label", "customer", "split", "x y"]), CELLS, max_size=6),
        min_size=1,
        max_size=6,
    ),
    times=st.sampled_from([1, 30]),
)
def test_any_rows_give_a_suite_that_opens_or_a_clear_error(rows: Rows, times: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in [*rows] * times), encoding="utf-8")
        try:
            result: InitResult | None = init_suite(InitOptions(data, out=Path(folder) / "s.yaml"))
        except SuiteError as error:
            result, problem = None, error
        if result is None:
            assert problem.file == data and os.listdir(folder) == ["rows.jsonl"]
        else:
            prepare(result.suite)


# Errors and the command


def test_nothing_is_overwritten_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    data = write("mine.jsonl", tickets(100))
    assert init_command(InitOptions(data)) == 0
    out = capsys.readouterr().out
    assert out.endswith("Next: evalkit plan suites/mine.yaml\n")
    assert "target:  `label` (4 distinct values in 100 rows)" in out
    suite = Path("suites/mine.yaml")
    suite.write_text("mine")
    assert init_command(InitOptions(data)) == 2
    assert "suites/mine.yaml: already there" in capsys.readouterr().err
    assert suite.read_text() == "mine"
    assert init_command(InitOptions(data, force=True)) == 0
    assert suite.read_text().startswith("# yaml-language-server: $schema=suite.schema.json\n")
    assert Path("suites/suite.schema.json").exists()


def test_the_data_is_never_overwritten_by_its_own_copy() -> None:
    Path("data").mkdir()
    data = write("data/mine.test.jsonl", tickets(100))
    before = data.read_bytes()
    with pytest.raises(SuiteError, match="overwritten by its own copy"):
        init_suite(InitOptions(data, out=Path("mine.yaml"), force=True))
    assert data.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "options", "says"),
    [
        ("x.jsonl", "", {}, "no rows"),
        ("x.jsonl", '{"text": "a"', {}, "not valid JSON"),
        ("x.jsonl", "[" * 5000, {}, "nested too deep"),
        ("x.jsonl", '{"a": "b"}\n', {}, "--target COLUMN: one of `a`"),
        ("x.jsonl", '{"messages": [{"role": "user"}]}\n', {}, "whole chats"),
        ("x.jsonl", '{"label": "b"}\n', {}, "no column is left to show"),
        ("x.jsonl", '{"label": "b", "text": "c"}\n', {"target": "lable"}, "did you mean `label`?"),
        ("x.jsonl", '{"label": "b", "text": "c"}\n', {"texts": ("label",)}, "COLUMN: one of `text`"),
        ("x.jsonl", '{"a": "b", "text": "c"}\n', {"target": "text", "texts": ("text",)}, "cannot be both"),
        ("x.jsonl", '{"label": "", "text": "c"}\n', {"target": "label"}, "no row can be used"),
        ("x.csv", "id;text;label\n1;a;b\n", {}, "commas between the columns"),
        ("x.xlsx", "PK", {}, "cannot read .xlsx"),
        ("x.jsonl", '{"label": "b", "text": "c"}\n', {"out": Path(".")}, "a folder, not a file"),
        ("x.jsonl", '{"label": "b", "text": "c"}\n', {"out": Path("x.jsonl/y.yaml")}, "cannot be written"),
        ("x.jsonl", '{"label": "b", "text": "c"}\n', {"out": Path("y" * 300)}, "cannot be written"),
        ("x.jsonl", '{"label": "b", "text": "c"}\n', {"train": Path("y.jsonl")}, "did you mean `x.jsonl`?"),
        ("x.jsonl", '{"label": "b", "text": "c"}\n', {"train": Path("x.jsonl")}, "every train row is also"),
    ],
)  # fmt: skip
def test_mistakes_are_said_plainly(
    name: str, content: str, options: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).write_text(content)
    assert init_command(InitOptions(Path(name), **options)) == 2
    captured = capsys.readouterr()
    assert says in captured.err and not captured.out
    assert os.listdir() == [name]


def test_a_missing_file_names_the_nearest() -> None:
    write("tickets.jsonl", tickets(3))
    with pytest.raises(SuiteError) as caught:
        init_suite(InitOptions(Path("ticket.jsonl")))
    assert caught.value.hint == "tickets.jsonl"
