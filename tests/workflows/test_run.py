"""The run command by its contract: exit codes, the JSON object, what is skipped, prompts on dev, native form, TTFT."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evalkit as package
from tests.cli_helper import evalkit, write, write_rows
from tests.servers.launch import FakeProvider, serve

LABELS = ("billing", "payments", "shipping")
KEY = {"ANTHROPIC_API_KEY": "k-0123456789"}


def rows(split: str, n: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{split}{i}",
            "text": f"{split} ticket {i} about {LABELS[i % 3]}",
            "label": LABELS[i % 3],
            "who": f"g{i % 20}",
        }
        for i in range(n)
    ]


ANSWERS = {row["text"]: row["label"] for split, n in (("test", 60), ("train", 90)) for row in rows(split, n)}

SUITE = """
name: tickets
dataset:
  test: {{path: test.jsonl}}
  train: {{path: train.jsonl}}
  target: label
  id: id
{prompt}
output: {{form: label, labels: from_data, max_tokens: 16}}
models:
{models}
good_enough: {{accuracy: 0.9, format_validity: 0.95{needs}}}
{extra}
"""
PROMPT = 'prompt: {system: "One of {{ labels }}", examples: {count: 6}, user: "{{ text }}"}'
HAIKU = "  haiku: anthropic/claude-haiku-5-5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path, "test.jsonl", rows("test", 60))
    write_rows(tmp_path, "train.jsonl", rows("train", 90))
    return tmp_path


@pytest.fixture
def server() -> Iterator[FakeProvider]:
    with serve("anthropic", answers=ANSWERS, latency_ms=2, record=True, min_cacheable_tokens=20) as running:
        yield running


def suite(folder: Path, models: str = HAIKU, prompt: str = PROMPT, needs: str = "", extra: str = "") -> str:
    return str(write(folder, "suite.yaml", SUITE.format(models=models, prompt=prompt, needs=needs, extra=extra)))


def env(server: FakeProvider) -> dict[str, str]:
    return {**KEY, "ANTHROPIC_BASE_URL": server.url}


def test_the_json_object(folder: Path, server: FakeProvider) -> None:
    models = HAIKU + "  sonnet: {model: anthropic/claude-sonnet-5-5, api_key_env: OTHER_API_KEY}\n"
    done = evalkit("run", suite(folder, models), "--json", cwd=folder, env=env(server))
    assert done.code == 0, done.err
    assert done.out.count("\n") == 1
    data = done.json
    assert set(data) >= {"suite", "run", "complete", "contenders", "requirements", "unmeasured", "verdict"}
    assert data["verdict"]["outcome"] in ("FUND", "RULE_OUT", "NOT_YET")
    assert [a["question"] for a in data["verdict"]["answers"]] == [1, 2, 3]
    haiku, sonnet = data["contenders"]
    assert haiku["id"] == "haiku/default/prompt"
    assert haiku["n"] == 60
    assert sum(haiku["status"].values()) == haiku["status"]["ok"] == 60
    assert haiku["metrics"]["accuracy"] == {
        "value": 1.0,
        "low": pytest.approx(60 / (60 + 1.959964**2)),
        "high": 1.0,
        "n": 60,
        "method": "wilson",
    }
    assert haiku["usage"]["cache_read"] > 0
    assert haiku["cost"]["prices_as_of"] == "2026-10-24"
    assert haiku["latency_ms"]["p95"] >= haiku["latency_ms"]["p50"] > 0
    assert haiku["ttft_ms"] is None
    assert sonnet["skipped"] == "OTHER_API_KEY is not set"
    assert sonnet["status"] is sonnet["metrics"] is sonnet["usage"] is sonnet["cost"] is None
    assert [b["model"] for b in data["unmeasured"]] == ["sonnet"]
    assert data["unmeasured"][0]["run_cost"] > 0
    states = {(r["metric"], r["state"]) for r in data["requirements"]}
    assert states == {("accuracy", "met"), ("format_validity", "met")}  # 60 of 60: at least .957


def test_the_prefix_is_written_once_and_read_by_all_others(folder: Path, server: FakeProvider) -> None:
    done = evalkit("run", suite(folder), "--json", cwd=folder, env=env(server))
    tokens = server.stats()["tokens"]
    usage = done.json["contenders"][0]["usage"]
    assert {name: usage[name] for name in tokens} == tokens
    assert tokens["cache_read"] == 59 * tokens["cache_write_5m"]


def test_exit_codes(folder: Path, server: FakeProvider) -> None:
    path = suite(folder)
    nothing = evalkit("run", path, cwd=folder)
    assert (nothing.code, nothing.out) == (2, "")
    assert "ANTHROPIC_API_KEY is not set" in nothing.err
    two = suite(folder, HAIKU + "  tuned: {model: openai/ft-x, base_url: '${T_URL}', role: fine_tuned}\n")
    assert evalkit("run", two, cwd=folder, env=env(server)).code == 0
    required = evalkit("run", two, "--require-all", cwd=folder, env=env(server))
    assert required.code == 2
    assert "T_URL is not set" in required.err
    unknown = evalkit("run", two, "--model", "hiaku", cwd=folder, env=env(server))
    assert unknown.code == 2
    assert "haiku" in unknown.err
    for done in (nothing, required, unknown):
        assert "Traceback" not in done.err


def test_infrastructure_errors_make_a_run_incomplete_and_are_asked_again(folder: Path, server: FakeProvider) -> None:
    server.configure(
        faults=[{"match": "test ticket 7 ", "then": {"status": 500, "headers": {"x-should-retry": "false"}}}]
    )
    path = suite(folder)
    first = evalkit("run", path, "--json", cwd=folder, env=env(server))
    assert first.code == 3
    assert first.json["complete"] is False
    contender = first.json["contenders"][0]
    assert contender["status"]["infra_error"] == 1
    assert contender["metrics"]["accuracy"]["n"] == 59
    assert contender["metrics"]["accuracy"]["value"] == 1.0
    assert "HTTP 500" in next(iter(contender["errors"]))
    sent = server.stats()["requests"]
    server.configure(faults=[])
    second = evalkit("run", path, "--json", cwd=folder, env=env(server))
    assert second.code == 0
    assert server.stats()["requests"] == sent + 1


def test_a_wrong_key_stops_at_once(folder: Path, server: FakeProvider) -> None:
    server.configure(require_key="another")
    done = evalkit("run", suite(folder), "--json", cwd=folder, env=env(server))
    assert done.code == 3
    assert server.stats()["requests"] == 1
    assert done.json["contenders"][0]["metrics"]["accuracy"]["value"] is None
    assert KEY["ANTHROPIC_API_KEY"] not in done.out + done.err


def test_prompts_are_chosen_on_dev_and_only_the_chosen_one_sees_test(folder: Path, server: FakeProvider) -> None:
    prompts = 'prompts:\n  bad: {system: S, user: "no idea {{ id }}"}\n  good: {system: S, user: "{{ text }}"}'
    server.configure(default_answer="something else")
    done = evalkit("run", suite(folder, prompt=prompts), "--json", cwd=folder, env=env(server))
    assert done.code == 0, done.err
    seen = {(c["prompt"], c["split"]) for c in done.json["contenders"]}
    assert seen == {("good", "test"), ("bad", "dev"), ("good", "dev")}
    assert {r["contender"] for r in done.json["requirements"]} == {"haiku/good/prompt"}
    asked = [body["messages"][-1]["content"] for body in (r["body"] for r in server.stats()["recorded"])]
    assert not any(text.startswith("no idea test") for text in asked)


def test_prompts_without_train_run_on_test_and_that_is_said(folder: Path, server: FakeProvider) -> None:
    prompts = 'prompts:\n  a: {system: A, user: "{{ text }}"}\n  b: {system: B, user: "{{ text }}"}'
    text = Path(suite(folder, prompt=prompts)).read_text(encoding="utf-8")
    path = write(folder, "suite.yaml", text.replace("  train: {path: train.jsonl}\n", ""))
    done = evalkit("run", str(path), "--json", cwd=folder, env=env(server))
    assert {c["split"] for c in done.json["contenders"]} == {"test"}
    assert any("chosen on test" in warning for warning in done.json["warnings"])


def test_native_form_and_time_to_first_token(folder: Path, server: FakeProvider) -> None:
    models = "  native: {model: anthropic/claude-haiku-5-5, enforce: native}\n"
    server.configure(ttft_ms=20, latency_ms=30)
    done = evalkit("run", suite(folder, models, needs=", ttft_p95_ms: 5000"), "--json", cwd=folder, env=env(server))
    assert done.code == 0, done.err
    contender = done.json["contenders"][0]
    assert contender["id"] == "native/default/native"
    assert contender["metrics"]["accuracy"]["value"] == 1.0
    assert contender["ttft_ms"]["p50"] >= 20
    assert server.stats()["streams"] == 60
    body = server.stats()["recorded"][-1]["body"]
    assert body["output_config"]["format"]["schema"]["properties"]["label"]["enum"] == list(LABELS)
    assert json.loads(body["messages"][1]["content"])["label"] in LABELS
    (held,) = [r for r in done.json["requirements"] if r["metric"] == "ttft_p95_ms"]
    assert 20 - 5000 <= held["gap"]["value"] < 0
    assert held["state"] == "met"  # calls that come in bursts, all far below the limit


def test_a_cached_answer_without_ttft_is_asked_again_where_ttft_is_needed(folder: Path, server: FakeProvider) -> None:
    assert evalkit("run", suite(folder), cwd=folder, env=env(server)).code == 0
    assert evalkit("run", suite(folder, needs=", ttft_p95_ms: 5000"), cwd=folder, env=env(server)).code == 0
    assert server.stats()["requests"] == 120


def test_epochs_are_asked_apart_and_samples_stay_the_unit(folder: Path, server: FakeProvider) -> None:
    done = evalkit("run", suite(folder, extra="run: {epochs: 3}"), "--json", cwd=folder, env=env(server))
    assert server.stats()["requests"] == 180
    accuracy = done.json["contenders"][0]["metrics"]["accuracy"]
    assert (accuracy["n"], accuracy["method"]) == (60, "wilson_epochs")
    assert sum(done.json["contenders"][0]["status"].values()) == 180


def test_a_models_own_limit(folder: Path, server: FakeProvider) -> None:
    models = HAIKU + "  few: {model: anthropic/claude-sonnet-5-5, limit: 12}\n"
    done = evalkit("run", suite(folder, models), "--json", cwd=folder, env=env(server))
    assert [c["n"] for c in done.json["contenders"]] == [60, 12]
    samples = package.load_run(folder / done.json["run"]).samples
    few = samples[samples["contender"] == "few/default/prompt"]
    assert few["target"].value_counts().to_dict() == dict.fromkeys(LABELS, 4)


def test_truncated_and_refused_answers_are_told(folder: Path, server: FakeProvider) -> None:
    server.configure(
        faults=[
            {"match": "test ticket 4 ", "then": {"kind": "max_tokens"}},
            {"match": "test ticket 5 ", "then": {"kind": "refusal"}},
            {"match": "test ticket 6 ", "then": {"kind": "context_too_long"}},
        ]
    )
    done = evalkit("run", suite(folder), "--json", cwd=folder, env=env(server))
    contender = done.json["contenders"][0]
    assert done.code == 0
    assert {k: v for k, v in contender["status"].items() if v} == {
        "ok": 57,
        "truncated": 1,
        "refused": 1,
        "rejected": 1,
    }
    assert contender["metrics"]["accuracy"]["value"] == 57 / 60
    assert any("token limit" in warning for warning in contender["warnings"])


def test_a_prefix_too_short_for_caching_is_warned_of_with_numbers(folder: Path, server: FakeProvider) -> None:
    server.configure(min_cacheable_tokens=4096)
    models = "  old: anthropic/claude-haiku-4-5\n"
    done = evalkit("run", suite(folder, models), cwd=folder, env=env(server))
    assert "nothing was read from cache" in done.out
    assert "4,096 tokens" in done.out


def test_report_and_load_run_show_the_same(folder: Path, server: FakeProvider) -> None:
    done = evalkit("run", suite(folder), "--json", cwd=folder, env=env(server))
    again = evalkit("report", "runs/tickets", "--json", cwd=folder)
    assert again.code == 0
    assert again.json == done.json
    shown = evalkit("report", done.json["run"], cwd=folder)
    assert "haiku/default/prompt" in shown.out
    stored = package.load_run(folder / done.json["run"])
    assert len(stored.samples) == 60
    assert stored.samples["correct"].all()
    assert stored.manifest["data"]["splits"]["test"]["n"] == 60
    missing = evalkit("report", "runs/nothing", cwd=folder)
    assert missing.code == 2
    assert "Traceback" not in missing.err


def test_quiet_and_plain_output(folder: Path, server: FakeProvider) -> None:
    path = suite(folder)
    full = evalkit("run", path, cwd=folder, env=env(server))
    assert "\x1b" not in full.out + full.err
    quiet = evalkit("run", path, "-q", cwd=folder, env=env(server))
    assert "haiku is good enough" in quiet.out
    assert "cache read" in full.out
    assert "cache read" not in quiet.out
    assert quiet.err == ""


def test_plan_sends_nothing_and_says_what_n_can_see(folder: Path, server: FakeProvider) -> None:
    path = suite(folder)
    plan = evalkit("plan", path, "--json", cwd=folder)
    assert plan.code == 0, plan.err
    assert server.stats()["requests"] == 0
    assert plan.json["requests"]["default"]["user"] == rows("test", 1)[0]["text"]
    assert plan.json["contenders"][0]["calls"] == 60
    assert plan.json["contenders"][0]["cost"] > 0
    assert 0 < plan.json["visible"][0]["shortfall"] < 0.3
    dry = evalkit("run", path, "--dry-run", cwd=folder)
    assert "end of the cached prefix" in dry.out
    assert "ANTHROPIC_API_KEY is not set" in dry.out


def test_hostile_answers_stay_data(folder: Path, server: FakeProvider) -> None:
    hostile = "\x1b[2J<script>alert(1)</script>\u202e{{ 7*7 }}"
    server.configure(answers=dict.fromkeys(ANSWERS, hostile))
    done = evalkit("run", suite(folder), cwd=folder, env=env(server))
    assert "\x1b" not in done.out + done.err
    samples = package.load_run(next((folder / "runs/tickets").iterdir())).samples
    assert set(samples["text"]) == {hostile}


def test_a_trained_model_judged_on_dev_has_not_seen_dev(folder: Path) -> None:
    pytest.importorskip("sklearn")
    prompts = 'prompts:\n  a: {system: A, user: "{{ text }}"}\n  b: {system: B, user: "{{ text }}"}'
    done = evalkit("run", suite(folder, "  t: classifier/tfidf-logreg\n", prompt=prompts), "--json", cwd=folder)
    assert done.code == 0, done.err
    trained = {c["split"]: next(n for n in c["notes"] if n.startswith("trained on")) for c in done.json["contenders"]}
    dev = next(c["n"] for c in done.json["contenders"] if c["split"] == "dev")
    assert trained["test"].startswith("trained on 90 rows")
    assert trained["dev"].startswith(f"trained on {90 - dev} rows")
