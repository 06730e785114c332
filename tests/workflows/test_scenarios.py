"""What teams come with, each as a suite with fake providers: the outcome, the answers and the next step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.servers.launch import serve
from tests.workflows.scenario import THREE_PROMPTS, Job, states

TEAMS = ("billing", "payments", "shipping")
ONE_DOLLAR = {"input": 1, "output": 5, "cache_read": 0.1, "cache_write_5m": 1.25, "cache_write_1h": 2}
BUILD = {"build_cost": [15_000, 20_000], "hosting_per_month": [200, 400], "horizon_months": 12}
CODING = BUILD | {
    "calls_per_month": 100_000,
    "tuned_cost_per_1000_calls": [0.05, 0.20],
    "tuned_accuracy": [0.93, 0.96],
    "value_of_a_correct_answer": [0.5, 1.0],
}


def tuned(url: str) -> dict[str, Any]:
    return {"model": "openai/ft-job", "base_url": url, "api_key_env": "TUNED_API_KEY", "role": "fine_tuned"}


@pytest.mark.parametrize(("price", "outcome", "cheaper"), [(ONE_DOLLAR, "FUND", "for"), (None, "RULE_OUT", "against")])
def test_ten_million_calls_a_month(tmp_path: Path, price: dict[str, float] | None, outcome: str, cheaper: str) -> None:
    """At 1 $ per million tokens a fine-tune pays; at today's list price nothing is left to be saved."""
    job = Job(tmp_path, TEAMS, words=250)
    economics = BUILD | {
        "calls_per_month": [10_000_000, 14_000_000],
        "tuned_cost_per_1000_calls": [0.02, 0.05],
        "tuned_accuracy": [0.96, 0.99],
    }
    haiku: dict[str, Any] = {"model": "anthropic/claude-haiku-5-5"} | ({"price": price} if price else {})
    suite = job.suite(case="volume", models={"haiku": haiku}, economics=economics)
    with serve("anthropic", answers=job.answers(0.97)) as server:
        data = job.run(suite, ANTHROPIC_BASE_URL=server.url)
    verdict = data["verdict"]
    assert verdict["outcome"] == outcome, verdict
    assert states(data) == [cheaper, "for", cheaper]
    if outcome == "RULE_OUT":
        assert verdict["instead"].startswith("Go on with haiku")
        assert verdict["reopen_when"]


def test_medical_coding_after_a_drift_of_the_codes(tmp_path: Path) -> None:
    """The models answer last year's codes; three prompts change nothing; there are labels."""
    codes = ("E11.65", "I10.0", "J45.909", "M54.50")
    job = Job(tmp_path, codes)
    needs = {"accuracy": 0.9, "vocabulary": 0.98}
    suite = job.suite(case="domain", prompts=THREE_PROMPTS, good_enough=needs, economics=CODING)
    with serve("anthropic", answers=job.answers(0.75, wrong="M54.5")) as server:
        data = job.run(suite, ANTHROPIC_BASE_URL=server.url)
        unmet = {r["metric"] for r in data["requirements"] if r["state"] == "unmet"}
        assert unmet == {"accuracy", "vocabulary"}
        assert data["verdict"]["outcome"] == "FUND", data["verdict"]
        assert states(data) == ["for", "for", "for"]
        assert data["verdict"]["first"] == []

        one = job.suite(case="domain", good_enough=needs, economics=CODING)
        once = job.run(one, ANTHROPIC_BASE_URL=server.url)
        assert once["verdict"]["outcome"] == "NOT_YET"
        assert "ladder suite.yaml --model haiku" in once["verdict"]["next_step"]
        stood = job.run(one, "--vouch", "prompt", ANTHROPIC_BASE_URL=server.url)
        assert stood["verdict"]["outcome"] == "FUND"
        assert any("Vouched for" in line for line in stood["verdict"]["first"])


def test_a_first_token_within_100_ms(tmp_path: Path) -> None:
    job = Job(tmp_path, TEAMS)
    economics = BUILD | {
        "calls_per_month": 2_000_000,
        "gpu": {"gpu_hour": 1.1, "capacity_rps": 20},
        "tuned_accuracy": [0.96, 0.99],
        "value_of_meeting_need_per_month": [15_000, 20_000],
    }
    needs = {"accuracy": 0.9, "ttft_p95_ms": 100}
    suite = job.suite(case="latency", good_enough=needs, economics=economics)
    with serve("anthropic", answers=job.answers(0.97), ttft_ms=250, latency_ms=260) as server:
        data = job.run(suite, ANTHROPIC_BASE_URL=server.url)
    assert {r["metric"]: r["state"] for r in data["requirements"]} == {"accuracy": "met", "ttft_p95_ms": "unmet"}
    assert data["verdict"]["outcome"] == "FUND", data["verdict"]
    assert states(data) == ["for", "for", "for"]
    batch = [r for r in data["verdict"]["economics"]["rivals"] if r["option"] == "batch"]
    assert batch
    assert not any(r["suits"] for r in batch)


