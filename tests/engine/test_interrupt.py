"""Ctrl-C on the command line: it ends, keeps what was answered, says how to go on, and the rest is sent later."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import TEST_KEY
from tests.data import ROOT
from tests.servers.launch import FakeProvider

N = 2000

SUITE = """\
name: interrupted
task: classify
dataset:
  test: {path: rows.jsonl}
  target: label
prompt:
  system: "Answer with one of: {{ labels | join(', ') }}"
  user: "{{ text }}"
output: {form: label, labels: [yes, no], max_tokens: 8}
models:
  claude: {model: anthropic/claude-haiku-5-5, base_url: "${FAKE_URL}", api_key_env: EVALKIT_TEST_KEY, role: prompted}
good_enough: {accuracy: 0.5}
run: {concurrency: 32}
"""


@pytest.fixture
def suite(tmp_path: Path, fake_anthropic: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = ({"text": f"row {i}", "label": "yes" if i % 2 else "no"} for i in range(N))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE.replace("[yes, no]", '["yes", "no"]'), encoding="utf-8")
    monkeypatch.setenv("FAKE_URL", fake_anthropic.url)
    fake_anthropic.configure(latency_ms=50, echo_label="yes")
    return tmp_path


def start(suite: Path, *options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "evalkit", "run", "suite.yaml", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=suite, env=environment, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def interrupt(fake: FakeProvider, suite: Path, number: signal.Signals, after: int) -> tuple[int, str, float]:
    """Run, send a signal after so many answers; returns exit code, standard error and seconds to the end."""
    child = start(suite)
    try:
        while child.poll() is None and fake.stats()["answered"] < after:
            time.sleep(0.01)
        sent = time.monotonic()
        child.send_signal(number)
        _, err = child.communicate(timeout=60)
        return child.returncode, err, time.monotonic() - sent
    finally:
        child.kill()
        child.communicate()


def test_ctrl_c_in_the_middle(fake_anthropic: FakeProvider, suite: Path, isolated_user: Path) -> None:
    code, err, seconds = interrupt(fake_anthropic, suite, signal.SIGINT, N // 2)
    assert code == 130, err
    assert seconds < 10
    assert "Interrupted: " in err and "python -m evalkit run suite.yaml" in err
    assert "Traceback" not in err
    assert list((suite / "runs" / "interrupted").iterdir()) == []
    while fake_anthropic.stats()["in_flight"]:
        time.sleep(0.01)
    first = fake_anthropic.stats()
    assert N // 2 <= first["answered"] < N

    second = start(suite, "--json", "-q")
    out, err = second.communicate(timeout=120)
    assert second.returncode == 0, err
    result = json.loads(out)["contenders"][0]
    assert result["status"]["ok"] == N and result["metrics"]["accuracy"]["value"] == 0.5
    stats = fake_anthropic.stats()
    # Answers that were on their way when the signal came are the only ones that were paid for twice.
    assert stats["answered"] - N <= 32
    assert result["from_cache"] >= first["answered"] - 32
    assert stats["answered"] - first["answered"] == N - result["from_cache"]
    assert_no_secret(isolated_user, suite, out, err)


def assert_no_secret(home: Path, suite: Path, *texts: str) -> None:
    """The key is in no file that evalkit wrote and in nothing that it printed."""
    written = [path for folder in (home / "cache", suite / "runs") for path in folder.rglob("*") if path.is_file()]
    assert {"cache.db", "samples.parquet", "manifest.json"} <= {path.name for path in written}
    for path in written:
        assert TEST_KEY.encode() not in path.read_bytes(), path
    assert not any(TEST_KEY in text for text in texts)


def test_a_stop_by_the_system_while_the_server_is_silent(fake_anthropic: FakeProvider, suite: Path) -> None:
    fake_anthropic.configure(faults=[{"then": {"kind": "hang"}, "match": "row 9"}])
    code, err, seconds = interrupt(fake_anthropic, suite, signal.SIGTERM, 32)
    assert code == 130 and seconds < 10
    assert "Interrupted: " in err and "Traceback" not in err
