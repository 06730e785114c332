"""The ladder from end to end: what is asked, what is kept, what the next verdict makes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import evalkit
from evalkit.cli.ladder_command import ladder_command
from evalkit.decision.verdict import decide
from evalkit.errors import RunError, SuiteError
from evalkit.records.ladder import LadderReport, ModelLadder
from evalkit.running.kept_ladders import with_ladders
from evalkit.store.ladders import evidence_file, read_ladders
from evalkit.store.read import load_run
from evalkit.workflows.ladder.climb import LadderOptions, climb, rung_yaml
from tests.cli_helper import write, write_rows
from tests.servers.launch import FakeProvider, serve

LABELS = ("billing", "payments", "shipping")
RUNGS = ["zero-shot", "label-guide", "examples-4", "examples-8", "examples-16", "examples-32", "reasoning-medium"]
TEST, TRAIN = 60, 300


def rows(split: str, n: int) -> list[dict[str, Any]]:
    made = [(i, LABELS[i % 3]) for i in range(n)]
    return [{"id": f"{split}{i}", "text": f"{split} ticket {i} about {label}", "label": label} for i, label in made]


ROWS = {"test": rows("test", TEST), "train": rows("train", TRAIN)}
# Half of the answers are right, whatever the prompt: nothing is left to gain.
ANSWERS = {r["text"]: r["label"] if i % 2 else "billing" for each in ROWS.values() for i, r in enumerate(each)}
RIGHT = {r["text"]: r["label"] for each in ROWS.values() for r in each}


def suite(**parts: Any) -> str:
    base: dict[str, Any] = {
        "name": "tickets",
        "dataset": {"test": "test.jsonl", "train": "train.jsonl", "target": "label", "id": "id"},
        "prompt": {"system": "One of {{ labels }}", "examples": {"count": 6}, "user": "{{ text }}"},
        "output": {"form": "label", "labels": "from_data", "max_tokens": 16},
        "models": {"haiku": "anthropic/claude-haiku-5-5"},
        "good_enough": {"accuracy": 0.95},
    }
    path = Path("suite.yaml")
    path.write_text(yaml.safe_dump({**base, **parts}, sort_keys=False), encoding="utf-8")
    return str(path)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    monkeypatch.chdir(tmp_path)
    for split, each in ROWS.items():
        write_rows(tmp_path, f"{split}.jsonl", each)
    with serve("anthropic", answers=ANSWERS, record=True) as running:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "k-0123456789")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        yield running


def climbed(*rungs: str, models: tuple[str, ...] = ()) -> LadderReport:
    return asyncio.run(climb(LadderOptions(Path("suite.yaml"), models, rungs)))


def only(report: LadderReport) -> ModelLadder:
    (model,) = report.models
    return model


def test_the_whole_ladder_is_climbed_on_dev_once_and_reaches_the_verdict(server: FakeProvider) -> None:
    suite()
    report = climbed()
    model = only(report)
    assert [r.prompt for r in model.rungs] == ["default", *RUNGS]
    assert all(r.n == report.n and r.skipped is None for r in model.rungs)
    stats = server.stats()
    assert stats["requests"] == report.sent == 8 * report.n
    assert all("test ticket" not in json.dumps(r["body"]["messages"][-1]) for r in stats["recorded"])
    assert (model.used_up, model.best, model.over_chosen) == (True, "default", None)
    assert "at most" in model.why and model.gap == pytest.approx(0.95 - (model.rungs[0].accuracy.value or 0))  # type: ignore[union-attr]
    assert report.next_step.startswith("python -m evalkit run suite.yaml")

    again = climbed()
    assert (again.sent, server.stats()["requests"]) == (0, stats["requests"])
    assert [r.accuracy for r in only(again).rungs] == [r.accuracy for r in model.rungs]

    result = evalkit.run("suite.yaml")
    assert result.facts is not None and Path(result.run).parent == evidence_file(Path("runs/tickets")).parent
    marks = load_run(result.run).about.marks
    facts = with_ladders(result.facts, result, marks, Path("runs/tickets"))
    assert [(each.model, len(each.rungs)) for each in facts.ladders] == [("haiku", 8)]
    alone = replace(result.facts, ladders=())
    without = decide(result, with_ladders(alone, result, {}, Path("runs/tickets")))
    assert "headroom" in without.answers[0].why
    assert "headroom" not in decide(result, facts).answers[0].why


def test_evidence_of_another_prompt_other_data_or_other_scoring_does_not_count(server: FakeProvider) -> None:
    suite()
    climbed("zero-shot", "4", "8")
    known = {kept.mark for kept in read_ladders(Path("runs/tickets"))}
    assert len(known) == 1
    changes: list[dict[str, Any]] = [
        {"prompt": {"system": "Pick one of {{ labels }}", "examples": {"count": 6}, "user": "{{ text }}"}},
        {"prompt": {"system": "One of {{ labels }}", "examples": {"count": 6}, "user": "Ticket: {{ text }}"}},
        {"models": {"haiku": {"model": "anthropic/claude-haiku-5-5", "reasoning": "low"}}},
    ]
    for change in changes:
        suite(**change)
        assert not known & set(load_run(evalkit.run("suite.yaml").run).about.marks.values()), change
    suite()
    write_rows(Path(), "train.jsonl", ROWS["train"][:-1])
    assert not known & set(load_run(evalkit.run("suite.yaml").run).about.marks.values())


def test_a_suites_prompt_below_the_top_is_not_cleared_by_a_flat_top(server: FakeProvider) -> None:
    """All rungs but the suite's own are right: the curve is flat at its top, and the suite's prompt is not there."""
    server.configure(answers=RIGHT, faults=[{"match": "train ticket", "first": 30, "then": {"kind": "refusal"}}])
    suite()
    report = climbed("zero-shot", "4", "8")
    model = only(report)
    last = model.rungs[-1]
    assert last.gain is not None and last.gain.value == 0
    assert (model.best, model.used_up) == ("zero-shot", False)
    assert "zero-shot may gain haiku up to" in model.why
    assert model.over_chosen is not None and (model.over_chosen.value or 0) > 0.3
    assert report.next_step.startswith("python -m evalkit ladder suite.yaml --show zero-shot")


def test_the_prompt_that_is_shown_is_the_one_that_was_asked(server: FakeProvider) -> None:
    suite(prompt={"system": "One of {{ labels }}\n", "user": "{{ text }}"})
    report = climbed("label-guide", "8")
    assert [r.prompt for r in only(report).rungs] == ["default", "label-guide", "examples-8"]
    shown = yaml.safe_load(rung_yaml(LadderOptions(Path("suite.yaml")), "examples-8"))
    assert "words such as" in shown["examples-8"]["system"]
    suite(prompt=shown["examples-8"])
    adopted = climbed("label-guide", "8")
    names = [(r.prompt, r.skipped) for r in only(adopted).rungs]
    assert ("examples-8", "the same text as default") in names
    assert adopted.sent == 0
    climbed("8", "reasoning-low")
    thinking = rung_yaml(LadderOptions(Path("suite.yaml")), "reasoning-low")
    assert thinking.startswith("# with `reasoning: low` on the model\n")
    assert list(yaml.safe_load(thinking)) == ["default"]
    with pytest.raises(SuiteError, match="no prompt of the newest climb"):
        rung_yaml(LadderOptions(Path("suite.yaml")), "examples-9")


def test_what_cannot_be_asked_is_said(server: FakeProvider) -> None:
    write_rows(Path(), "train.jsonl", ROWS["train"][:30])
    models = {
        "haiku": {"model": "anthropic/claude-haiku-5-5", "reasoning": "high"},
        "sonnet": {"model": "anthropic/claude-sonnet-5-5", "api_key_env": "OTHER_API_KEY"},
        "trained": "classifier/tfidf-logreg",
    }
    suite(models=models, prompt={"system": "One of {{ labels }}", "user": "{{ text }}"})
    report = climbed()
    skipped = {r.prompt: r.skipped for r in only(report).rungs if r.skipped}
    assert skipped["zero-shot"] == "the same text as default"
    assert skipped["examples-32"].startswith("train gives ")
    assert skipped["reasoning-medium"] == "the suite asks it with the highest already"
    assert report.skipped == {"sonnet": "OTHER_API_KEY is not set", "trained": "a trained reference has no prompt"}
    with pytest.raises(SuiteError, match="no model can climb"):
        climbed(models=("trained",))


def test_a_rung_that_the_provider_rejects_is_no_evidence(server: FakeProvider) -> None:
    suite()
    n = climbed("4", "8").n
    server.configure(faults=[{"match": "train ticket", "first": n, "then": {"kind": "context_too_long"}}])
    report = climbed("4", "8", "16")
    last = only(report).rungs[-1]
    assert last.skipped == f"{n} of {n} answers were rejected by the provider"
    assert [r.prompt for r in read_ladders(Path("runs/tickets"))[0].ladder.rungs] == [
        "default",
        "examples-4",
        "examples-8",
    ]


def test_a_climb_that_infrastructure_broke_is_no_evidence_and_goes_on(
    server: FakeProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    suite()
    fault = {"match": "about billing", "then": {"status": 500, "headers": {"x-should-retry": "false"}}}
    server.configure(faults=[fault])
    options = LadderOptions(Path("suite.yaml"), rungs=("zero-shot", "4"))
    assert ladder_command(options) == 3
    assert "asks only what is missing" in capsys.readouterr().out
    assert read_ladders(Path("runs/tickets")) == ()
    lost = server.stats()["requests"]
    server.configure(faults=[])
    report = climbed("zero-shot", "4")
    assert report.complete and len(read_ladders(Path("runs/tickets"))) == 1
    billing = sum(r["label"] == "billing" for r in ROWS["train"])
    assert report.sent == server.stats()["requests"] - lost < 3 * billing


def test_the_command(server: FakeProvider, capsys: pytest.CaptureFixture[str]) -> None:
    suite()
    options = LadderOptions(Path("suite.yaml"), rungs=("zero-shot", "4"))
    assert ladder_command(options, as_json=True) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["models"][0]["rungs"][1]["prompt"] == "zero-shot"
    assert "The curve has flattened" in told.err and "k-0123456789" not in told.out + told.err
    assert ladder_command(options, show="examples-4") == 0
    assert "count: 4" in capsys.readouterr().out
    assert ladder_command(LadderOptions(Path("suite.yaml"), rungs=("zero-shoot",))) == 2
    assert "did you mean `zero-shot`" in capsys.readouterr().err
    suite(dataset={"test": "test.jsonl", "target": "label"}, prompt={"user": "{{ text }}"})
    assert ladder_command(options) == 2
    assert "no rows for it" in capsys.readouterr().err


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, "ladder.json", '{"format": 1, "ladders": [{}]}')
    with pytest.raises(RunError, match=r"ladder\.json: damaged"):
        read_ladders(tmp_path)
    write(tmp_path, "ladder.json", '{"format": 9}')
    assert read_ladders(tmp_path) == ()
