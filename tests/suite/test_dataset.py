"""The labelled rows: what is refused, and choices that hang on content and seed alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.errors import SuiteError, SuiteMistake
from evalkit.suite.data.dataset import Dataset
from evalkit.suite.data.items import DatasetSpec
from evalkit.suite.data.rows import RowSource
from evalkit.suite.data.target import TargetReader
from tests.builders.suites import dataset, jsonl, row
from tests.data import ROOT

Rows = list[dict[str, Any]]
hypothesis = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TEST = [row(-1), row(-2, "b")]
MANY = [row(i, "ab"[i % 2]) for i in range(200)]


def ids(data: Dataset, split: str = "test", limit: int | None = None) -> list[str]:
    return [sample.id for sample in data.samples(split, limit)]


def texts(data: Dataset, split: str = "test", limit: int | None = None) -> list[str]:
    return [sample.fields["text"] for sample in data.samples(split, limit)]


def read(*paths: Path, **spec: Any) -> Dataset:
    """The data set of files that are there."""
    test = RowSource(tuple(map(str, paths)))
    defaults = {"target": TargetReader.of("label", extract=False), "inputs": frozenset({"text"})}
    return Dataset(DatasetSpec(test, **{**defaults, **spec}))


def fails(build: Callable[[], object]) -> SuiteError:
    with pytest.raises(SuiteError) as caught:
        build()
    return caught.value


# ids


def test_ids_are_hashes_of_the_content_and_copies_are_numbered(tmp_path: Path) -> None:
    a, b = row(1), row(2)
    alone = ids(dataset(tmp_path, [a]))[0]
    assert len(alone) == 16 and int(alone, 16) >= 0
    found = ids(dataset(tmp_path, [a, b, a, a]))
    assert found == [alone, found[1], f"{alone}-2", f"{alone}-3"]
    assert ids(dataset(tmp_path, [dict(reversed(a.items()))])) == [alone], "the order of columns is nothing"
    assert ids(dataset(tmp_path, [{**a, "more": 1}])) != [alone]


@hypothesis
@given(rows=st.permutations([row(i % 5) for i in range(9)]))
def test_ids_do_not_hang_on_the_order_of_rows(tmp_path: Path, rows: Rows) -> None:
    alone = {i: ids(dataset(tmp_path, [row(i)]))[0] for i in range(5)}
    samples = list(dataset(tmp_path, rows).samples("test"))
    for i, first in alone.items():
        mine = [sample.id for sample in samples if sample.fields == row(i)]
        assert mine == [first, *(f"{first}-{n}" for n in range(2, rows.count(row(i)) + 1))]


def test_every_pass_gives_the_same_ids(tmp_path: Path) -> None:
    data = dataset(tmp_path, [row(1), row(2), row(1), row(1)])
    assert ids(data) == ids(data) and len(set(ids(data))) == 4


def test_given_ids_are_text(tmp_path: Path) -> None:
    rows = [row(i, id=value) for i, value in enumerate(["x", 7, 8.0, "07"])]
    assert ids(dataset(tmp_path, rows, id="id")) == ["x", "7", "8", "07"]


def test_an_id_given_twice_names_both_places(tmp_path: Path) -> None:
    rows = [row(1, id="t1"), row(2, id="t2"), row(3, id="t1")]
    error = fails(lambda: dataset(tmp_path, rows, id="id"))
    assert (error.file, error.line) == (tmp_path / "test.jsonl", 3)
    assert error.problem == "id 't1' is given twice, first in test.jsonl:1"


def test_a_number_and_its_text_are_one_id(tmp_path: Path) -> None:
    error = fails(lambda: dataset(tmp_path, [row(1, id=1), row(2, id="1")], id="id"))
    assert "given twice" in error.problem


def test_an_id_twice_in_train_is_found_across_its_slices(tmp_path: Path) -> None:
    train = [row(i, id=i) for i in range(40)]
    data = dataset(tmp_path, [row(-1, id="x")], train, id="id", dev_fraction=0.5)
    a, b = (next(data.samples(split)) for split in ("train", "dev"))
    train[int(b.id)]["id"] = int(a.id)
    error = fails(lambda: dataset(tmp_path, [row(-1, id="x")], train, id="id", dev_fraction=0.5))
    assert "given twice" in error.problem and error.file == tmp_path / "train.jsonl"


def test_ids_may_start_anew_in_another_split(tmp_path: Path) -> None:
    data = dataset(tmp_path, [row(1, id=1)], [row(i, id=i - 1) for i in range(2, 9)], [row(9, id=1)], id="id")
    assert [data.splits[name].n for name in ("test", "train", "dev")] == [1, 7, 1]


@pytest.mark.parametrize("value", [None, "", "  "])
def test_an_empty_id_or_group_is_told_with_its_row(tmp_path: Path, value: Any) -> None:
    for key in ("id", "group"):
        error = fails(lambda key=key: dataset(tmp_path, [row(1, x="1"), row(2, x=value)], **{key: "x"}))
        assert error.line == 2 and error.problem == f"the {key} column 'x' is empty"


# columns, targets and labels


@pytest.mark.parametrize("key", ["target", "id", "group"])
def test_a_column_that_is_not_there(tmp_path: Path, key: str) -> None:
    given: dict[str, Any] = {"target": TargetReader.of("labl", False)} if key == "target" else {key: "labl"}
    with pytest.raises(SuiteMistake) as caught:
        dataset(tmp_path, [row(1)], **given)
    problem = caught.value
    assert problem.path == ("dataset", key)
    assert problem.problem == "no column 'labl' in test.jsonl:1"
    assert problem.expected == "one of the columns text, label"
    assert problem.near == ("labl", ("text", "label"))


def test_a_column_that_only_a_later_row_lacks(tmp_path: Path) -> None:
    with pytest.raises(SuiteMistake, match=r"no column 'label' in test\.jsonl:2"):
        dataset(tmp_path, [row(1), {"text": "x"}])


def test_the_columns_of_a_wide_row_are_not_all_listed(tmp_path: Path) -> None:
    with pytest.raises(SuiteMistake) as caught:
        dataset(tmp_path, [{f"c{i}": 1 for i in range(500)}])
    assert caught.value.expected.endswith("c29 and 470 more")


def test_no_rows(tmp_path: Path) -> None:
    for splits in ([], TEST), (TEST, []), (TEST, None, []):
        with pytest.raises(SuiteMistake, match="split has no rows") as caught:
            dataset(tmp_path, *splits)
        assert caught.value.path == ("dataset", ("test", "train", "dev")[splits.index([])])


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_an_empty_target(tmp_path: Path, value: Any) -> None:
    error = fails(lambda: dataset(tmp_path, [row(1), {"text": "x", "label": value}]))
    assert error.line == 2 and error.problem == "the target column 'label' is empty"


def test_not_a_number_is_an_empty_target(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": ["a", "b"], "label": [1.0, float("nan")]}), path)
    with pytest.raises(SuiteError, match=r"x\.parquet:2: the target column 'label' is empty"):
        read(path)


def test_numbers_and_booleans_are_labels_in_canonical_form(tmp_path: Path) -> None:
    rows = [row(i, value) for i, value in enumerate([1, 1.0, "1", 0.5, True, "true", False, -3])]
    data = dataset(tmp_path, rows)
    assert [s.target for s in data.samples("test")] == ["1", "1", "1", "0.5", "true", "true", "false", "-3"]
    assert data.labels == ("-3", "0.5", "1", "false", "true")


def test_dates_and_decimals_of_parquet_are_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    values = {"text": ["a", "b"], "label": [date(2026, 1, 2), date(2026, 1, 3)]}
    pq.write_table(pa.table(values), path)
    assert read(path).labels == ("2026-01-02", "2026-01-03")
    pq.write_table(pa.table({**values, "label": [Decimal("1.50"), Decimal("2.00")]}), path)
    assert read(path).labels == ("1.5", "2")


def test_a_label_outside_the_vocabulary(tmp_path: Path) -> None:
    labels = ("billing", "bug")
    error = fails(lambda: dataset(tmp_path, [row(1, "bug"), row(2, "biling")], labels=labels))
    assert str(error).endswith("test.jsonl:2: label 'biling' is not in the vocabulary")
    assert (error.expected, error.hint) == ("one of billing, bug", "billing")
    error = fails(lambda: dataset(tmp_path, [row(1, "bug")], [row(2, "bug"), row(3, "Bug")], labels=labels))
    assert error.file == tmp_path / "train.jsonl" and error.line == 2


def test_labels_from_the_data_are_those_of_all_splits(tmp_path: Path) -> None:
    data = dataset(tmp_path, [row(1, "d")], [row(2, "a"), row(3, "c")], [row(4, "b")], limit=1)
    assert data.labels == ("a", "b", "c", "d")
    data = dataset(tmp_path, [row(1, "z"), row(2, "y")], [row(i, f"l{i}") for i in range(3, 30)], limit=1)
    assert data.labels == tuple(sorted({"z", "y"} | {f"l{i}" for i in range(3, 30)})), "in dev and past the limit"


def test_labels_are_the_declared_ones_or_none(tmp_path: Path) -> None:
    assert dataset(tmp_path, [row(1)], labels=("z", "a")).labels == ("z", "a")
    assert dataset(tmp_path, [row(1)], labels=()).labels == ()


EXTRACT = {"target": TargetReader.of("o", extract=True), "labels": (), "classes": False}


def test_objects_to_extract(tmp_path: Path) -> None:
    rows = [{"text": "a", "o": {"x": 1, "y": None}}, {"text": "b", "o": '{"x": [2.5]}'}]
    data = dataset(tmp_path, rows, **EXTRACT)
    assert [s.target for s in data.samples("test")] == [{"x": 1, "y": None}, {"x": [2.5]}]
    assert data.splits["test"].counts == {}
    fields = TargetReader.of({"team": "t", "urgent": "u"}, extract=True)
    data = dataset(tmp_path, [{"text": "a", "t": "ops", "u": True}], target=fields, labels=(), classes=False)
    assert next(data.samples("test")).target == {"team": "ops", "urgent": True}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "is empty"),
        ("", "is empty"),
        ("{x", "holds text that is not JSON"),
        ("[" * 100_000, "holds text that is not JSON"),
        ("[1]", "holds no object of fields"),
        (3, "holds no object of fields"),
    ],
)
def test_targets_that_are_no_objects(tmp_path: Path, value: Any, says: str) -> None:
    error = fails(lambda: dataset(tmp_path, [{"text": "a", "o": {}}, {"text": "b", "o": value}], **EXTRACT))
    assert error.line == 2 and error.problem == f"the target column 'o' {says}"


def test_objects_of_parquet_are_what_json_would_give(tmp_path: Path) -> None:
    """A model answers in JSON: a date or a decimal that stayed one could never be equal to it."""
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": ["a"], "o": [{"day": date(2026, 1, 2), "sum": Decimal("1.50")}]}), path)
    assert next(read(path, **EXTRACT).samples("test")).target == {"day": "2026-01-02", "sum": 1.5}
    fields = TargetReader.of({"day": "d"}, extract=True)
    pq.write_table(pa.table({"text": ["a"], "d": [date(2026, 1, 2)]}), path)
    assert next(read(path, **{**EXTRACT, "target": fields}).samples("test")).target == {"day": "2026-01-02"}


def test_groups_are_text(tmp_path: Path) -> None:
    data = dataset(tmp_path, [row(1, c=7), row(2, c="7"), row(3, c=7.0)], group="c")
    assert [s.group for s in data.samples("test")] == ["7", "7", "7"]
    assert [s.group for s in dataset(tmp_path, [row(1)]).samples("test")] == [None]


# leakage


def test_a_train_row_that_is_also_in_test(tmp_path: Path) -> None:
    error = fails(lambda: dataset(tmp_path, [row(1), row(2)], [row(3), row(2, "other label")]))
    assert (error.file, error.line) == (tmp_path / "train.jsonl", 2)
    assert "row is also in test (test.jsonl:2)" in error.problem
    assert "leakage: drop" in (error.expected or "")


def test_dropped_rows_are_counted_and_gone(tmp_path: Path) -> None:
    train = [row(i) for i in range(40)]
    data = dataset(tmp_path, [row(0), row(1)], train, leakage="drop")
    assert data.splits["train"].dropped + data.splits["dev"].dropped == 2
    assert data.splits["train"].n + data.splits["dev"].n == 38
    learned = [sample.fields["text"] for sample in data.training_samples()]
    assert sorted(learned) == sorted(r["text"] for r in train[2:])
    assert not {"question 0", "question 1"} & {s.fields["text"] for s in data.examples(99, "random", 7)}


def test_dev_rows_of_their_own_file_leak_too(tmp_path: Path) -> None:
    error = fails(lambda: dataset(tmp_path, [row(1)], dev=[row(2), row(1)]))
    assert error.problem.startswith("this dev row is also in test")
    data = dataset(tmp_path, [row(1)], dev=[row(2), row(1)], leakage="drop")
    assert (data.splits["dev"].n, data.splits["dev"].dropped) == (1, 1)


WHITE = st.text(" \t\n\r\u00a0\u2003", min_size=1, max_size=3)


@hypothesis
@given(before=WHITE, between=WHITE, after=WHITE)
def test_white_space_hides_no_leak(tmp_path: Path, before: str, between: str, after: str) -> None:
    test, train = {"text": "a b", "label": "x"}, {"text": f"{before}a{between}b{after}", "label": "x"}
    assert "also in test" in fails(lambda: dataset(tmp_path, [test], [train])).problem


def test_only_what_the_prompts_show_tells_rows_apart(tmp_path: Path) -> None:
    test, train = [row(1, customer="x", id=1)], [row(1, customer="y", id=2)]
    assert "also in test" in fails(lambda: dataset(tmp_path, test, train)).problem
    shown = frozenset({"text", "customer"})
    assert dataset(tmp_path, test, train, inputs=shown).splits["test"].n == 1
    # Prompts that show no column: everything but id and target counts.
    assert dataset(tmp_path, test, train, inputs=frozenset({"labels"}), id="id").splits["test"].n == 1
    train[0]["customer"] = "x"
    with pytest.raises(SuiteError, match="also in test"):
        dataset(tmp_path, test, train, inputs=frozenset({"labels"}), id="id")


def test_case_and_punctuation_are_differences(tmp_path: Path) -> None:
    assert dataset(tmp_path, [{"text": "Yes.", "label": "a"}], [{"text": "yes", "label": "a"}]).splits["test"].n == 1


# what a pass costs, and what it says of the data


def test_the_fingerprint_changes_with_any_cell(tmp_path: Path) -> None:
    def fingerprint(test: Rows, train: Rows) -> str:
        return dataset(tmp_path, test, train).fingerprint

    test, train = [row(1, x=None), row(2)], [row(i) for i in range(10, 30)]
    first = fingerprint(test, train)
    assert first == fingerprint(test, train) and len(first) == 64
    changed = [
        fingerprint([row(1, x=0), row(2)], train),
        fingerprint([row(1), row(2)], train),
        fingerprint([row(1, "b", x=None), row(2)], train),
        fingerprint(test[::-1], train),
        fingerprint([*test, row(2)], train),
        *(fingerprint(test, [*train[:i], row(99 + i), *train[i + 1 :]]) for i in range(len(train))),
    ]
    assert len({first, *changed}) == 1 + len(changed)


def test_counts_are_by_target(tmp_path: Path) -> None:
    data = dataset(tmp_path, [row(1, "b"), row(2, "a"), row(3, "b")])
    assert list(data.splits["test"].counts.items()) == [("a", 1), ("b", 2)]


def test_index_is_the_position_among_the_samples(tmp_path: Path) -> None:
    data = dataset(tmp_path, MANY, [row(i) for i in range(300, 400)], limit=50)
    for split in ("test", "train", "dev"):
        assert [s.index for s in data.samples(split)] == list(range(data.splits[split].n))


def test_several_files_are_one_split(tmp_path: Path) -> None:
    for name in "ab":
        jsonl(tmp_path / f"{name}.jsonl", [row(1, id="t1")])
    paths = [tmp_path / f"{name}.jsonl" for name in "ab"]
    assert read(*paths).splits["test"].n == 2
    error = fails(lambda: read(*paths, id="id"))
    assert error.file == tmp_path / "b.jsonl" and "first in a.jsonl:1" in error.problem


MEASURE = """
import sys, tracemalloc
from evalkit.suite.data.dataset import Dataset
from evalkit.suite.data.items import DatasetSpec
from evalkit.suite.data.rows import RowSource
from evalkit.suite.data.target import TargetReader
test, train = (RowSource((path,)) for path in sys.argv[1:3])
spec = DatasetSpec(test, TargetReader.of("label", False), frozenset({"text"}), train, limit=100)
tracemalloc.start()
data = Dataset(spec)
opened = tracemalloc.get_traced_memory()[1]
tracemalloc.reset_peak()
held = tracemalloc.get_traced_memory()[0]
n = sum(1 for _ in data.samples("train")) + sum(1 for _ in data.samples("test"))
print(n, opened, held, tracemalloc.get_traced_memory()[1] - held)
"""


def test_memory_per_row_is_a_few_hashes(tmp_path: Path) -> None:
    """40,000 rows of 1 KB: a pass holds none of them, and the first one 400 bytes each at most."""
    n, pad = 20_000, "x" * 1000
    paths = []
    for name, start in (("test", 0), ("train", n)):
        paths.append(tmp_path / f"{name}.jsonl")
        with paths[-1].open("w") as file:
            file.writelines(json.dumps(row(start + i, "abcd"[i % 4], pad=pad)) + "\n" for i in range(n))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    passed, opened, held, grown = map(int, done.stdout.split())
    assert passed > 15_000
    assert opened < 400 * n and held < 200 * n and grown < 200_000
