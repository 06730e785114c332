"""A suite's contradictory rows: found by itself, told before and after a run, kept by the rows' digest."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.records.evidence import LabelConflicts, Rules
from evalkit.report.run import show_run
from evalkit.running import label_conflicts as module
from evalkit.running.label_conflicts import conflicts_of
from evalkit.running.prepare import prepare
from evalkit.workflows.plan import plan_suite
from evalkit.workflows.scope import answered, open_scope
from tests.cli_helper import evalkit, write, write_rows

TEST = [{"id": f"t{i}", "text": f"ticket {i}", "team": "a" if i < 20 else "b", "label": "xy"[i % 2]} for i in range(40)]
TEST += [{"id": f"c{i}", "text": f"ticket  {i}", "team": "a", "label": "yx"[i % 2]} for i in range(4)]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def suite(folder: Path, rows: list[dict[str, Any]] = TEST, **parts: Any) -> Path:
    write_rows(folder, "test.jsonl", rows)
    base: dict[str, Any] = {
        "name": "tickets",
        "dataset": {"test": {"path": "test.jsonl"}, "target": "label", "id": "id"},
        "prompt": {"system": "x or y", "user": "{{ text }}"},
        "output": {"form": "label", "labels": "from_data"},
        "models": {"haiku": "anthropic/claude-haiku-5-5"},
        "good_enough": {"accuracy": 0.9},
    }
    return write(folder, "suite.yaml", yaml.safe_dump({k: v for k, v in (base | parts).items() if v is not None}))


def conflicts(path: Path) -> LabelConflicts | None:
    return conflicts_of(prepare(path))


def test_what_test_says_of_itself(tmp_path: Path) -> None:
    found = conflicts(suite(tmp_path))
    assert found is not None
    assert (found.rows, found.of, found.groups) == (8, 44, 4)
    assert found.ceiling == pytest.approx(40 / 44)
    assert found.least_wrong == pytest.approx(4 / 44)
    assert found.examples[0] == "t0: x, c0: y"


def test_rows_are_the_same_where_every_prompt_shows_the_same(tmp_path: Path) -> None:
    told_apart = {"text": {"system": "x", "user": "{{ text }}"}, "id": {"system": "x", "user": "{{ text }} {{ id }}"}}
    found = conflicts(suite(tmp_path, prompt=None, prompts=told_apart))
    assert found == LabelConflicts(rows=0, of=44, ceiling=1.0)


def test_answers_of_one_meaning_do_not_contradict(tmp_path: Path) -> None:
    rows = [{"text": f"sum {i // 2}", "label": ("1,250.00", "1250")[i % 2]} for i in range(6)]
    rows += [{"text": "sum 2", "label": "9"}]
    task = {
        "task": "answer",
        "output": {"form": "text"},
        "dataset": {"test": {"path": "test.jsonl"}, "target": "label"},
    }
    found = conflicts(suite(tmp_path, rows, **task))
    assert found is not None
    assert (found.rows, found.groups) == (3, 1)
    assert found.least_wrong == pytest.approx(1 / 7)


def test_where_many_answers_may_be_right_nothing_is_looked_for(tmp_path: Path) -> None:
    task = {"task": "write", "output": {"form": "text"}, "good_enough": {"format_validity": 0.9}}
    assert conflicts(suite(tmp_path, **task)) is None


def test_rows_of_train_that_were_left_out_count_against_train(tmp_path: Path) -> None:
    train = [{"id": f"u{i}", "text": f"other {i}", "label": "xy"[i % 2]} for i in range(30)]
    train += [{"id": "v0", "text": "ticket 7", "label": "x"}, {"id": "v1", "text": "ticket 8", "label": "x"}]
    write_rows(tmp_path, "train.jsonl", train)
    files = {"test": {"path": "test.jsonl"}, "train": {"path": "train.jsonl"}}
    found = conflicts(suite(tmp_path, dataset={**files, "target": "label", "id": "id", "leakage": "drop"}))
    assert found is not None
    assert (found.rows, found.train_rows, found.train_of, found.against_test) == (8, 0, 32, 1)


def test_the_rows_are_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = suite(tmp_path)
    first = conflicts(path)

    def never(*_: object) -> None:
        raise AssertionError("looked at again")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_found", never)
        assert conflicts(path) == first
        with pytest.raises(AssertionError, match="looked at again"):
            conflicts(suite(tmp_path, TEST[:-1]))
        with pytest.raises(AssertionError, match="looked at again"):
            conflicts(suite(tmp_path, dataset={"test": {"path": "test.jsonl"}, "target": "team", "id": "id"}))


SAID = "In test 8 of 44 rows show the same text as another row and have another label (4 texts). Whatever is answered, "
SAID += "at most .909 can count as right: 9.1 % of the labels or more are wrong, or the text does not say enough."


def test_plan_and_scope_tell_it_before_the_first_run(tmp_path: Path) -> None:
    path = suite(tmp_path)
    assert any(warning.startswith(SAID) for warning in plan_suite(path).warnings)
    screen = StringIO()
    show_run(answered(open_scope(path, tmp_path / "runs"), {}), screen, quiet=True)
    assert SAID in screen.getvalue()
    assert "Rows t0: x, c0: y;" in screen.getvalue()


def test_a_run_and_its_memo_tell_it(tmp_path: Path) -> None:
    write_rows(tmp_path, "answers.jsonl", [{"id": row["id"], "output": row["label"]} for row in TEST])
    recorded = {"model": "recorded", "path": "answers.jsonl", "id": "id", "output": "output", "role": "prompted"}
    path = suite(tmp_path, models={"logged": recorded})
    run = evalkit("run", path.name, cwd=tmp_path)
    assert run.code == 0, run.err
    assert SAID in run.out
    data = evalkit("run", path.name, "--json", cwd=tmp_path).json
    assert data["facts"]["label_conflicts"]["rows"] == 8
    assert "ticket" not in str(data["facts"]["label_conflicts"])
    assert evalkit("report", data["run"], "--html", "memo.html", cwd=tmp_path).code == 0
    assert SAID in (tmp_path / "memo.html").read_text(encoding="utf-8")


def test_the_rules_of_the_suite_are_facts(tmp_path: Path) -> None:
    assert open_scope(suite(tmp_path), tmp_path / "runs").facts.rules == Rules(1000, 10, 200)
    path = suite(tmp_path, decision={"min_test_rows": 50, "min_labels": 10})
    assert open_scope(path, tmp_path / "runs").facts.rules == Rules(10, 10, 50)
