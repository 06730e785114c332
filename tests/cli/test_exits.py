"""How commands end: each exit code by its contract, what is told on standard error, and how to go on."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from evalkit.cli.asking import GoingOn, ask
from evalkit.cli.exits import GOOD, INCOMPLETE, INTERRUPTED, WRONG_INPUT, with_exit_code
from evalkit.errors import (
    BatchStoreError,
    CacheError,
    EvalkitError,
    Incomplete,
    Interrupted,
    ModelUnavailable,
    Place,
    RunError,
    SuiteError,
    UsageError,
)
from evalkit.workflows.run import HowToAsk, Watch
from tests.cli_helper import Done, evalkit, write, write_rows

ROWS = [{"id": f"t{i}", "text": f"ticket {i}", "label": "ab"[i % 2]} for i in range(40)]
SUITE = """
name: tickets
dataset: {test: test.jsonl, target: label, id: id}
prompt: {user: "{{ text }}"}
output: {form: label, labels: from_data}
models: {old: {model: recorded, role: prompted, path: answers.jsonl}}
good_enough: {accuracy: 0.9}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A suite whose answers were recorded, so that nothing is sent."""
    write_rows(tmp_path, "test.jsonl", ROWS)
    write_rows(tmp_path, "answers.jsonl", [{"id": row["id"], "output": row["label"]} for row in ROWS])
    write(tmp_path, "suite.yaml", SUITE)
    return tmp_path


def told(done: Done, code: int, *words: str) -> None:
    """It ended with this code and said these words on standard error, without a traceback."""
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


def test_0_good(folder: Path) -> None:
    done = evalkit("run", "suite.yaml", "--quiet", cwd=folder)
    told(done, 0)
    told(evalkit("report", "runs/tickets", cwd=folder), 0)
    told(evalkit("history", "suite.yaml", cwd=folder), 0)


def test_1_a_gate_failed(folder: Path) -> None:
    write_rows(folder, "answers.jsonl", [{"id": row["id"], "output": "a"} for row in ROWS])
    write(folder, "suite.yaml", SUITE + "gates: {below_good_enough: fail}\n")
    assert evalkit("check", "suite.yaml", cwd=folder).code == 1


def test_2_a_suite_is_wrong(folder: Path) -> None:
    write(folder, "suite.yaml", SUITE.replace("target: label", "target: lable"))
    for command in ("run", "plan", "check"):
        done = evalkit(command, "suite.yaml", cwd=folder)
        assert done.code == 2 and "Traceback" not in done.err
        assert "suite.yaml:3:37: no column 'lable' in test.jsonl:1" in done.out + done.err
        assert "did you mean `label`?" in done.out + done.err


def test_2_a_file_that_is_read_is_wrong(folder: Path) -> None:
    told(evalkit("report", "runs/tickets", cwd=folder), 2, "runs/tickets: not a run's folder")
    told(evalkit("scope", "absent.yaml", cwd=folder), 2, "absent.yaml: no such file")
    told(evalkit("compare", "runs/a", "runs/b", cwd=folder), 2, "runs/a")
    told(evalkit("baseline", "show", "nothing:there", cwd=folder), 2, "nothing")
    told(evalkit("history", "suite.yaml", cwd=folder), 2, "no runs yet")


def test_2_a_call_is_wrong(folder: Path) -> None:
    told(evalkit("breakeven", "--build-cost", "much", cwd=folder), 2, "much")
    told(evalkit("compare", "a", "b", "--margin", "1", cwd=folder), 2, "--margin is a share")
    told(evalkit("run", "suite.yaml", "--model", "odl", cwd=folder), 2, "no model 'odl'", "did you mean `old`?")
    told(evalkit("frobnicate", cwd=folder), 2, "frobnicate")


def test_3_the_disk_does_not_take_the_run(folder: Path) -> None:
    write(folder, "runs", "a file where the folder should be")
    done = evalkit("run", "suite.yaml", "--quiet", cwd=folder)
    told(done, 3, "cannot write the run here", "Everything answered before is kept. Go on with: python -m evalkit run")


def test_3_the_cache_cannot_be_opened(folder: Path) -> None:
    write(folder, "cache/evalkit", "a file where the folder should be")
    told(evalkit("run", "suite.yaml", "--quiet", cwd=folder), 3, "Go on with: python -m evalkit run suite.yaml")


def test_a_row_that_cannot_be_rendered_has_the_line_of_the_template(folder: Path) -> None:
    write(folder, "suite.yaml", SUITE.replace("{{ text }}", "{{ text + 1 }}"))
    told(evalkit("run", "suite.yaml", "--quiet", cwd=folder), 2, "suite.yaml:4:16: sample t0: template error")
    told(evalkit("plan", "suite.yaml", cwd=folder), 2, "suite.yaml:4:16: sample t0: template error")


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError("x"), 2), (SuiteError("x"), 2), (RunError("x"), 2), (CacheError("x"), 3), (EvalkitError("x"), 3)],
)
def test_every_error_has_its_code(error: EvalkitError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    @with_exit_code
    def command() -> int:
        raise error

    assert command() == code == error.exit_code
    assert capsys.readouterr() == ("", "x\n")


def test_what_nobody_foresaw_is_one_line_and_never_a_failed_gate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "k-0123456789")

    @with_exit_code
    def command(error: Exception) -> int:
        raise error

    for error in (ValueError("a fault with\nk-0123456789"), ModelUnavailable("never to be seen here"), KeyError()):
        assert command(error) == INCOMPLETE
        told = capsys.readouterr().err
        assert told.startswith(f"evalkit itself failed: {type(error).__name__}")
        assert "k-0123456789" not in told and told.count("\n") == 1 and "EVALKIT_DEBUG=1" in told
    monkeypatch.setenv("EVALKIT_DEBUG", "1")
    assert command(ValueError("a fault")) == INCOMPLETE
    assert "Traceback" in capsys.readouterr().err


def test_a_disk_that_fails_is_no_fault_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    @with_exit_code
    def command() -> int:
        raise OSError(28, "No space left on device", "memo.html")

    assert command() == INCOMPLETE
    assert capsys.readouterr().err == "evalkit cannot go on: memo.html: No space left on device\n"


def test_an_unforeseen_end_of_asking_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(watch: Watch) -> int:
        raise ZeroDivisionError

    @with_exit_code
    def command() -> int:
        return ask(work, GoingOn("evalkit run s.yaml", HowToAsk()), show_progress=False)

    assert command() == INCOMPLETE
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("evalkit itself failed: ZeroDivisionError (evalkit/cli/asking.py:")
    assert told[1] == "Everything answered before is kept. Go on with: evalkit run s.yaml"


def test_errors_are_safe_to_print(capsys: pytest.CaptureFixture[str]) -> None:
    @with_exit_code
    def command(error: Exception) -> int:
        raise error

    command(RunError("bad\x1b[2Jname\nsecond line"))
    assert capsys.readouterr().err == "bad\\x1b[2Jname\nsecond line\n"
    command(SuiteError("key sk-0123456789abc", Place(Path("s.yaml"), 3, 1, "a: b")))
    shown = capsys.readouterr().err
    assert "0123456789" not in shown and "s.yaml:3:1" in shown and "    3 | a: b" in shown


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (CacheError("full"), "Everything answered before is kept."),
        (RunError("full"), "Everything answered before is kept."),
        (BatchStoreError("full"), "What was submitted is on record."),
    ],
)
def test_incomplete_work_says_how_to_go_on(error: EvalkitError, kept: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def work(watch: Watch) -> int:
        raise error

    @with_exit_code
    def command() -> int:
        return ask(work, GoingOn("evalkit run s.yaml", HowToAsk()), show_progress=False)

    assert command() == INCOMPLETE
    assert capsys.readouterr().err == f"full\n{kept} Go on with: evalkit run s.yaml\n"


def test_130_interrupted_ends_the_process_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work(watch: Watch) -> int:
        raise Interrupted(7, 1200)

    class Ended(BaseException):
        """Stands for the end of the process."""

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr("os._exit", end)
    with pytest.raises(Ended) as caught:
        ask(work, GoingOn("evalkit run s.yaml", HowToAsk()), show_progress=False)
    assert caught.value.args == (130,)
    assert "Interrupted: 7 of 1,200 answers are kept. Go on with: evalkit run s.yaml" in capsys.readouterr().err


def test_the_codes_are_those_of_the_contract() -> None:
    assert (GOOD, WRONG_INPUT, INCOMPLETE, INTERRUPTED) == (0, 2, 3, 130)
    assert issubclass(CacheError, Incomplete)


def test_json_is_alone_on_standard_output(folder: Path) -> None:
    done = evalkit("run", "suite.yaml", "--json", cwd=folder)
    assert done.code == 0 and json.loads(done.out)["complete"] is True


def test_a_damaged_cache_is_told(folder: Path) -> None:
    assert evalkit("run", "suite.yaml", "--quiet", cwd=folder).code == 0
    for path in (folder / "cache").rglob("*.db"):
        path.write_bytes(b"no database" * 1000)
        with pytest.raises(sqlite3.DatabaseError), sqlite3.connect(path) as broken:
            broken.execute("select * from sqlite_master").fetchall()
    done = evalkit("run", "suite.yaml", "--quiet", cwd=folder)
    assert done.code in (0, 3) and "Traceback" not in done.err
