"""Baselines as sides of a comparison."""

from __future__ import annotations

from pathlib import Path

from evalkit.records.baseline import Baseline
from evalkit.records.comparison import Side
from evalkit.regression.baselines import read_baseline

_SPLIT = "test"


def is_baseline(path: Path) -> bool:
    """Whether a path is a baseline's file, or a suite's folder of them."""
    if path.is_dir():
        return not (path / "manifest.json").exists() and any(path.glob("*.*.*.json"))
    return path.suffix == ".json" and path.is_file()


def sides_of_baselines(path: Path, texts: bool = False) -> list[Side]:
    """The sides of one file or of a suite's folder. Baselines hold no texts, so that `texts` changes nothing.

    Raises BaselineError for a file that cannot be read.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    return [side_of_baseline(read_baseline(file), str(file)) for file in files if not file.name.startswith(".")]


def side_of_baseline(baseline: Baseline, source: str) -> Side:
    """One baseline as a side; the names of groups are their codes."""
    samples = baseline.samples
    grouped = any(sample.group is not None for sample in samples)
    return Side(
        source=source,
        suite=baseline.suite,
        contender=baseline.contender,
        model=baseline.model,
        split=_SPLIT,
        ids=tuple(sample.id for sample in samples),
        correct=tuple(sample.correct for sample in samples),
        targets=tuple(sample.target for sample in samples),
        groups=tuple(None if s.group is None else str(s.group) for s in samples) if grouped else None,
        epochs=baseline.epochs,
        status=baseline.status,
        cost_per_1000_calls=baseline.cost_per_1000_calls,
        latency_ms=baseline.latency_ms,
        provenance=baseline.provenance,
    )
