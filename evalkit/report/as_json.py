"""A run as one JSON object: the contract of `run --json` and of `summary.json`. Unknown is null."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from evalkit.records.estimate import Estimate, Requirement
from evalkit.records.run import ContenderResult, RunResult


def as_json(result: RunResult) -> dict[str, Any]:
    """The run as plain data, numbers unrounded. `verdict` is null: a run alone does not decide."""
    return {
        "suite": result.suite,
        "run": result.run,
        "complete": result.complete,
        "contenders": [_contender(c) for c in result.contenders],
        "requirements": [_requirement(r) for r in result.requirements],
        "unmeasured": [asdict(b) for b in result.unmeasured],
        "warnings": list(result.warnings),
        "verdict": None,
    }


def _contender(c: ContenderResult) -> dict[str, Any]:
    return {
        "id": c.id,
        "model": c.model,
        "provider_model": c.provider_model,
        "served_model": c.served_model,
        "prompt": c.prompt,
        "enforce": c.enforce,
        "role": c.role,
        "split": c.split,
        "n": c.n,
        "skipped": c.skipped,
        "status": dict(c.status) if c.status is not None else None,
        "metrics": {name: _estimate(e) for name, e in c.metrics.items()} if c.metrics is not None else None,
        "usage": asdict(c.usage) if c.usage is not None else None,
        "cost": asdict(c.cost) if c.cost is not None else None,
        "latency_ms": asdict(c.latency_ms) if c.latency_ms is not None else None,
        "ttft_ms": asdict(c.ttft_ms) if c.ttft_ms is not None else None,
        "from_cache": c.from_cache,
        "cache_read_share": c.cache_read_share,
        "retries": c.retries,
        "per_class": [asdict(figures) for figures in c.per_class],
        "confusion": asdict(c.confusion) if c.confusion is not None else None,
        "errors": dict(c.errors),
        "notes": list(c.notes),
        "warnings": list(c.warnings),
    }


def _estimate(estimate: Estimate | None) -> Mapping[str, Any] | None:
    return None if estimate is None else asdict(estimate)


def _requirement(r: Requirement) -> dict[str, Any]:
    return {
        "contender": r.contender,
        "metric": r.need.metric,
        "threshold": r.need.threshold,
        "margin": r.need.margin,
        "state": r.state,
        "gap": asdict(r.gap),
        "n_to_decide": r.n_to_decide,
        "why": r.why,
    }
