"""What turns a run into an answer for people: scope, report and breakeven, by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.running.economics import read_span
from evalkit.suite.file.load import load_suite
from tests.cli_helper import Done, evalkit, write, write_rows

LABELS = ("billing", "payments", "shipping")
HOSTILE = '<script>alert(1)</script>\x1b[31m\u202egnillib "><img src=x onerror=alert(2)>'

SUITE = """\
# a comment that stays
name: tickets
description: Route <b>tickets</b>.
task: classify
dataset:
  test: {path: test.jsonl}
  train: {path: train.jsonl}   # and this one
  target: label
  id: id
prompt: {system: "One of {{ labels }}", user: "{{ text }}"}
output: {form: label, labels: from_data}
models:
  logged: {model: recorded, path: outputs.jsonl, role: frontier}
  sonnet: anthropic/claude-sonnet-5-5
good_enough: {accuracy: 0.9}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    def row(split: str, i: int) -> dict[str, Any]:
        return {"id": f"{split}{i}", "text": f"{split} number {i * 7919} of {LABELS[i % 3]}", "label": LABELS[i % 3]}

    test = [row("test", i) for i in range(150)]
    write_rows(tmp_path, "test.jsonl", test)
    write_rows(tmp_path, "train.jsonl", [row("train", i) for i in range(60)])
    answers = [{"id": r["id"], "output": HOSTILE if i % 10 == 0 else r["label"]} for i, r in enumerate(test)]
    write_rows(tmp_path, "outputs.jsonl", answers)
    write(tmp_path, "suite.yaml", SUITE)
    return tmp_path


def run_of(folder: Path) -> str:
    done = evalkit("run", "suite.yaml", "--json", "-q", cwd=folder)
    assert done.code == 0, done.err
    return str(done.json["run"])


def good(done: Done) -> Done:
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    return done


def test_a_run_ends_with_the_verdict(folder: Path) -> None:
    done = good(evalkit("run", "suite.yaml", cwd=folder))
    assert "1 what prompting gives: open. " in done.out
    assert "2 enough labels: against. " in done.out
    assert done.out.splitlines()[-1].startswith("Next: ")


def test_scope_takes_answers_and_decides_again(folder: Path) -> None:
    run = run_of(folder)
    first = good(evalkit("scope", run, "--no-ask", "--json", cwd=folder)).json
    assert first["verdict"]["vouched"] == []
    second = good(
        evalkit(
            "scope",
            run,
            "--json",
            "--calls-per-month",
            "3M",
            "--build-cost",
            "15k..60k",
            "--vouch",
            "labels",
            cwd=folder,
        )
    ).json
    assert second["verdict"]["vouched"] == ["labels"]
    assert second["facts"]["economics"]["calls_per_month"] == {"low": 3e6, "high": 3e6}
    assert "Vouched for" in second["verdict"]["first"][0]


def test_defaults_that_nobody_declared_are_told(folder: Path) -> None:
    done = good(evalkit("scope", run_of(folder), "--defaults", cwd=folder))
    assert "Assumed by default, not declared: calls per month, build cost" in done.out


def test_scope_saves_into_the_suite_and_keeps_comments(folder: Path) -> None:
    run = run_of(folder)
    good(
        evalkit("scope", run, "--no-ask", "--save", "--calls-per-month", "1M..5M", "--horizon-months", "24", cwd=folder)
    )
    text = (folder / "suite.yaml").read_text(encoding="utf-8")
    assert "# a comment that stays" in text
    assert "# and this one" in text
    economics = load_suite(folder / "suite.yaml").suite.economics
    assert economics is not None
    assert economics.calls_per_month is not None
    assert (economics.calls_per_month.low, economics.calls_per_month.high, economics.horizon_months) == (1e6, 5e6, 24)


