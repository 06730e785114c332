"""`check --max-cost` and `ladder --max-cost`: one budget for all suites of a night, and for all rungs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from evalkit.running.ways.choice import HowToAsk
from evalkit.workflows.check import CheckOptions, check
from evalkit.workflows.ladder.climb import LadderOptions, climb
from tests.running.desks import N, run, suite
from tests.servers.launch import FakeProvider

OTHER = 'prompt: {system: "Two: {{ labels }}", user: "{{ text }}"}'


def cost_of_one() -> float:
    """What all answers to one prompt cost."""
    cost = run(suite()).contenders[0].cost
    assert cost is not None and cost.spent is not None
    return cost.spent


def test_a_night_stops_before_it_costs_too_much_and_goes_on_later(vendor: FakeProvider) -> None:
    how = HowToAsk(max_cost=round(1.3 * cost_of_one(), 6))
    paths = (suite("one"), suite("two", prompts=OTHER))
    vendor.reset()
    options = CheckOptions(paths, True, how=how)
    assert options.command == f"python -m evalkit check one.yaml two.yaml --fresh --max-cost {how.max_cost:g}"
    night = asyncio.run(check(options))
    assert [each.complete for each in night.suites] == [True, False] and night.code == 3
    asked = vendor.stats()["requests"]
    assert N < asked < 2 * N
    assert asyncio.run(check(CheckOptions(paths, True))).code == 0
    assert vendor.stats()["requests"] == 2 * N


def test_a_climb_stops_before_it_costs_too_much(vendor: FakeProvider) -> None:
    suite(train=True)
    options = LadderOptions(Path("tickets.yaml"), rungs=("label-guide", "4"), how=HowToAsk(max_cost=1e-5))
    report = asyncio.run(climb(options))
    assert not report.complete and report.spent is not None and report.spent <= 1e-5
    assert report.next_step.startswith("python -m evalkit ladder tickets.yaml --rungs label-guide,4 --max-cost 1e-05")
