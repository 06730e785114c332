"""Targets that are compared in another spelling than they are written are told, each kind in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.suite.open import OpenSuite
from tests.builders.suites import opened, row

LABELS = "labels: from_data"


def suite(folder: Path, *labels: str, output: str = LABELS) -> OpenSuite:
    return opened(folder, (LABELS, output), test=[row(i, label) for i, label in enumerate(labels)])


def test_decomposed_labels(tmp_path: Path) -> None:
    opened_suite = suite(tmp_path, "re\u0301clam", "r\u00e9clam", "autre")
    assert opened_suite.dataset.labels == ("autre", "r\u00e9clam")
    assert opened_suite.warnings == ("the target is in decomposed Unicode (not NFC) in 1 row; it is compared composed",)
    assert opened_suite.dataset.splits["test"].counts == {"autre": 1, "r\u00e9clam": 2}


def test_spaces_around_and_unseen(tmp_path: Path) -> None:
    opened_suite = suite(tmp_path, "a ", "a", "\tb", "c\u00a0d", "\u200bc d")
    assert opened_suite.dataset.labels == ("a", "b", "c d")
    assert opened_suite.warnings == (
        "the target holds non-breaking or unseen spaces in 2 rows; they are compared as plain ones",
        "the target has white space around it in 2 rows; it is compared without",
    )


def test_what_differs_in_case_alone_is_told_and_kept_apart(tmp_path: Path) -> None:
    opened_suite = suite(tmp_path, "Bill", "bill", "bill", "pay")
    assert opened_suite.dataset.labels == ("Bill", "bill", "pay")
    (warning,) = opened_suite.warnings
    assert "'Bill' (1) and 'bill' (2)" in warning


def test_codes_that_a_table_made_into_floats_are_told(tmp_path: Path) -> None:
    (warning,) = suite(tmp_path, "1.0", "2.0", "2.0").warnings
    assert "such as '1.0'" in warning and "An answer of '1' is not '1.0'" in warning
    assert suite(tmp_path, "1.0", "1.1").warnings == ()


def test_declared_labels_are_compared_alike(tmp_path: Path) -> None:
    opened_suite = suite(tmp_path, "r\u00e9", "b", output='labels: ["re\u0301 ", b]')
    assert opened_suite.dataset.labels == ("r\u00e9", "b") and opened_suite.warnings == ()
    with pytest.raises(SuiteError, match="are one: they differ in nothing that is compared"):
        suite(tmp_path, "a", output='labels: [a, "a ", b]')
    with pytest.raises(SuiteError, match="label 'B' is not in the vocabulary") as caught:
        suite(tmp_path, "B", output="labels: [a, b]")
    assert caught.value.hint == "b" and caught.value.line == 1


def test_a_target_that_shows_nothing_is_empty(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="the target column 'label' is empty"):
        suite(tmp_path, "a", "\u200b")


@pytest.mark.parametrize(("label", "read"), [
    ("007", "7 (a whole number)"), ("True", "true"), ("0x1F", "31 (a whole number)"),
    ("1_000", "1000 (a whole number)"),
    ("1.10", "1.1 (a number)"), ("~", "nothing"),
])  # fmt: skip
def test_a_label_that_yaml_reads_as_no_text_is_named_as_written(tmp_path: Path, label: str, read: str) -> None:
    with pytest.raises(SuiteError) as caught:
        suite(tmp_path, "a", output=f"labels: [{label}, b]")
    assert caught.value.problem == f"entry 1 of `labels` is `{label}`, which YAML reads as {read}"
    assert f'put it in quotes, "{label}"' in str(caught.value.expected)


def test_words_that_are_text_in_yaml_are_labels(tmp_path: Path) -> None:
    assert suite(tmp_path, "on", "no", output="labels: [on, off, yes, no]").dataset.labels == ("on", "off", "yes", "no")


def test_quoting_of_a_table_is_the_suites_word(tmp_path: Path) -> None:
    (tmp_path / "rows.tsv").write_text('text\tlabel\n"one\ttwo"\ta\n"three"\tb\n')
    told = opened(tmp_path, ("test: test.jsonl", "test: rows.tsv\n  quoting: true"), test=[])
    assert [s.fields["text"] for s in told.dataset.samples("test")] == ["one\ttwo", "three"] and told.warnings == ()
    with pytest.raises(SuiteError, match=r"rows\.tsv:2: expected 2 columns") as caught:
        opened(tmp_path, ("test: test.jsonl", "test: rows.tsv"), test=[])
    assert "`quoting: true`" in str(caught.value.expected)


def test_quoting_without_a_table_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="only .csv and .tsv files have cells in quotation marks") as caught:
        opened(tmp_path, ("target: label", "target: label\n  quoting: true"), test=[row(1)])
    assert caught.value.place is not None and "quoting" in str(caught.value.place.text)
    (tmp_path / "o.jsonl").write_text("{}")
    logged = "logged: {model: recorded, role: prompted, path: o.jsonl, quoting: false}"
    with pytest.raises(SuiteError, match="only .csv and .tsv files"):
        opened(tmp_path, ("sonnet: anthropic/claude-sonnet-5-5", logged), test=[row(1)])
