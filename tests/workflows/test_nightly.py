"""scripts/nightly: the exit code, the log, the lock, and a night that is killed and started again."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli_helper import write, write_rows
from tests.data import ROOT
from tests.servers.launch import FakeProvider, serve

N = 240
CONCURRENCY = 4
ROWS = [{"id": f"t{i}", "text": f"ticket {i} of many", "label": "ab"[i % 2]} for i in range(N)]
SUITE = f"""
name: tickets
dataset: {{test: {{path: ../test.jsonl}}, target: label, id: id}}
prompt: {{system: "a or b", user: "{{{{ text }}}}"}}
output: {{form: label, labels: from_data, max_tokens: 16}}
models: {{haiku: anthropic/claude-haiku-5-5}}
good_enough: {{accuracy: 0.9}}
gates: {{below_good_enough: fail}}
run: {{concurrency: {CONCURRENCY}}}
"""


@pytest.fixture
def server() -> Iterator[FakeProvider]:
    with serve("anthropic", answers={row["text"]: row["label"] for row in ROWS}, latency_ms=5) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path, "test.jsonl", ROWS)
    write(tmp_path, "suites/tickets.yaml", SUITE)
    return tmp_path


def started(folder: Path, server: FakeProvider, *arguments: str, **more: str) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_BASE_URL"))}
    known = {
        "NIGHTLY_DIR": str(folder),
        "EVALKIT_VENV": str(Path(sys.executable).parent.parent),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "ANTHROPIC_BASE_URL": server.url,
        "ANTHROPIC_API_KEY": "k-0123456789",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    return subprocess.Popen(
        [str(ROOT / "scripts" / "nightly"), *arguments],
        env={**clean, **known, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=200)
    return process.returncode, out + err


def log(folder: Path) -> str:
    return "".join(p.read_text(encoding="utf-8") for p in sorted((folder / "runs/.nightly").glob("*.log")))


def wait_for(server: FakeProvider, answered: int) -> dict[str, Any]:
    for _ in range(2000):
        stats = server.stats()
        if stats["answered"] >= answered:
            return stats
        time.sleep(0.02)
    raise AssertionError("the server was not asked")


def released(folder: Path) -> None:
    """Wait until the last process of a killed night is gone: it holds the lock."""
    with (folder / "runs/.nightly/lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_a_good_night_is_silent_and_logged(folder: Path, server: FakeProvider) -> None:
    assert finished(started(folder, server)) == (0, "")
    assert "exit code 0" in log(folder)
    assert "no baseline yet: haiku/default/prompt" in log(folder)
    assert finished(started(folder, server)) == (0, "")
    assert server.stats()["requests"] == 2 * N  # another night


def test_the_exit_code_is_passed_on_and_said(folder: Path, server: FakeProvider) -> None:
    server.configure(answers={}, default_answer="a")
    code, said = finished(started(folder, server, "--github"))
    assert code == 1
    assert "FAILED: haiku/default/prompt: accuracy is unmet" in said
    assert "::error file=suites/tickets.yaml" in log(folder)
    code, said = finished(started(folder, server, ANTHROPIC_API_KEY=""))
    assert (code, "ANTHROPIC_API_KEY is not set" in said) == (2, True)
    code, said = finished(started(folder, server, EVALKIT_VENV=str(folder)))
    assert (code, "no Python at" in said) == (2, True)


def test_two_nights_never_run_at_once(folder: Path, server: FakeProvider) -> None:
    (folder / "runs/.nightly").mkdir(parents=True)
    with (folder / "runs/.nightly/lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, said = finished(started(folder, server))
    assert (code, "still running" in said) == (3, True)
    assert server.stats()["requests"] == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_night_that_was_stopped_sends_only_what_is_missing(
    folder: Path, server: FakeProvider, how: signal.Signals
) -> None:
    server.configure(latency_ms=40)
    night = started(folder, server)
    wait_for(server, N // 3)
    if how is signal.SIGKILL:
        os.killpg(night.pid, how)
        night.wait(timeout=60)
        released(folder)
    else:
        night.send_signal(how)
        assert finished(night)[0] == 130
    before = server.stats()
    assert before["answered"] < N
    server.configure(latency_ms=0)
    assert finished(started(folder, server))[0] == 0
    sent = server.stats()["requests"] - before["requests"]
    lost = 2 * CONCURRENCY if how is signal.SIGKILL else CONCURRENCY  # in flight, and answered within the last 50 ms
    assert N - before["answered"] <= sent <= N - before["answered"] + lost
    assert server.stats()["distinct_answered"] == N
