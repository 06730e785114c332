"""What a plan says of a need before anything is asked."""

from __future__ import annotations

import shlex
from dataclasses import replace
from io import StringIO
from pathlib import Path

import yaml

from evalkit.records.estimate import Need
from evalkit.report.plan import plan_as_json, show_plan
from evalkit.wording.numbers import money_range
from evalkit.workflows.plan import plan_suite, visible
from tests.cli_helper import write, write_rows


def test_a_share_that_must_stay_low_is_seen_as_well_as_its_complement() -> None:
    low, high = Need("wrong", 0.05, 0.01, at_least=False), Need("right", 0.95, 0.01)
    assert visible(low, 400) == replace(visible(high, 400), need=low)
    assert visible(high, 400).shortfall is not None


def test_a_prefix_that_may_not_be_cached_is_planned_with_both_costs(tmp_path: Path) -> None:
    """The shortest prefix that haiku-5-5 caches is unknown; that of sonnet-5 is 1,024 tokens."""
    write_rows(tmp_path, "test.jsonl", [{"text": f"ticket {i}", "label": "ab"[i % 2]} for i in range(300)])
    suite = {
        "name": "planned",
        "dataset": {"test": {"path": "test.jsonl"}, "target": "label"},
        "prompt": {"system": "Answer a or b. " * 400, "user": "{{ text }}"},
        "output": {"form": "label", "labels": "from_data"},
        "models": {"haiku": "anthropic/claude-haiku-5-5", "sonnet": "anthropic/claude-sonnet-5"},
        "good_enough": {"accuracy": 0.9},
    }
    path = write(tmp_path, "suite.yaml", yaml.safe_dump(suite))
    plan = plan_suite(path)
    haiku, sonnet = plan.contenders
    assert haiku.cost_low == haiku.cost
    assert haiku.cost_high == haiku.cost_uncached
    assert haiku.cost is not None
    assert haiku.cost_uncached is not None
    assert haiku.cost_uncached > 3 * haiku.cost
    assert sonnet.cost_low == sonnet.cost_high == sonnet.cost
    shown = StringIO()
    show_plan(plan, shown)
    assert money_range(haiku.cost_low, haiku.cost_high) in shown.getvalue()
    assert "it is not known whether the model caches a prefix of this length" in shown.getvalue()
    data = plan_as_json(plan)["contenders"][0]
    assert (data["cost"], data["cost_low"], data["cost_high"]) == (haiku.cost, haiku.cost, haiku.cost_uncached)


def test_the_next_command_asks_what_was_planned_and_can_be_pasted(tmp_path: Path) -> None:
    (tmp_path / "my suites").mkdir()
    folder = tmp_path / "my suites"
    write_rows(folder, "test.jsonl", [{"text": f"ticket {i}", "label": "ab"[i % 2]} for i in range(20)])
    suite = {
        "name": "planned",
        "dataset": {"test": {"path": "test.jsonl"}, "target": "label"},
        "prompt": {"user": "{{ text }}"},
        "output": {"form": "label", "labels": "from_data"},
        "models": {"haiku": "anthropic/claude-haiku-5-5", "sonnet": "anthropic/claude-sonnet-5"},
        "good_enough": {"accuracy": 0.9},
    }
    path = write(folder, "suite.yaml", yaml.safe_dump(suite))
    words = shlex.split(plan_suite(path, ("sonnet",)).command)
    assert words == ["python", "-m", "evalkit", "run", str(path), "--model", "sonnet"]
