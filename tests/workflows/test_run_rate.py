"""`run --rate`: every sample once at its time, nothing from the response cache and nothing into it."""

from __future__ import annotations

from pathlib import Path

from tests.cli_helper import evalkit, write, write_rows
from tests.servers.launch import serve

SUITE = """
name: served
dataset: {{test: {{path: test.jsonl}}, target: label}}
prompt: {{system: Answer with one label., user: "{{{{ text }}}}"}}
output: {{form: label, labels: [a, b], max_tokens: 8}}
models:
  tuned: {{model: openai/ft-x, base_url: "{url}", role: fine_tuned}}
good_enough: {{accuracy: 0.4, latency_p95_ms: 100}}
"""


def test_a_rate_beyond_the_capacity_shows_in_the_latency(tmp_path: Path) -> None:
    """One slot of 50 ms asked 40 times a second: the last of 40 calls waits for about a second."""
    write_rows(tmp_path, "test.jsonl", [{"text": f"text {i}", "label": "ab"[i % 2]} for i in range(40)])
    with serve("openai", strict=False, latency_ms=50, slots=1, default_answer="a") as server:
        path = str(write(tmp_path, "suite.yaml", SUITE.format(url=server.url)))
        closed = evalkit("run", path, "--json", cwd=tmp_path)
        opened = evalkit("run", path, "--rate", "40", "--constant", "--json", cwd=tmp_path)
        again = evalkit("run", path, "--json", cwd=tmp_path)
        assert server.stats()["requests"] == 80
    assert (closed.code, opened.code, again.code) == (0, 0, 0), opened.err
    (figures,) = opened.json["contenders"]
    assert (figures["n"], figures["from_cache"], again.json["contenders"][0]["from_cache"]) == (40, 0, 40)
    assert figures["latency_ms"]["p95"] > 500
    assert again.json["contenders"][0]["latency_ms"] == closed.json["contenders"][0]["latency_ms"]
    refused = evalkit("run", path, "--rate", "40", "--max-cost", "1", cwd=tmp_path)
    assert refused.code == 2 and "--rate" in refused.err
