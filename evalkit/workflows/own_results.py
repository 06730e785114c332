"""Results that a user brings, held against a need, and what the pytest plugin asks of a suite's declaration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import BaselineError
from evalkit.records.baseline import Baseline
from evalkit.records.estimate import Estimate, Need, Requirement
from evalkit.regression.baselines import ROOT, find_baseline
from evalkit.stats.measured import measured_share
from evalkit.stats.requirement import judge
from evalkit.suite.file.load import load_suite


@dataclass(frozen=True, slots=True)
class DeclaredNeed:
    """One need of one model of a suite. `line` is that of the model, from 1; `missing_env` are variables not set."""

    suite: str
    model: str
    role: str
    need: Need
    line: int
    missing_env: tuple[str, ...]


def declared_needs(path: Path) -> Iterator[DeclaredNeed]:
    """Every need of every model, from the declaration alone. Raises SuiteError."""
    loaded = load_suite(path)
    suite = loaded.suite
    for name, model in suite.models.items():
        line = loaded.source.position(("models", name), True)[0]
        for need in suite.good_enough.needs():
            yield DeclaredNeed(suite.name, name, str(model.role), need, line, model.missing_env)


def judge_results(
    correct: Iterable[bool | float | None], need: Need, groups: Sequence[int] | None = None
) -> tuple[Requirement, Estimate]:
    """Hold a value in [0, 1] per sample against a need; None is a sample that infrastructure lost.

    `groups` are codes of samples that belong together, negative for none. Raises ValueError for other values, and for
    no samples.
    """
    import numpy as np

    values = [None if value is None else float(value) for value in correct]
    if not values:
        raise ValueError("there are no samples to judge")
    if not 0 < need.threshold < 1 or any(v is not None and not 0 <= v <= 1 for v in values):
        raise ValueError("values lie in [0, 1], and the need between 0 and 1: at 1 no number of samples decides")
    lost = np.array([value is None for value in values])
    right = np.array([value or 0.0 for value in values])
    found = measured_share(right, ~lost, lost, groups)
    return judge("samples", need, found), found.estimate


def accepted_baseline(suite: str, contender: str) -> Baseline | None:
    """The baseline of a contender; None where there is none, or it cannot be read, which `check` tells."""
    try:
        found = find_baseline(ROOT, suite, contender)
    except BaselineError:
        return None
    return found[1] if found else None
