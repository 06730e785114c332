"""The nightly check from end to end: exit codes, gates, the confirming run, reports, freshness, flaky answers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.cli_helper import Done, evalkit, write, write_rows
from tests.servers.launch import FakeProvider, serve

LABELS = ("billing", "payments", "shipping")
N = 90
SUITE = """
name: {name}
dataset: {{test: {{path: test.jsonl}}, target: label, id: id}}
prompt: {{system: "One of {{{{ labels }}}}", user: "{{{{ text }}}}"}}
output: {{form: label, labels: from_data, max_tokens: 16}}
models:
{models}
good_enough: {{accuracy: 0.9}}
{extra}
"""
HAIKU = "  haiku: anthropic/claude-haiku-5-5\n"
SONNET = "  sonnet: anthropic/claude-sonnet-5-5\n"
ROWS = [{"id": f"t{i}", "text": f"ticket {i} about {LABELS[i % 3]}", "label": LABELS[i % 3]} for i in range(N)]
ANSWERS = {row["text"]: row["label"] for row in ROWS}
BROKEN = {**ANSWERS, **{row["text"]: "billing" for row in ROWS[:60]}}  # 40 of 90 are wrong


class Place:
    """A folder with rows, a server, and the command line in it."""

    def __init__(self, folder: Path, server: FakeProvider) -> None:
        self.folder, self.server = folder, server
        write_rows(folder, "test.jsonl", ROWS)

    def suite(self, models: str = HAIKU, extra: str = "", name: str = "tickets") -> str:
        path = write(self.folder, f"{name}.yaml", SUITE.format(name=name, models=models, extra=extra))
        return path.name

    def run(self, *arguments: str, **env: str) -> Done:
        known = {"ANTHROPIC_API_KEY": "k-0123456789", "ANTHROPIC_BASE_URL": self.server.url}
        done = evalkit(*arguments, cwd=self.folder, env={**known, **env})
        assert "Traceback" not in done.err
        assert "k-0123456789" not in done.out + done.err
        return done

    def accepted(self, *suites: str) -> None:
        assert self.run("check", *suites).code == 0
        for suite in suites:
            done = self.run("baseline", "accept", f"runs/{suite.removesuffix('.yaml')}")
            assert done.code == 0, done.err

    @property
    def requests(self) -> int:
        return int(self.server.stats()["requests"])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with serve("anthropic", answers=ANSWERS, record=True) as server:
        yield Place(tmp_path, server)


def findings(done: Done, contender: int = 0, suite: int = 0) -> dict[str, Any]:
    return {f["gate"]: f for f in done.json["suites"][suite]["contenders"][contender]["findings"]}


def test_a_missing_baseline_is_said_and_accepted_by_the_command_that_is_named(place: Place) -> None:
    done = place.run("check", place.suite(), "--json")
    assert done.code == done.json["code"] == 0
    assert findings(done)["baseline"]["outcome"] == "undecided"
    (command,) = done.json["suites"][0]["commands"]
    assert command == f"python -m evalkit baseline accept {done.json['suites'][0]['run']}"
    assert command in done.err
    accepted = place.run(*command.removeprefix("python -m evalkit ").split())
    assert "baselines/tickets/haiku.default.prompt.json: accepted, accuracy 1.000" in accepted.out
    again = place.run("check", place.suite(), "--json")
    assert again.code == 0
    assert "baseline" not in findings(again)
    assert findings(again)["drop"]["outcome"] == "pass"


def test_a_baseline_is_stable_holds_no_texts_and_is_shown(place: Place) -> None:
    place.accepted(place.suite())
    path = place.folder / "baselines/tickets/haiku.default.prompt.json"
    first = path.read_bytes()
    assert "unchanged" in place.run("baseline", "accept", "runs/tickets", "--contender", "haiku").out
    assert path.read_bytes() == first
    assert b"ticket 1 about" not in first and b"0123456789-" not in first
    assert json.loads(first)["provenance"]["served_model"] == "claude-haiku-5-5"
    assert "haiku/default/prompt" in place.run("baseline", "list").out
    shown = place.run("baseline", "show", "tickets:haiku/default/prompt", "--json")
    assert (shown.code, shown.json["n"]) == (0, N)
    unknown = place.run("baseline", "accept", "runs/tickets", "--contender", "hiaku")
    assert (unknown.code, "haiku" in unknown.err) == (2, True)
    same = place.run("baseline", "diff", "runs/tickets", "--json")
    assert [(p["n"], p["difference"]["value"]) for p in same.json["pairs"]] == [(N, 0.0)]


def test_a_drop_fails_after_one_fresh_run_of_the_affected_contender(place: Place) -> None:
    suite = place.suite(HAIKU + SONNET)
    place.accepted(suite)
    sonnet = [{"match": "", "then": {"stop_reason": "end_turn"}}]
    place.server.configure(answers=BROKEN, faults=sonnet)
    # Only haiku is asked anew: the answers of sonnet are still in the response cache.
    _forget(place, "claude-haiku-5-5")
    before = place.requests
    done = place.run("check", suite, "--json")
    assert done.code == 1
    assert place.requests - before == 2 * N
    haiku, kept = findings(done, 0), findings(done, 1)
    assert (haiku["drop"]["outcome"], kept["drop"]["outcome"]) == ("fail", "pass")
    assert haiku["drop"]["value"] == pytest.approx(-40 / 90)
    assert haiku["drop"]["test"]["second"] == pytest.approx(-40 / 90)
    assert "FAILED: haiku/default/prompt: accuracy fell by 44.4 points" in done.err
    assert (place.folder / done.json["suites"][0]["contenders"][0]["confirmed_by"]).is_dir()
    # The confirming run is nobody's newest run, and the same night's check sends nothing new after it is through.
    assert place.run("report", "runs/tickets", "--json").json["run"] == done.json["suites"][0]["run"]


def test_earlier_nights_are_read_before_a_drop_fails(place: Place) -> None:
    suite = place.suite()
    place.accepted(suite)
    (accepted,) = (place.folder / "runs/tickets").iterdir()
    for day in range(1, 5):
        shutil.copytree(accepted, accepted.with_name(f"2020-01-0{day}T02-00-00Z-c0ffee"))
    place.server.configure(answers=BROKEN)
    _forget(place, "claude-haiku-5-5")
    found = findings(place.run("check", suite, "--json"))["drop"]
    assert found["outcome"] == "fail"
    assert (found["test"]["nights"], found["test"]["night"]) == (5, 0.0)


def _forget(place: Place, model: str) -> None:
    """Another revision of one model is another request."""
    suite = place.folder / "tickets.yaml"
    text = suite.read_text(encoding="utf-8")
    assert f"anthropic/{model}" in text
    entry = f"{{model: anthropic/{model}, revision: r2}}"
    suite.write_text(text.replace(f"anthropic/{model}", entry), encoding="utf-8")


def test_a_drop_that_is_gone_in_the_fresh_run_is_a_note(place: Place) -> None:
    suite = place.suite()
    place.accepted(suite)
    rule = [{"match": row["text"], "first": 1, "then": {"kind": "refusal"}} for row in ROWS[:40]]
    place.server.configure(faults=rule)
    done = place.run("check", suite, "--fresh", "--json")
    assert done.code == 0
    assert findings(done)["drop"]["outcome"] == "note"
    assert "does not confirm" in findings(done)["drop"]["text"]
    flaky = done.json["suites"][0]["contenders"][0]["flaky"]
    assert (flaky["samples"], flaky["of"]) == (40, N)
    assert flaky["worst"][0]["over"] == "nights"


def test_fresh_never_answers_from_yesterday_and_the_plain_check_does(place: Place) -> None:
    suite = place.suite()
    place.accepted(suite)
    assert place.requests == N
    assert place.run("check", suite).code == 0
    assert place.requests == N
    assert place.run("check", suite, "--fresh").code == 0
    assert place.requests == 2 * N
    assert place.run("check", suite, "--fresh").code == 0  # the night before was through
    assert place.requests == 3 * N


def test_an_incomplete_night_is_code_3_and_goes_on(place: Place) -> None:
    one, two = place.suite(), place.suite(name="second")
    place.accepted(one, two)
    fault = [{"match": "ticket 7 ", "then": {"status": 500, "headers": {"x-should-retry": "false"}}}]
    place.server.configure(faults=fault)
    before = place.requests
    assert place.run("check", one, two, "--fresh").code == 3
    assert place.requests - before <= N + 2  # both suites ask the same of the same model
    place.server.configure(faults=[])
    between = place.requests
    assert place.run("check", one, two, "--fresh").code == 0
    assert place.requests - between == 1


def test_exit_codes_by_precedence(place: Place) -> None:
    good, other = place.suite(), place.suite(SONNET, name="other")
    place.accepted(good, other)
    place.server.configure(answers=BROKEN)
    wrong = write(place.folder, "wrong.yaml", "name: wrong\n").name
    failed = place.run("check", good, "--fresh", "--json")
    assert failed.code == 1
    fault = [{"match": "ticket 7 ", "then": {"status": 500, "headers": {"x-should-retry": "false"}}}]
    place.server.configure(faults=fault)
    lost = place.run("check", good, "--fresh", "--json")
    assert (lost.code, lost.json["suites"][0]["code"]) == (3, 3)
    assert lost.json["suites"][0]["contenders"][0]["failed"]
    both = place.run("check", wrong, good, "--json")
    assert both.code == 2
    assert both.json["suites"][0]["code"] == 2
    assert len(both.json["suites"][1]["contenders"]) == 1  # the other suite was checked all the same
    assert place.run("check", "nothing.yaml").code == 2


def test_a_night_does_not_turn_green_because_a_secret_expired(place: Place) -> None:
    suite = place.suite(HAIKU + "  other: {model: anthropic/claude-sonnet-5-5, api_key_env: OTHER_API_KEY}\n")
    done = place.run("check", suite, "--json")
    assert done.code == 2
    assert "OTHER_API_KEY is not set" in done.json["suites"][0]["error"]
    assert place.requests == 0


def test_a_damaged_baseline_is_found_before_money_is_spent(place: Place) -> None:
    suite = place.suite()
    place.accepted(suite)
    path = place.folder / "baselines/tickets/haiku.default.prompt.json"
    path.write_text(path.read_text(encoding="utf-8").replace('["t0","+"', '["t0","-"'), encoding="utf-8")
    before = place.requests
    done = place.run("check", suite, "--fresh", "--json")
    assert (done.code, place.requests - before) == (2, 0)
    assert "edited by hand" in done.json["suites"][0]["error"]
    assert "baseline accept runs/tickets" in done.json["suites"][0]["error"]
    assert place.run("baseline", "list").code == 2
    assert place.run("baseline", "accept", "runs/tickets").code == 0
    assert place.run("check", suite).code == 0


def test_the_suite_gates_what_is_below_good_enough(place: Place) -> None:
    place.server.configure(answers=BROKEN)
    assert place.run("check", place.suite()).code == 0
    gated = place.run("check", place.suite(extra="gates: {below_good_enough: fail}"), "--json")
    assert gated.code == 1
    assert findings(gated)["below_good_enough"]["metric"] == "accuracy"
    typo = place.run("check", place.suite(extra="gates: {below_good_enogh: fail}"))
    assert (typo.code, "did you mean `below_good_enough`" in typo.out) == (2, True)


def test_another_served_model_and_another_prompt_are_told(place: Place) -> None:
    suite = place.suite()
    place.accepted(suite)
    place.server.configure(served_model="claude-haiku-6")
    text = (place.folder / suite).read_text(encoding="utf-8").replace("One of", "Exactly one of")
    write(place.folder, suite, text)
    done = place.run("check", suite, "--json")
    assert done.code == 0
    assert findings(done)["served_model_change"]["outcome"] == "note"
    assert done.json["suites"][0]["contenders"][0]["differences"] == ["the prompt differs"]
    history = place.run("history", suite, "--json").json["contenders"][0]
    assert {(c["index"], c["kind"]) for c in history["changes"]} == {(1, "model"), (1, "prompt")}
    strict = place.run("check", place.suite(extra="gates: {served_model_change: fail}"), "--fresh")
    assert strict.code == 1


def test_flaky_between_epochs(place: Place) -> None:
    rule = [{"match": row["text"], "first": 1, "then": {"kind": "refusal"}} for row in ROWS[:3]]
    place.server.configure(faults=rule)
    done = place.run("check", place.suite(extra="run: {epochs: 2}"), "--json")
    flaky = done.json["suites"][0]["contenders"][0]["flaky"]
    assert flaky["samples"] == 3
    assert {(i["sample_id"], i["asked"], i["right"], i["answers"], i["over"]) for i in flaky["worst"]} == {
        (f"t{i}", 2, 1, 2, "epochs") for i in range(3)
    }
    assert "3 of 90 samples flaky" in done.err


def test_history_shows_nights_bars_and_runs_from_the_cache(place: Place) -> None:
    suite = place.suite()
    place.accepted(suite)
    place.run("check", suite)
    place.run("check", suite, "--fresh")
    done = place.run("history", "tickets")
    assert done.code == 0
    assert "▄▄▄" in done.out
    assert done.out.count("from cache") == 1
    data = place.run("history", suite, "--json").json["contenders"][0]
    assert [night["cached"] for night in data["nights"]] == [False, True, False]
    assert place.run("history", "nothing").code == 2


def test_junit_and_github(place: Place) -> None:
    suite, wrong = place.suite(), write(place.folder, "wrong.yaml", "name: wr%ong\n").name
    place.accepted(suite)
    place.server.configure(answers=BROKEN)
    summary = place.folder / "summary.md"
    done = place.run(
        "check", suite, wrong, "--fresh", "--junit", "out/j.xml", "--github", GITHUB_STEP_SUMMARY=str(summary)
    )
    assert done.code == 2
    commands = [line for line in done.out.splitlines() if line.startswith("::")]
    assert any(
        re.match(r"::error file=tickets.yaml,title=tickets haiku/default/prompt accuracy::", c) for c in commands
    )
    assert any("95 %25 interval" in c for c in commands)
    assert any(c.startswith("::error file=wrong.yaml") and "%0A" in c for c in commands)
    assert "| haiku/default/prompt | 90 |" in summary.read_text(encoding="utf-8")
    root = ET.parse(place.folder / "out/j.xml").getroot()
    first, second = root.findall("testsuite")
    assert (first.get("failures"), second.get("errors")) == ("1", "1")
    quiet = place.run("check", suite, "--fresh", "--github", "--json")
    assert quiet.out.startswith("{") and quiet.out.count("\n") == 1
    assert "::error" in quiet.err
