"""Tally to metrics: every figure that the table of metrics gives to a suite of this task."""

from __future__ import annotations

from evalkit.records.metric import METRICS
from evalkit.scoring.measures import MEASURES
from evalkit.scoring.tally import Tally
from evalkit.scoring.view import View
from evalkit.stats.measured import Measured


def measure(tally: Tally, seed: int = 0) -> dict[str, Measured]:
    """Every metric of a contender, by its name in the suite; value None where there is nothing to measure.

    The table says which metrics a task has. Samples are the unit: epochs are averaged, groups are clusters, infra
    errors leave the denominator. `seed` drives the bootstrap.
    """
    view = View(tally.columns(), tally.classes, seed)
    labels = bool(tally.labels)
    return {name: MEASURES[name](view) for name, metric in METRICS.items() if metric.is_measured(tally.task, labels)}
