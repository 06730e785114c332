"""The cost of a contender is its own, whoever was asked beside it or before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli_helper import evalkit, write, write_rows
from tests.servers.launch import FakeProvider, serve

KEY = {"ANTHROPIC_API_KEY": "k-0123456789"}
ROWS = [{"id": f"t{i}", "text": f"ticket {i}", "label": ("billing", "shipping")[i % 2]} for i in range(40)]
HANDBOOK = "Answer billing or shipping. " + "The desk's handbook defines both labels at length. " * 150
CACHED = {"system": HANDBOOK, "user": "{{ text }}", "cache": "5m"}
UNCACHED = {**CACHED, "cache": "off"}


@pytest.fixture
def server() -> Iterator[FakeProvider]:
    with serve("anthropic", answers={row["text"]: row["label"] for row in ROWS}) as running:
        yield running


def measured(folder: Path, server: FakeProvider, prompts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The contenders of a run of these prompts by prompt; the provider's cache is empty at its start."""
    server.reset()
    write_rows(folder, "test.jsonl", ROWS)
    suite = {
        "name": "twins",
        "dataset": {"test": {"path": "test.jsonl"}, "target": "label", "id": "id"},
        "prompts": prompts,
        "output": {"form": "label", "labels": "from_data", "max_tokens": 16},
        "models": {"haiku": "anthropic/claude-haiku-5-5"},
        "good_enough": {"accuracy": 0.9},
    }
    path = write(folder, "suite.yaml", yaml.safe_dump(suite))
    done = evalkit("run", path.name, "--json", cwd=folder, env={**KEY, "ANTHROPIC_BASE_URL": server.url})
    assert done.code == 0, done.err
    return {contender["prompt"]: contender for contender in done.json["contenders"]}


def figures(contender: dict[str, Any]) -> tuple[float, float, dict[str, int]]:
    cost = contender["cost"]
    return cost["per_1000_calls"], cost["cold"], contender["usage"]


def test_a_cached_prompt_costs_the_same_alone_beside_and_after_its_uncached_twin(
    tmp_path: Path, server: FakeProvider
) -> None:
    alone = measured(tmp_path / "alone", server, {"cached": CACHED})["cached"]
    beside = measured(tmp_path / "beside", server, {"uncached": UNCACHED, "cached": CACHED})
    uncached = measured(tmp_path / "after", server, {"uncached": UNCACHED})["uncached"]
    after = measured(tmp_path / "after", server, {"cached": CACHED})["cached"]
    assert figures(alone) == figures(beside["cached"]) == figures(after)
    assert figures(uncached) == figures(beside["uncached"])
    assert alone["cost"]["per_1000_calls"] < 0.4 * uncached["cost"]["per_1000_calls"]
    assert after["from_cache"] == 0
    for contender in (alone, beside["cached"], after):
        assert contender["usage"]["cache_read"] > 0
        assert not any("nothing was read from cache" in warning for warning in contender["warnings"])


def test_a_run_again_asks_nothing_and_tells_the_same_costs(tmp_path: Path, server: FakeProvider) -> None:
    twins = {"uncached": UNCACHED, "cached": CACHED}
    first, again = measured(tmp_path, server, twins), measured(tmp_path, server, twins)
    assert server.stats()["requests"] == 0
    assert {name: figures(c) for name, c in again.items()} == {name: figures(c) for name, c in first.items()}


def test_how_long_a_prefix_is_kept_asks_nothing_again(tmp_path: Path, server: FakeProvider) -> None:
    measured(tmp_path, server, {"cached": CACHED})
    longer = measured(tmp_path, server, {"cached": {**CACHED, "cache": "1h"}})["cached"]
    assert server.stats()["requests"] == 0
    assert longer["from_cache"] == len(ROWS)