def test_an_exact_format_that_native_output_gives(tmp_path: Path) -> None:
    job = Job(tmp_path, TEAMS)
    shape = {
        "type": "object",
        "properties": {"team": {"enum": list(TEAMS)}},
        "required": ["team"],
        "additionalProperties": False,
    }
    (tmp_path / "shape.json").write_text(json.dumps(shape), encoding="utf-8")
    output = {"form": "json", "schema": {"path": "shape.json"}, "answer": "team", "max_tokens": 64}
    haiku = "anthropic/claude-haiku-5-5"
    parts: dict[str, Any] = {"case": "format", "output": output, "task": "classify", "economics": CODING}
    with serve(
        "anthropic", answers=job.answers(0.97)
    ) as server:  # a bare word in words, an object where it is enforced
        data = job.run(job.suite(**parts), ANTHROPIC_BASE_URL=server.url)
        assert data["verdict"]["outcome"] == "NOT_YET", data["verdict"]
        assert states(data)[0] == "undecided"
        assert "Look at the answers first" in data["verdict"]["next_step"]  # none of them has the form

        both = {"haiku": haiku, "haiku_native": {"model": haiku, "enforce": "native"}}
        data = job.run(job.suite(**parts, models=both), ANTHROPIC_BASE_URL=server.url)
    assert data["verdict"]["outcome"] == "RULE_OUT", data["verdict"]
    assert states(data)[0] == "against"
    assert "haiku_native" in data["verdict"]["instead"]


def test_an_exact_format_that_no_provider_enforces(tmp_path: Path) -> None:
    job = Job(tmp_path, TEAMS)
    output = {"form": "regex", "pattern": r"^ROUTE (?P<answer>\w+)$", "max_tokens": 64}
    economics = CODING | {"value_of_meeting_need_per_month": [8_000, 12_000]}
    parts: dict[str, Any] = {"case": "format", "output": output, "task": "classify", "economics": economics}
    answers = {
        text: said if i % 5 else f"Sure! {said}"
        for i, (text, said) in enumerate(job.answers(0.98, shape="ROUTE {}").items())
    }
    with serve("anthropic", answers=answers) as server:
        data = job.run(job.suite(**parts), ANTHROPIC_BASE_URL=server.url)
        assert data["verdict"]["outcome"] == "NOT_YET", data["verdict"]
        assert "ladder suite.yaml --model haiku" in data["verdict"]["next_step"]
        data = job.run(job.suite(**parts, prompts=THREE_PROMPTS), ANTHROPIC_BASE_URL=server.url)
    unmet = {r["metric"] for r in data["requirements"] if r["state"] == "unmet"}
    assert unmet == {"accuracy", "format_validity"}
    assert data["verdict"]["outcome"] == "FUND", data["verdict"]


@pytest.mark.parametrize(("case", "word"), [("brand_voice", "3 to 5 examples"), ("knowledge_base", "Retrieve")])
def test_what_weights_are_not_for(tmp_path: Path, case: str, word: str) -> None:
    """Whatever the answers are: here all of them would be for a fine-tune."""
    job = Job(tmp_path, TEAMS)
    with serve("anthropic", answers=job.answers(0.7)) as server:
        suite = job.suite(case=case, prompts=THREE_PROMPTS, economics=CODING)
        data = job.run(suite, ANTHROPIC_BASE_URL=server.url)
    assert states(data) == ["for", "for", "for"]
    assert data["verdict"]["outcome"] == "RULE_OUT"
    assert word in data["verdict"]["instead"]
    assert data["verdict"]["reopen_when"]


def test_improve_quality(tmp_path: Path) -> None:
    """Against: ruled out. Else nothing is decided before the cause is known; then it is the case that was found."""
    job = Job(tmp_path, TEAMS)
    parts: dict[str, Any] = {"case": "quality", "prompts": THREE_PROMPTS, "economics": CODING}
    with serve("anthropic", answers=job.answers(0.97)) as server:
        good = job.run(job.suite(**parts), ANTHROPIC_BASE_URL=server.url)
    assert good["verdict"]["outcome"] == "RULE_OUT"
    assert states(good)[0] == "against"
    with serve("anthropic", answers=job.answers(0.7)) as server:
        unknown = job.run(job.suite(**parts, name="wrong-labels"), ANTHROPIC_BASE_URL=server.url)
    assert unknown["verdict"]["case"] == "quality"
    assert unknown["verdict"]["outcome"] == "NOT_YET"
    with serve("anthropic", answers=job.answers(0.7, wrong="refunds")) as server:
        found = job.run(job.suite(**parts, name="wrong-words"), ANTHROPIC_BASE_URL=server.url)
    assert found["verdict"]["case"] == "domain", found["verdict"]
    assert found["verdict"]["outcome"] == "FUND"


@pytest.mark.parametrize(("prompted", "calls", "outcome", "first"), [
    (0.80, 2_000_000, "FUND", "for"),
    (0.97, 50_000, "RULE_OUT", "against"),
])  # fmt: skip
def test_a_fine_tuned_endpoint_that_exists(
    tmp_path: Path, prompted: float, calls: int, outcome: str, first: str
) -> None:
    """It is kept where it does what prompting does not, and goes where prompting does as well for less."""
    job = Job(tmp_path, TEAMS)
    economics = {"calls_per_month": calls, "horizon_months": 12, "value_of_a_correct_answer": [0.01, 0.02]}
    with (
        serve("anthropic", answers=job.answers(prompted)) as frontier,
        serve("openai", answers=job.answers(0.97), strict=False) as own,
    ):
        endpoint = tuned(own.url) | {"price": {"gpu_hour": 1.1}}
        models = {"haiku": "anthropic/claude-haiku-5-5", "tuned": endpoint}
        suite = job.suite(case="domain", models=models, prompts=THREE_PROMPTS, economics=economics)
        data = job.run(suite, ANTHROPIC_BASE_URL=frontier.url)
    verdict = data["verdict"]
    assert verdict["subject"] == "keep"
    assert verdict["outcome"] == outcome, verdict
    assert states(data) == [first, "not_applicable", "for" if outcome == "FUND" else "against"]
    assert ("tuned" in verdict["instead"]) if outcome == "RULE_OUT" else verdict["instead"] is None
