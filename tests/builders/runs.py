"""Runs: each contender with an accuracy and a format validity on so many rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evalkit.records.estimate import Need
from evalkit.records.run import ContenderResult, RunResult
from evalkit.stats.measured import measured_counts
from evalkit.stats.requirement import judge
from tests.builders.facts import NEEDS


def run_of(
    *answers: tuple[ContenderResult, float, float], needs: tuple[Need, ...] = NEEDS, n: int = 1000, **changes: Any
) -> RunResult:
    """A run in which each contender has this accuracy and format validity on `n` rows; other needs come as figures."""
    contenders, requirements = [], []
    for result, accuracy, valid in answers:
        if result.skipped is not None:
            contenders.append(result)
            continue
        figures = {
            "accuracy": measured_counts(round(accuracy * n), n),
            "format_validity": measured_counts(round(valid * n), n),
        }
        metrics = {name: m.estimate for name, m in figures.items()} | dict(result.metrics or {})
        contenders.append(replace(result, n=n, metrics=metrics))
        requirements += [judge(result.id, need, figures.get(need.metric)) for need in needs]
    base = RunResult("tickets", "runs/tickets/1", True, tuple(contenders), tuple(requirements))
    return replace(base, **changes)
