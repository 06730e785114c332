"""The front of cost against accuracy."""

from __future__ import annotations

from dataclasses import replace

from evalkit.decision.front import cost_front
from evalkit.records.run import ContenderResult, Cost, RunResult
from tests.builders.contenders import contender
from tests.builders.runs import run_of


def priced(name: str, cost: float | None, role: str = "frontier") -> ContenderResult:
    return contender(name, role, cost=None if cost is None else Cost(1.0, 1.0, cost))


def names(result: RunResult) -> list[str]:
    return [name.partition("/")[0] for name in cost_front(result)]


def test_the_beaten_the_reference_and_the_unknown_are_left_out() -> None:
    result = run_of(
        (priced("dear", 2.0), 0.95, 1.0),
        (priced("beaten", 1.5), 0.90, 1.0),
        (priced("cheap", 1.0, "prompted"), 0.91, 1.0),
        (priced("free", 0.0, "floor"), 0.99, 1.0),
        (priced("unpriced", None), 0.99, 1.0),
    )
    assert names(result) == ["cheap", "dear"]
    on_dev = [replace(c, split="dev") if c.model == "dear" else c for c in result.contenders]
    assert names(replace(result, contenders=tuple(on_dev))) == ["cheap"]


def test_of_two_that_are_alike_one_is_on_the_front() -> None:
    assert names(run_of((priced("b", 1.0), 0.9, 1.0), (priced("a", 1.0), 0.9, 1.0), (priced("c", 1.0), 0.8, 1.0))) == [
        "a"
    ]
    assert names(run_of((priced("nothing_right", 1.0), 0.0, 1.0))) == ["nothing_right"]
    assert names(run_of()) == []
