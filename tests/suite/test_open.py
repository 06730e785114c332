"""A suite with its data: every mistake is told at the key of the suite or the row that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.suite.open import OpenSuite
from tests.builders.suites import SUITE, jsonl, opened, row

TEST = [row(1, "a"), row(2, "b")]
TRAIN = [row(i, "ab"[i % 2]) for i in range(10, 30)]
USER = 'user: "{{ text }}"'


def fails(folder: Path, *changes: tuple[str, str], **splits: Any) -> SuiteError:
    splits.setdefault("test", TEST)
    with pytest.raises(SuiteError) as caught:
        opened(folder, *changes, **splits)
    return caught.value


def at(error: SuiteError, piece: str) -> None:
    """The error must point at the first character of `piece` in the suite."""
    assert error.file is not None and error.file.name == "suite.yaml" and error.place is not None
    assert (error.place.text or "")[(error.column or 0) - 1 :].startswith(piece), error.render()


def test_a_suite_and_its_data(tmp_path: Path) -> None:
    suite = opened(tmp_path, test=TEST, train=TRAIN)
    assert suite.dataset.labels == ("a", "b") and suite.warnings == ()
    assert {name: split.n for name, split in suite.dataset.splits.items()}.keys() == {"test", "train", "dev"}
    assert suite.given == {"labels": ["a", "b"], "schema": None}


def test_globs_read_every_file_in_order(tmp_path: Path) -> None:
    for name in "cab":
        (tmp_path / "rows" / name).mkdir(parents=True)
        jsonl(tmp_path / "rows" / name / "x.jsonl", [{"text": name, "label": "l"}])
    (tmp_path / "rows" / "d.csv").write_text("text,label\nd,l\n")
    for pattern, expected in (("rows/*/x.jsonl", "abc"), ("rows/**/*.*", "abcd"), ("rows/[ab]/*", "ab")):
        suite = opened(tmp_path, ("test.jsonl", pattern), test=[])
        assert "".join(s.fields["text"] for s in suite.dataset.samples("test")) == expected


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("target", ("target: label", "target: lable")),
        ("id", ("target: label", "target: label\n  id: lable")),
        ("group", ("target: label", "target: label\n  group: lable")),
    ],
)
def test_a_missing_column_points_at_its_key(tmp_path: Path, key: str, change: tuple[str, str]) -> None:
    error = fails(tmp_path, change)
    at(error, "lable")
    assert f"{key}: lable" in (error.place.text if error.place and error.place.text else "")
    assert error.problem == "no column 'lable' in test.jsonl:1"
    assert error.hint == "label" and error.expected == "one of the columns text, label"


def test_a_missing_column_of_extraction(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"type": "object"}')
    changes = [
        ("classify", "extract"),
        ("target: label", "target: {team: labl}"),
        ("form: label\n  labels: from_data", "form: json\n  schema: {path: s.json}"),
        ("{accuracy: 0.9}", "{field_f1: 0.9}"),
    ]
    error = fails(tmp_path, *changes)
    assert error.hint == "label" and error.line == 5


def test_an_empty_split_points_at_its_key(tmp_path: Path) -> None:
    at(fails(tmp_path, test=[]), "test.jsonl")
    error = fails(tmp_path, train=[])
    at(error, "train.jsonl")
    assert error.problem == "the train split has no rows"


def test_wrong_rows_are_told_in_their_own_file(tmp_path: Path) -> None:
    error = fails(tmp_path, ("from_data", "[a, c]"))
    assert (error.file, error.line) == (tmp_path / "test.jsonl", 2)
    error = fails(tmp_path, train=[*TRAIN, TEST[0]])
    assert (error.file, error.line) == (tmp_path / "train.jsonl", 21)
    (tmp_path / "test.jsonl").write_text("{")
    with pytest.raises(SuiteError, match=r"test\.jsonl:1:2: not valid JSON"):
        opened(tmp_path)


# templates against columns


def test_an_undefined_variable(tmp_path: Path) -> None:
    error = fails(tmp_path, (USER, 'user: "{{ txet }}"'))
    at(error, '"{{ txet }}"')
    assert error.problem == "the template uses 'txet', which is not there"
    assert error.hint == "text" and error.expected == "one of label, labels, schema, text"


def test_its_line_inside_a_block(tmp_path: Path) -> None:
    """A name that holds the variable's, or the word in plain text, is not where it stands."""
    block = "user: |\n    texts of this kind:\n    {{ text }}\n\n    {{ texts }}\n    {{ texts }}"
    error = fails(tmp_path, (USER, block))
    at(error, "{{ texts }}")
    assert error.line == SUITE.split("\n").index(f"  {USER}") + 5
    error = fails(tmp_path, (USER, f"system: |\n    Hello.\n    {{{{ lables }}}}\n  {USER}"))
    at(error, "{{ lables }}")
    assert error.hint == "labels" and error.expected == "one of labels, schema"


