"""What is printed arrives on any terminal, in any pipe, and never changes how a command ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.cli.streams import _plainly, print_document
from tests.cli.test_exits import SUITE
from tests.cli_helper import evalkit, write, write_rows

LABELS = ("Kündigung", "帳單")
ROWS = [{"id": f"t{i}", "text": f"Brief {i} ≥ …", "label": LABELS[i % 2]} for i in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite whose labels no code page of one byte holds all of, run once."""
    tmp_path = tmp_path_factory.mktemp("suite")
    write_rows(tmp_path, "test.jsonl", ROWS)
    write_rows(tmp_path, "answers.jsonl", [{"id": row["id"], "output": row["label"]} for row in ROWS])
    write(tmp_path, "suite.yaml", SUITE)
    assert evalkit("run", "suite.yaml", "--quiet", cwd=tmp_path).code == 0
    return tmp_path


def printed(folder: Path, encoding: str, *arguments: str) -> tuple[int, bytes]:
    """Exit code and bytes of a command whose terminal has this encoding."""
    env = {**os.environ, "PYTHONIOENCODING": encoding, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "evalkit", *arguments]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, timeout=240)
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_every_command_prints_what_the_terminal_can_show(folder: Path, encoding: str) -> None:
    for command in (
        ("run", "suite.yaml"),
        ("plan", "suite.yaml"),
        ("report", "runs/tickets"),
        ("report", "--md", "runs/tickets"),
        ("history", "suite.yaml"),
        ("breakeven",),
        ("baseline", "accept", "runs/tickets"),
        ("baseline", "list"),
        ("check", "suite.yaml"),
        ("scope", "suite.yaml", "--defaults"),
    ):
        code, out = printed(folder, encoding, *command)
        assert code == 0 and out.decode(encoding), command
    code, out = printed(folder, encoding, "run", "suite.yaml")
    assert b">= .900" in out and "─" not in out.decode(encoding)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_json_is_utf_8_on_any_terminal(folder: Path, encoding: str) -> None:
    for command in (
        ("run", "suite.yaml", "--json"),
        ("report", "--json", "runs/tickets"),
        ("plan", "suite.yaml", "--json"),
    ):
        code, out = printed(folder, encoding, *command)
        assert code == 0 and isinstance(json.loads(out.decode("utf-8")), dict)
    _, plan = printed(folder, encoding, "plan", "suite.yaml", "--json")
    assert "Brief 0 ≥ …" in plan.decode("utf-8")
    assert json.loads(printed(folder, encoding, "schema")[1].decode("utf-8"))["properties"]


def test_an_error_keeps_its_code_where_it_cannot_be_shown_as_it_is(folder: Path) -> None:
    write(folder, "wrong.yaml", SUITE.replace("target: label", "target: lábel→"))
    code, _ = printed(folder, "ascii", "run", "wrong.yaml")
    assert code == 2


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [("run", "suite.yaml", "--json"), ("run", "suite.yaml"), ("--help",)])
def test_a_reader_that_leaves_is_no_failure(folder: Path, arguments: tuple[str, ...], unbuffered: str) -> None:
    before = len(list((folder / "runs" / "tickets").iterdir()))
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered, "XDG_CACHE_HOME": str(folder / "cache")}
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        command = [sys.executable, "-m", "evalkit", *arguments]
        done = subprocess.run(command, cwd=folder, env=env, stdout=gone, stderr=subprocess.PIPE, timeout=240)
    assert done.returncode == 0 and b"Traceback" not in done.stderr and b"Broken" not in done.stderr
    if arguments[0] == "run":
        assert len(list((folder / "runs" / "tickets").iterdir())) == before + 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_told(folder: Path) -> None:
    for arguments in (["run", "suite.yaml", "--quiet"], ["baseline", "list"]):
        with open("/dev/full", "wb") as full:
            command = [sys.executable, "-m", "evalkit", *arguments]
            done = subprocess.run(command, cwd=folder, stdout=full, stderr=subprocess.PIPE, timeout=240)
        assert done.returncode == 3 and b"No space left" in done.stderr and b"Traceback" not in done.stderr


def test_streams_that_were_closed_from_the_start_take_everything(folder: Path) -> None:
    line = f"{sys.executable} -m evalkit run suite.yaml >&- 2>&-"
    env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    assert subprocess.run(["sh", "-c", line], cwd=folder, env=env, timeout=240).returncode == 0


@given(st.text(st.characters(), max_size=20))
def test_any_text_becomes_ascii(text: str) -> None:
    error = UnicodeEncodeError("ascii", text, 0, len(text), "no such character")
    plain, end = _plainly(error)
    assert plain.isascii() and end == len(text)


def test_half_a_surrogate_pair_is_valid_json(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    print_document(json.dumps({"a": "\ud83d…"}, ensure_ascii=False))
    assert json.loads(stream.buffer.getvalue()) == {"a": "\ud83d…"}  # type: ignore[attr-defined]
