"""The contenders that the memo speaks of, their figures and their needs, looked up in the result."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.records.estimate import Estimate, Need, Requirement
from evalkit.records.model import ASIDE
from evalkit.records.run import ContenderResult, RunResult
from evalkit.report.memo.blocks import Tone
from evalkit.wording.numbers import count
from evalkit.wording.text import listed, plain

STATE_TONE: Mapping[str, Tone] = {"met": "good", "unmet": "bad", "undecided": "open"}


def asked(result: RunResult) -> list[ContenderResult]:
    """The contenders that were measured on test; references last."""
    found = [c for c in result.contenders if c.skipped is None and c.split == "test"]
    return sorted(found, key=lambda c: c.role in ASIDE)


def estimate(contender: ContenderResult, metric: str) -> Estimate | None:
    """A metric's estimate where it has a value."""
    found = (contender.metrics or {}).get(metric)
    return found if found is not None and found.value is not None else None


def need_of(result: RunResult, metric: str) -> Need | None:
    """What is asked of a metric."""
    return next((r.need for r in result.requirements if r.need.metric == metric), None)


def requirement(result: RunResult, contender: ContenderResult, metric: str) -> Requirement | None:
    """The need of a metric held against a contender."""
    own = (r for r in result.requirements if r.contender == contender.id)
    return next((r for r in own if r.need.metric == metric), None)


def lost(result: RunResult) -> tuple[str, ...]:
    """The sentence on an incomplete run."""
    if result.complete:
        return ()
    hit = [(c.id, c.status.get("infra_error", 0)) for c in result.contenders if c.status]
    parts = [f"{plain(name, 80)} lost {count(n, 'answer')}" for name, n in hit if n]
    which = f": {listed(parts)}" if parts else ""
    return (f"The run is incomplete{which}. Lost answers count neither as right nor as wrong.",)