def test_its_line_in_a_prompt_file(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("Hello.\n\n{{ txet }}\n")
    error = fails(tmp_path, (USER, "user: {path: p.md}"))
    assert (error.file, error.line) == (tmp_path / "p.md", 3)
    assert error.hint == "text" and "{{ txet }}" in error.render()


def test_the_system_part_sees_no_column(tmp_path: Path) -> None:
    error = fails(tmp_path, (USER, 'system: "About {{ text }}"\n  ' + USER))
    assert error.problem == "the system part uses the column 'text', but all samples share it"
    assert error.hint is None and "the prefix that is cached" in (error.expected or "")


def test_the_first_of_several_unknown_names_is_told(tmp_path: Path) -> None:
    error = fails(tmp_path, (USER, "user: |\n    {{ z }}\n    {{ a }}"))
    assert "'z'" in error.problem


@pytest.mark.parametrize("part", ["system", "user"])
def test_template_errors_have_their_line(tmp_path: Path, part: str) -> None:
    block = f"{part}: |\n    one\n    two {{% if %}}\n"
    error = fails(tmp_path, (USER, block if part == "user" else f"{block}  {USER}"))
    at(error, "two {% if %}")
    (tmp_path / "p.md").write_text("one\n\n{{ x")
    error = fails(tmp_path, (USER, f"{part}: {{path: p.md}}" + ("" if part == "user" else f"\n  {USER}")))
    assert (error.file, error.line) == (tmp_path / "p.md", 3)


def test_helpers_are_no_columns(tmp_path: Path) -> None:
    loop = "{% for i in range(2) %}{{ text }}{% endfor %}"
    assert opened(tmp_path, (USER, f'user: "{loop}"'), test=TEST).dataset.splits["test"].n == 2


def test_a_column_that_some_rows_lack_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    note = (USER, 'user: "{{ text }} {{ note }}"')
    rows = [row(1, note="x"), row(2, note="y"), row(3)]
    error = fails(tmp_path, note, test=rows)
    assert (error.file, error.line) == (tmp_path / "test.jsonl", 3)
    assert error.problem == "prompt default, user part: template error: 'note' is undefined"
    assert error.expected == "the column in every row, or {{ note | default('') }}"
    # In train as well, where rows become examples and training data; and where only the first row lacks it.
    error = fails(tmp_path, note, test=rows[:2], train=[row(i, note="x") for i in range(9, 20)] + [row(4)])
    assert (error.file, error.line) == (tmp_path / "train.jsonl", 12)
    assert fails(tmp_path, note, test=rows[::-1]).line == 1


@pytest.mark.parametrize("note", ["{{ note | default('-') }}", "{% if note is defined %}{{ note }}{% endif %}"])
def test_a_template_that_says_what_to_do_without_a_column(tmp_path: Path, note: str) -> None:
    suite = opened(tmp_path, (USER, f'user: "{{{{ text }}}} {note}"'), test=[row(1), row(2, note="y")])
    assert suite.dataset.splits["test"].n == 2


# what is allowed and yet told


def warnings(folder: Path, *changes: tuple[str, str], **splits: Any) -> tuple[str, ...]:
    return opened(folder, *changes, **splits).warnings


def test_dropped_rows_are_told(tmp_path: Path) -> None:
    drop = ("target: label", "target: label\n  leakage: drop")
    dev = [row(40), row(41), TEST[1]]
    found = warnings(tmp_path, drop, test=TEST, train=[*TRAIN, *TEST], dev=dev)
    assert found == (
        "dropped from train, because they are in test too: 2 rows",
        "dropped from dev, because they are in test too: 1 rows",
    )


def test_more_examples_than_train_has_are_told(tmp_path: Path) -> None:
    examples = (USER, f"{USER}\n  examples: {{count: 24}}")
    suite = opened(tmp_path, examples, test=TEST, train=TRAIN)
    n = suite.dataset.splits["train"].n
    assert suite.warnings == (f"prompt default asks for 24 examples, and train gives {n}",)
    # Every train row asks what a dev row asks: none is left to show.
    suite = opened(tmp_path, examples, test=TEST, train=TRAIN, dev=TRAIN)
    assert suite.warnings == ("prompt default asks for 24 examples, and train gives 0",)
    assert opened(tmp_path, (USER, f"{USER}\n  examples: {{count: 9}}"), test=TEST, train=TRAIN).warnings == ()


@pytest.mark.parametrize("target", ["label", "labels"])
def test_a_prompt_that_gives_the_answer_away_is_told(tmp_path: Path, target: str) -> None:
    changes = [("target: label", f"target: {target}"), (USER, f'user: "{{{{ text }}}} {{{{ {target} }}}}"')]
    found = warnings(tmp_path, *changes, test=[{"text": "x", target: "a"}, {"text": "y", target: "b"}])
    assert found == (f"prompt default shows the target column {target!r}: the answer is given away",)


def test_several_prompts_need_rows_to_choose_on(tmp_path: Path) -> None:
    prompts = ('prompt:\n  user: "{{ text }}"', 'prompts:\n  p: {user: "{{ text }}"}\n  q: {user: "Q: {{ text }}"}')
    train = [row(i) for i in range(10, 12)]
    dev = "  dev: {from: train, fraction: 0.01}\n  target"
    error = fails(tmp_path, prompts, ("  target", dev), train=train)
    assert error.problem == "the dev split has no rows to choose a prompt on"
    at(error, "{from: train")
    assert len(opened(tmp_path, prompts, test=TEST, train=TRAIN).prompts) == 2


def test_a_leak_shows_in_what_any_prompt_shows(tmp_path: Path) -> None:
    """A column that no prompt shows tells no rows apart."""
    test, train = [row(1, day=1)], [row(1, day=2), *TRAIN]
    assert "also in test" in fails(tmp_path, test=test, train=train).problem
    shown = (USER, 'user: "{{ day }}: {{ text }}"')
    assert opened(tmp_path, shown, test=test, train=[{**r, "day": 2} for r in train]).dataset.splits["test"].n == 1


@pytest.mark.parametrize(
    ("task", "output", "counts"),
    [
        ("classify", "form: label\n  labels: from_data", True),
        ("classify", "form: json\n  schema: {path: s.json}\n  answer: label", True),
        ("answer", "form: label\n  labels: from_data", True),
        ("answer", "form: text", False),
        ("write", "form: text", False),
    ],
)
def test_targets_are_counted_where_they_are_classes(tmp_path: Path, task: str, output: str, counts: bool) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"type": "object", "properties": {"label": {"type": "string"}}}))
    changes = [("classify", task), ("form: label\n  labels: from_data", output)]
    suite: OpenSuite = opened(tmp_path, *changes, test=TEST)
    assert suite.dataset.splits["test"].counts == ({"a": 1, "b": 1} if counts else {})


