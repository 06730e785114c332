"""The earlier nights of a contender: what tells how much one night differs from another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from evalkit.errors import RunError
from evalkit.records.baseline import Baseline
from evalkit.regression.results import results_of_run
from evalkit.store.runs import run_folders

MOST_NIGHTS = 30
_DATE = len("2026-11-24")
_SAME = ("data", "prompt", "scoring", "provider_model", "served_model", "enforce")


def earlier_nights(suite: Path, tonight: str, accepted: Mapping[str, Baseline]) -> dict[str, tuple[Baseline, ...]]:
    """By contender, the nights before the run `tonight` that are like its accepted baseline, the oldest first.

    `suite` is the folder of its runs. Of each day the last complete run counts, at most 30 days. A night is like the
    baseline where rows, prompt, scoring and model are the same, and where it was asked: a run that was answered from
    the response cache says an earlier night again. Runs that cannot be read are left out.
    """
    found: dict[str, list[Baseline]] = {name: [] for name in accepted}
    for folder in _nights(run_folders(suite), tonight):
        try:
            run = results_of_run(folder)
        except RunError:
            continue
        asked = {c.id for c in run.stored.result.contenders if c.from_cache < sum((c.status or {}).values())}
        for name, baseline in accepted.items():
            night = run.baselines.get(name)
            if run.complete and night is not None and name in asked and like(night, baseline):
                found[name].append(night)
    return {name: tuple(nights) for name, nights in found.items()}


def _nights(folders: Iterable[Path], tonight: str) -> list[Path]:
    """The last run of each day before tonight's. A run's name begins with its day."""
    last = {folder.name[:_DATE]: folder for folder in folders if folder.name < tonight}
    last.pop(tonight[:_DATE], None)
    return [last[day] for day in sorted(last)][-MOST_NIGHTS:]


def like(night: Baseline, baseline: Baseline) -> bool:
    """Whether a night could be the baseline's twin. The baseline's own run is none, and what is unknown is the same."""
    if night.run == baseline.run or night.epochs != baseline.epochs:
        return False
    a, b = night.provenance, baseline.provenance
    pairs = ((getattr(a, name), getattr(b, name)) for name in _SAME)
    same = all(x is None or y is None or x == y for x, y in pairs)
    return same and (not a.parameters or not b.parameters or a.parameters == b.parameters)
