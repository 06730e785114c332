"""The pytest plugin in a pytest of its own: what is collected, what fails how, and that nothing is asked twice."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from evalkit.workflows.baseline import accept
from tests.cli_helper import write, write_rows
from tests.servers.launch import FakeProvider, serve

LABELS = ("billing", "payments", "shipping")
N = 60
ROWS = [{"id": f"t{i}", "text": f"ticket {i} about {LABELS[i % 3]}", "label": LABELS[i % 3]} for i in range(N)]
ANSWERS = {row["text"]: row["label"] for row in ROWS}
HALF = {row["text"]: "billing" if i % 2 else row["label"] for i, row in enumerate(ROWS)}
MODELS = {"haiku": "anthropic/claude-haiku-5-5", "sonnet": "anthropic/claude-sonnet-5-5"}
# Until the package is installed with its entry point, the plugin is named.
INSTALLED = any(point.name == "evalkit" for point in entry_points(group="pytest11"))


class Place:
    """A folder with suites, a server, and pytest in it."""

    def __init__(self, folder: Path, server: FakeProvider) -> None:
        self.folder, self.server = folder, server

    def suite(self, name: str = "tickets", **parts: Any) -> str:
        base: dict[str, Any] = {
            "name": name,
            "dataset": {"test": f"{name}.jsonl", "target": "label", "id": "id"},
            "prompt": {"system": "One of {{ labels }}", "user": "{{ text }}"},
            "output": {"form": "label", "labels": "from_data", "max_tokens": 16},
            "models": MODELS,
            "good_enough": {"accuracy": 0.9, "format_validity": 0.9},
        }
        write_rows(self.folder, f"suites/{name}.jsonl", ROWS)
        path = write(self.folder, f"suites/{name}.yaml", yaml.safe_dump({**base, **parts}, sort_keys=False))
        return str(path.relative_to(self.folder))

    def pytest(self, *arguments: str, **env: str) -> tuple[int, str]:
        """Exit code and output of a pytest in this folder: with workers in processes of their own, else in this one."""
        plugin = [] if INSTALLED else ["-p", "evalkit.pytest_plugin"]
        known = {"ANTHROPIC_API_KEY": "k-0123456789", "ANTHROPIC_BASE_URL": self.server.url, "COLUMNS": "300", **env}
        ask = _in_processes if "-n" in arguments else _in_process
        code, out = ask([*plugin, "-p", "no:cacheprovider", "-rA", *arguments], self.folder, known)
        assert "k-0123456789" not in out
        assert "INTERNALERROR" not in out, out
        return code, out

    @property
    def requests(self) -> int:
        return int(self.server.stats()["requests"])


def _in_processes(arguments: list[str], folder: Path, env: dict[str, str]) -> tuple[int, str]:
    known = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", *arguments]
    done = subprocess.run(command, cwd=folder, env=known | env, capture_output=True, text=True, timeout=240)
    return done.returncode, done.stdout + done.stderr


def _in_process(arguments: list[str], folder: Path, env: dict[str, str]) -> tuple[int, str]:
    """Within this process the imports are paid once. What the outer pytest set up for itself is left alone."""
    outer = [f"no:{name}" for name in ("timeout", "faulthandler", "unraisableexception", "threadexception", "xdist")]
    options = [word for name in outer for word in ("-p", name)]
    screen = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
        patch.chdir(folder)
        for name, value in env.items():
            patch.setenv(name, value)
        code = pytest.main([*options, "--capture=no", "--import-mode=importlib", *arguments])
    return int(code), screen.getvalue()


@pytest.fixture(scope="module")
def server() -> Iterator[FakeProvider]:
    with serve("anthropic", answers=ANSWERS) as running:
        yield running


@pytest.fixture
def place(tmp_path: Path, server: FakeProvider) -> Place:
    server.reset(config=True)
    write(tmp_path, "pytest.ini", "[pytest]\naddopts = --strict-markers\n")
    return Place(tmp_path, server)


def counts(out: str) -> dict[str, int]:
    last = [line for line in out.splitlines() if re.search(r" in \d", line)][-1]
    return {word.rstrip("s"): int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|errors?|xfailed)", last)}


@pytest.mark.parametrize("distribution", [["-n", "2"], ["-n", "2", "--dist", "loadgroup"]])
def test_each_request_is_sent_once_on_two_workers(place: Place, distribution: list[str]) -> None:
    place.suite()
    place.suite("other", models={"haiku": MODELS["haiku"]}, prompt={"system": "Other", "user": "{{ text }}"})
    code, out = place.pytest("--evalkit", "suites/", *distribution)
    assert (code, counts(out)) == (0, {"passed": 6}), out
    assert place.requests == 3 * N
    assert len(list((place.folder / "runs").glob("*/*/manifest.json"))) == 2
    assert re.search(r"^tickets: runs/tickets/\S+ \((FUND|RULE OUT|NOT YET)", out, re.MULTILINE), out[-2000:]
    assert not list(Path(os.environ["XDG_CACHE_HOME"]).glob("evalkit/sessions/*"))


def test_nothing_is_collected_or_imported_unless_asked(place: Place) -> None:
    place.suite()
    loaded = "import sys, evalkit.pytest_plugin; print(sorted(m for m in sys.modules if m.startswith('evalkit')))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['evalkit', 'evalkit.pytest_plugin', 'evalkit.version']"
    write(
        place.folder,
        "test_light.py",
        "import sys\ndef test_it():\n    assert not {'numpy', 'pydantic', 'evalkit.suite'} & set(sys.modules)\n",
    )
    code, out = place.pytest("-n", "1")  # a process of its own
    assert (code, counts(out)) == (0, {"passed": 1}), out
    assert place.requests == 0


def test_a_miss_says_by_how_much_and_shows_no_traceback(place: Place) -> None:
    suite = place.suite(models={"haiku": MODELS["haiku"]})
    place.server.configure(answers=HALF)
    code, out = place.pytest("--evalkit", suite, "--junitxml", "j.xml")
    assert (code, counts(out)) == (1, {"passed": 1, "failed": 1})
    assert re.search(
        r"tickets, haiku/default/prompt: accuracy \.667 \[\.\d+, \.\d+\] at n 60: "
        r"23\.3 points short of \.900 \(at least 1\d\.\d, 95 % bound\)",
        out,
    ), out
    assert "Traceback" not in out and "pytest_plugin.py" not in out and "runtest" not in out
    failure = ET.parse(place.folder / "j.xml").getroot().find(".//failure")
    assert failure is not None and "23.3 points short" in (failure.get("message") or "") + (failure.text or "")


def test_what_fell_since_the_accepted_baseline(place: Place) -> None:
    suite = place.suite(models={"haiku": MODELS["haiku"]})
    assert place.pytest("--evalkit", suite)[0] == 0
    accept(place.folder / "runs/tickets", root=place.folder / "baselines")
    place.server.configure(answers=HALF)
    place.suite(models={"haiku": {"model": MODELS["haiku"], "revision": "r2"}})
    code, out = place.pytest("--evalkit", suite)
    assert code == 1
    assert "accepted baseline: 1.000 at n 60, so −33.3 points since" in out


def test_skips_undecided_and_references(place: Place) -> None:
    models = {
        "haiku": MODELS["haiku"],
        "locked": {"model": MODELS["sonnet"], "api_key_env": "OTHER_API_KEY"},
        "reference": {"model": MODELS["sonnet"], "role": "floor"},
    }
    suite = place.suite(models=models, good_enough={"accuracy": 0.7})
    place.server.configure(answers=HALF)
    code, out = place.pytest("--evalkit", suite)
    assert (code, counts(out)) == (0, {"skipped": 2, "xfailed": 1}), out
    assert re.search(r"suites/tickets\.yaml:\d+: locked cannot be asked: OTHER_API_KEY is not set", out), out
    assert "undecided against accuracy ≥ .700" in out
    assert "a reference, not evidence" in out
    strict, out = place.pytest("--evalkit", suite, "--evalkit-strict", "--evalkit-require-all")
    assert (strict, counts(out)) == (1, {"failed": 2, "xfailed": 1}), out
    assert "tickets, locked cannot be asked: OTHER_API_KEY is not set" in out


def test_selection_by_k_and_by_marker_asks_only_what_is_selected(place: Place) -> None:
    suite = place.suite()
    code, out = place.pytest("--evalkit", suite, "-k", "haiku and accuracy")
    assert (code, counts(out), place.requests) == (0, {"passed": 1}, N), out
    code, out = place.pytest("--evalkit", suite, "-m", "evalkit(model='sonnet')", "--collect-only", "-q")
    assert code == 0
    assert [line for line in out.splitlines() if "::" in line] == [
        "suites/tickets.yaml::sonnet[accuracy]",
        "suites/tickets.yaml::sonnet[format_validity]",
    ]
    assert place.pytest("--evalkit", suite, "-k", "tickets and format_validity", "--collect-only")[0] == 0
    assert place.requests == N


def test_other_yaml_is_left_alone_and_a_wrong_suite_is_an_error_with_its_place(place: Place) -> None:
    write(place.folder, "suites/compose.yaml", "models: {}\nservices: {}\n")
    place.suite(good_enough={"acuracy": 0.9})
    code, out = place.pytest("--evalkit", "suites/")
    assert (code, counts(out)) == (2, {"error": 1}), out
    assert "tickets.yaml:" in out and "did you mean `accuracy`" in out and "Traceback" not in out


def test_data_that_cannot_be_read_fails_each_test_and_sends_nothing(place: Place) -> None:
    suite = place.suite()
    write(place.folder, "suites/tickets.jsonl", '{"text": "no label"}\n')
    code, out = place.pytest("--evalkit", suite, "-n", "2")
    assert (code, counts(out), place.requests) == (1, {"failed": 4}, 0), out
    assert "tickets.jsonl:1" in out and "Traceback" not in out


def test_lost_answers_are_no_verdict_on_the_model(place: Place) -> None:
    suite = place.suite(models={"haiku": MODELS["haiku"]})
    fault = {"match": "about billing", "then": {"status": 500, "headers": {"x-should-retry": "false"}}}
    place.server.configure(faults=[fault])
    code, out = place.pytest("--evalkit", suite)
    assert code == 1
    assert "INCOMPLETE: tickets, haiku/default/prompt: 20 answers are lost to infrastructure" in out


EVAL = """
import pytest