def test_limits_and_seed_come_from_the_suite(tmp_path: Path) -> None:
    changes = [
        ("target: label", "target: label\n  limit: 30"),
        ("sonnet: anthropic/claude-sonnet-5-5", "sonnet: {model: anthropic/claude-sonnet-5-5, limit: 10}"),
    ]
    rows = [row(i, "ab"[i % 2]) for i in range(100)]
    chosen = []
    for seed in (1, 2):
        suite = opened(tmp_path, *changes, ("models:", f"run: {{seed: {seed}}}\nmodels:"), test=rows)
        assert len(list(suite.dataset.samples("test"))) == 30
        assert len(list(suite.dataset.samples("test", limit=10))) == 10
        chosen.append({s.id for s in suite.dataset.samples("test")})
    assert chosen[0] != chosen[1]


def test_a_local_folder_in_place_of_a_hub_name_needs_no_hub(tmp_path: Path) -> None:
    (tmp_path / "reviews").mkdir()
    jsonl(tmp_path / "reviews" / "test.jsonl", TEST)
    source = ("test: test.jsonl", f"test: {{hub: {tmp_path / 'reviews'}}}")
    suite = opened(tmp_path, source)
    assert [s.fields for s in suite.dataset.samples("test")] == TEST and suite.warnings == ()


# dev


def test_dev_null_is_no_dev_split(tmp_path: Path) -> None:
    """All of train may then be an example, and nothing is set apart."""
    suite = opened(tmp_path, ("target: label", "target: label\n  dev: null"), test=TEST, train=TRAIN)
    assert list(suite.dataset.splits) == ["test", "train"]
    assert suite.dataset.splits["train"].n == len(TRAIN)
    assert len(list(suite.dataset.training_samples())) == len(TRAIN)
    assert len(suite.dataset.examples(len(TRAIN), "random", 7)) == len(TRAIN)


def test_without_the_key_dev_is_a_slice_of_train(tmp_path: Path) -> None:
    suite = opened(tmp_path, test=TEST, train=TRAIN)
    assert 0 < suite.dataset.splits["dev"].n == len(TRAIN) - suite.dataset.splits["train"].n
