"""Contenders, bare or with all their figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evalkit.records.model import Role
from evalkit.records.run import ClassFigures, Confusion, ContenderResult, Cost, Percentiles
from tests.builders.needs import estimate

CLASSES = (
    "billing",
    "payments",
    "account_access",
    "shipping",
    "bug_report",
    "how_to",
    "feature_request",
    "cancellation",
)


def contender(name: str, role: Any = "frontier", **changes: Any) -> ContenderResult:
    """A measured contender on test, without figures."""
    base = ContenderResult(
        id=f"{name}/default/prompt",
        model=name,
        provider_model=f"anthropic/{name}",
        prompt="default",
        enforce="prompt",
        role=role,
        split="test",
        n=1000,
        status={"ok": 1000, "format_invalid": 0, "truncated": 0, "refused": 0, "rejected": 0, "infra_error": 0},
        cost=Cost(1.0, 1.0, 0.1),
    )
    return replace(base, **changes)


def measured_contender(name: str, role: Role, accuracy: float, valid: float, cost: float | None) -> ContenderResult:
    """A contender on test with all its figures; `name` is its id, cost that of 1,000 calls in dollars."""
    return contender(
        name.partition("/")[0],
        role,
        id=name,
        provider_model=f"anthropic/{name}",
        n=400,
        served_model=f"{name}-20261001",
        status={"ok": 392, "format_invalid": 5, "truncated": 2, "refused": 1, "rejected": 0, "infra_error": 0},
        metrics={
            "accuracy": estimate(accuracy, method="wilson_clustered"),
            "format_validity": estimate(valid, half=0.012),
            "macro_f1": estimate(accuracy - 0.02, method="bootstrap_bca"),
        },
        cost=None if cost is None else Cost(cost * 0.1, cost * 0.4, cost, prices_as_of="2026-10-24"),
        latency_ms=Percentiles(640.0, 1480.0),
        ttft_ms=Percentiles(310.0, 720.0),
        from_cache=120,
        cache_read_share=0.86,
        per_class=tuple(ClassFigures(label, 50, 50, 0.9, 0.9, 0.9) for label in CLASSES),
        confusion=confusion(len(CLASSES)),
        warnings=("the list price is of 2026-10-24; check it and override it in your own price file",),
    )


def confusion(k: int) -> Confusion:
    """Mostly right; every class is taken for the next one now and then."""
    names = CLASSES if k == len(CLASSES) else tuple(f"intent_{i:02d}" for i in range(k))
    rows = [
        [46 if i == j else 3 if j == (i + 1) % k else 0 for j in range(k)] + [1 if i % 3 == 0 else 0] for i in range(k)
    ]
    return Confusion(names, tuple(tuple(row) for row in rows))
