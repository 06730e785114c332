"""`run --max-cost`: the run stops before it is passed, and says what was left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli_helper import evalkit, write, write_rows
from tests.servers.launch import serve

SUITE = """
name: tickets
dataset: {{test: {{path: test.jsonl}}, target: label, id: id}}
prompt: {{system: "Answer with one label: {{{{ labels }}}}", user: "{{{{ text }}}}"}}
output: {{form: label, labels: [a, b], max_tokens: 16}}
models:
  {model}
good_enough: {{accuracy: 0.5}}
run: {{concurrency: 8}}
"""
KEY = {"ANTHROPIC_API_KEY": "k-0123456789"}
SONNET = "sonnet: anthropic/claude-sonnet-5-5"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path, "test.jsonl", [{"id": f"r{i}", "text": f"row {i}", "label": "a"} for i in range(200)])
    return tmp_path


def test_a_run_stops_before_it_costs_too_much_and_goes_on_later(folder: Path) -> None:
    suite = str(write(folder, "suite.yaml", SUITE.format(model=SONNET)))
    with serve("anthropic", default_answer="a", latency_ms=5) as server:
        env = {**KEY, "ANTHROPIC_BASE_URL": server.url}
        stopped = evalkit("run", suite, "--max-cost", "0.004", "--json", cwd=folder, env=env)
        assert stopped.code == 3, stopped.err
        found = stopped.json["contenders"][0]
        asked = server.stats()["requests"]
        assert 0 < asked < 200
        assert 0 < found["cost"]["spent"] <= 0.004
        assert found["status"]["infra_error"] == 200 - asked
        assert "not asked: it would have passed the budget of $0.004" in str(found["errors"])
        assert "--max-cost 0.004" in stopped.json["verdict"]["next_step"]
        rest = evalkit("run", suite, "--json", cwd=folder, env=env)
        assert rest.code == 0, rest.err
        assert server.stats()["requests"] == 200


def test_a_model_without_a_price_cannot_be_held_to_a_budget(folder: Path) -> None:
    entry = "own: {model: openai/own, base_url: 'http://127.0.0.1:9', role: prompted, api_key_env: OWN_API_KEY}"
    suite = str(write(folder, "suite.yaml", SUITE.format(model=entry)))
    done = evalkit("run", suite, "--max-cost", "1", cwd=folder, env={"OWN_API_KEY": "k"})
    assert done.code == 2
    assert "no price is known for openai/own" in done.err
    assert "suite.yaml:" in done.err
    assert "Traceback" not in done.err