def test_scope_looks_into_a_case_of_quality_that_the_suite_says_only_now(folder: Path) -> None:
    """One label in ten is outside the vocabulary and every run since could tell: nothing has to be asked again."""
    run_of(folder)
    write(folder, "suite.yaml", SUITE.replace("task: classify", "task: classify\ncase: quality"))
    before = good(evalkit("scope", "suite.yaml", "--no-ask", "--json", cwd=folder)).json
    run_of(folder)
    after = good(evalkit("scope", "suite.yaml", "--no-ask", "--json", cwd=folder)).json
    for name in ("case", "diagnosed", "diagnosis"):
        assert before["facts"][name] == after["facts"][name]
    assert before["facts"]["diagnosis"]
    assert before["verdict"]["outcome"] == after["verdict"]["outcome"]


def test_scope_before_the_first_run_spends_nothing(folder: Path) -> None:
    done = good(evalkit("scope", "suite.yaml", "--no-ask", "--calls-per-month", "3M", cwd=folder))
    assert "No frontier model was measured" in done.out
    assert "if sonnet is good enough, its bill is about" in done.out
    assert not list(folder.glob("runs/*/*/memo.html"))


@pytest.mark.parametrize(("option", "value", "said"), [
    ("--calls-per-month", "many", "is no number and no range"),
    ("--calls-per-month", "0", "0 is not above 0"),
    ("--tuned-accuracy", "92", "92.0 is above 1"),
    ("--horizon-months", "1.5", "one whole number"),
    ("--build-cost", "60k..15k", "ends before it begins"),
])  # fmt: skip
def test_a_wrong_answer_is_one_clear_error(folder: Path, option: str, value: str, said: str) -> None:
    done = evalkit("scope", "suite.yaml", "--no-ask", option, value, cwd=folder)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_scope_of_nothing_is_an_error(folder: Path) -> None:
    done = evalkit("scope", "runs", cwd=folder)
    assert done.code == 2
    assert "Traceback" not in done.err


def test_report_writes_the_memo_and_hostile_answers_are_inert(folder: Path) -> None:
    pytest.importorskip("altair")
    run = run_of(folder)
    done = good(evalkit("report", run, cwd=folder))
    assert "\x1b" not in done.out
    html = (folder / run / "memo.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;alert(1)" in html  # it is shown, as text
    assert "<b>tickets</b>" not in html
    markdown = good(evalkit("report", run, "--md", cwd=folder)).out
    assert "\x1b" not in markdown
    assert "<b>" not in markdown
    assert "RULE OUT" in markdown


def test_report_names_what_is_not_a_run(folder: Path) -> None:
    done = evalkit("report", "suite.yaml", cwd=folder)
    assert done.code == 2
    assert "not a run's folder" in done.err


def test_the_rule_of_thumb_comes_out(tmp_path: Path) -> None:
    found = good(evalkit("breakeven", "--json", cwd=tmp_path)).json
    assert found["gross_calls"] == pytest.approx({"low": 18.75e6, "high": 200e6})
    assert "18.75 M" in good(evalkit("breakeven", "--help", cwd=tmp_path)).out
    told = good(evalkit("breakeven", "--calls-per-month", "1M", cwd=tmp_path)).out
    assert "Gross break-even: 18.8 M to 200 M calls" in told
    assert "5 to 50 M calls" in told


def test_never_is_null_in_json(tmp_path: Path) -> None:
    arguments = ["--calls-per-month", "1000", "--saving-per-call", "0.0001", "--hosting-per-month", "200", "--json"]
    found = good(evalkit("breakeven", *arguments, cwd=tmp_path))
    assert json.loads(found.out)["months"]["median"] is None
    assert json.loads(found.out)["p_pays_back"] == 0


@pytest.mark.parametrize(("text", "low", "high"), [
    ("3M", 3e6, 3e6), ("15k-60k", 15e3, 60e3), ("0.05..0.2", 0.05, 0.2), ("[200, 2_000]", 200, 2000),
    ("-0.3", -0.3, -0.3), ("15,60", 15, 60),
    ("1,000,000", 1e6, 1e6), ("-0.5..-0.1", -0.5, -0.1), ("$15k to $60k", 15e3, 60e3),
])  # fmt: skip
def test_figures_as_people_type_them(text: str, low: float, high: float) -> None:
    span = read_span(text)
    assert (span.low, span.high) == (low, high)


@pytest.mark.parametrize("text", ["", "M", "1..2..3", "nan", "1e999", "--", "3 to"])
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no number|too large|ends before"):
        read_span(text)
