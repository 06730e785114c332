"""A server that takes a schema and does not use it is found out by its answers, whatever its status says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from evalkit.records.run import RunResult
from evalkit.workflows.run import RunSettings, run_suite
from tests.cli_helper import write, write_rows
from tests.conftest import TEST_KEY
from tests.servers.launch import FakeProvider

LABELS = ("billing", "payments", "shipping")
N = 40
SUITE = """
name: forms
dataset: {{test: {{path: test.jsonl}}, target: label, id: id}}
prompt: {{system: "One of {{{{ labels }}}}", user: "{{{{ text }}}}"}}
output: {{form: label, labels: from_data, max_tokens: 16, enforce: native}}
models: {{mine: {model}}}
good_enough: {{accuracy: 0.8, format_validity: 0.95}}
"""
MODELS = {"openai": "openai/gpt-6-luna", "anthropic": "anthropic/claude-haiku-5-5"}


def run(api: str, fake: FakeProvider, patch: pytest.MonkeyPatch, folder: Path, said: dict[int, str]) -> RunResult:
    """One run of a native contender; `said` are answers of rows that are not the right one."""
    patch.chdir(folder)
    patch.setenv(f"{api.upper()}_BASE_URL", fake.url)
    patch.setenv(f"{api.upper()}_API_KEY", TEST_KEY)
    rows = [{"id": f"t{i}", "text": f"ticket {i}", "label": LABELS[i % 3]} for i in range(N)]
    write_rows(folder, "test.jsonl", rows)
    fake.configure(answers={row["text"]: said.get(i, row["label"]) for i, row in enumerate(rows)})
    suite = write(folder, "forms.yaml", SUITE.format(model=MODELS[api]))
    return asyncio.run(run_suite(RunSettings(suite)))


@pytest.fixture
def fakes(fake_openai: FakeProvider, fake_anthropic: FakeProvider) -> dict[str, FakeProvider]:
    return {"openai": fake_openai, "anthropic": fake_anthropic}


@pytest.mark.parametrize("api", MODELS)
def test_an_ignored_schema_is_told_and_nothing_is_held_against_native_output(
    api: str, fakes: dict[str, FakeProvider], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes[api].configure(ignore_schema=True)
    for _ in range(2):  # the second time from the response cache
        result = run(api, fakes[api], monkeypatch, tmp_path, {})
        (mine,) = result.contenders
        assert mine.not_enforced == 1.0
        assert any("40 of 40 finished answers do not match" in warning for warning in mine.warnings)
        assert {requirement.state for requirement in result.requirements} == {"undecided"}
        assert mine.metrics is not None and set(mine.metrics.values()) == {None}, "not scored as what it is not"
        assert mine.status is not None and mine.status["infra_error"] == 0
        assert result.verdict is not None and result.verdict.outcome == "NOT_YET"


@pytest.mark.parametrize("api", MODELS)
def test_a_schema_that_is_used_is_no_doubt(
    api: str, fakes: dict[str, FakeProvider], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(api, fakes[api], monkeypatch, tmp_path, {0: "shipping"})
    (mine,) = result.contenders
    assert mine.not_enforced == 0.0 and not any("enforced" in warning for warning in mine.warnings)
    assert [requirement.state for requirement in result.requirements] != ["undecided", "undecided"]


def test_one_answer_beside_the_schema_is_told_too(
    fakes: dict[str, FakeProvider], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right form with a label that the schema does not list."""
    (mine,) = run("openai", fakes["openai"], monkeypatch, tmp_path, {3: "refunds"}).contenders
    assert mine.not_enforced == pytest.approx(1 / N)