def test_suite(evalkit):
    result = evalkit.run("suites/tickets.yaml", models=["haiku"])
    evalkit.assert_met(result, "haiku", "accuracy")

def test_again(evalkit):
    evalkit.assert_met(evalkit.run("suites/tickets.yaml", models=["haiku"]), "haiku")

def test_unknown(evalkit):
    result = evalkit.run("suites/tickets.yaml", models=["haiku"])
    with pytest.raises(ValueError, match="no model 'hiaku'"):
        evalkit.assert_met(result, "hiaku")
    with pytest.raises(ValueError, match="no need of haiku on 'acuracy'"):
        evalkit.assert_met(result, "haiku", "acuracy")

def test_judge(evalkit):
    assert evalkit.judge([True] * 100, at_least=0.9)
    assert evalkit.judge([0.5] * 100, at_least=0.9).state == "unmet"
    few = evalkit.judge([True, None] * 5, at_least=0.9)
    assert (few.state, few.met, few.estimate.n) == ("undecided", False, 5)
    for wrong in ([], [2], ["x"]):
        with pytest.raises(ValueError):
            evalkit.judge(wrong, at_least=0.9)

def test_judged_bad(evalkit):
    assert evalkit.judge([True, False] * 50, at_least=0.9)
"""


def test_the_fixture(place: Place) -> None:
    place.suite()
    write(place.folder, "test_eval.py", EVAL)
    code, out = place.pytest("-n", "2", "test_eval.py")
    assert (code, counts(out), place.requests) == (1, {"passed": 4, "failed": 1}, N), out
    assert "assert <unmet: .500 [.404, .596] at n 100" in out
    place.server.configure(answers=HALF)
    place.suite(prompt={"system": "Another", "user": "{{ text }}"})
    code, out = place.pytest("test_eval.py", "-k", "test_suite")
    assert code == 1
    assert "23.3 points short of .900" in out and "Traceback" not in out
    assert "1 skipped" in place.pytest("test_eval.py", "-k", "test_suite", ANTHROPIC_API_KEY="")[1]
