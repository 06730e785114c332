"""What a start imports, and what it must not: the seconds are measured by `scripts/bench/startup`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
name: one
dataset: {test: {path: rows.jsonl}, target: label, id: id}
prompt: {system: S, user: "{{ text }}"}
output: {form: label, labels: [a, b], max_tokens: 16}
models:
  kept: {model: recorded, path: answers.jsonl, role: prompted}
  asked: {model: openai/gpt-test, api_key_env: NO_SUCH_KEY}
good_enough: {accuracy: 0.9}
"""
# Runs the command line as `python -m evalkit` does, and tells at the end what was imported.
TELL = """
import json, sys
from evalkit.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)))
"""

# Packages that only some runs need: an SDK, a table of millions of rows, a chart, a cluster.
SOME_RUNS = {
    "aiohttp", "altair", "anthropic", "datasets", "httpx2", "huggingface_hub", "jsonschema_rs", "openai", "pandas",
    "rapidfuzz", "ray", "ruamel", "scipy", "sklearn", "xllamacpp",
}  # fmt: skip
SOME_ROOMS = {
    "evalkit.diagnosis.ladder",
    "evalkit.engine.batch",
    "evalkit.engine.cluster",
    "evalkit.running.prompt_choice",
    "evalkit.running.ways.batch",
    "evalkit.running.ways.cluster",
    "evalkit.stats.paired",
    "evalkit.workflows.batch",
    "evalkit.workflows.check",
}
HELP = {"diskcache", "jinja2", "msgspec", "numpy", "pyarrow", "rich", "yaml", "evalkit.workflows", "evalkit.suite"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text('{"id": "1", "text": "t", "label": "a"}\n', encoding="utf-8")
    (tmp_path / "answers.jsonl").write_text('{"id": "1", "output": "a"}\n', encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE, encoding="utf-8")
    return tmp_path


def imported(folder: Path, *arguments: str) -> set[str]:
    """The modules in memory after a command."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_imports_next_to_nothing(folder: Path) -> None:
    assert not imported(folder, "--help") & (SOME_RUNS | HELP)


def test_a_run_of_recorded_answers_imports_no_sdk_and_no_science(folder: Path) -> None:
    modules = imported(folder, "run", "suite.yaml")
    assert not modules & (SOME_RUNS | SOME_ROOMS)
    assert {"pyarrow", "numpy", "evalkit.decision.verdict"} <= modules  # that the names are those of sys.modules


def test_a_plan_asks_nobody_and_writes_nothing(folder: Path) -> None:
    modules = imported(folder, "plan", "suite.yaml")
    assert not modules & (SOME_RUNS - {"scipy"})  # what n can see is computed by SciPy
    assert not modules & {"pyarrow", "diskcache", "evalkit.engine.lane", "evalkit.decision.verdict"}
