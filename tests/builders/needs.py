"""Estimates, needs, and what a figure means for a need."""

from __future__ import annotations

from evalkit.records.estimate import Estimate, Gap, Need, Requirement, State

ACCURACY = Need("accuracy", 0.92, 0.01)
FORMAT = Need("format_validity", 0.95)
LATENCY = Need("latency_p95_ms", 2500.0, at_least=False)


def estimate(value: float | None, n: int = 400, half: float = 0.025, method: str = "wilson") -> Estimate:
    """A share with a plausible interval."""
    if value is None:
        return Estimate(None, None, None, n, method)
    return Estimate(value, max(0.0, value - half), min(1.0, value + 0.8 * half), n, method)


def held(name: str, need: Need, value: float, state: State) -> Requirement:
    """A need held against a contender."""
    gap = need.threshold - value if need.at_least else value - need.threshold
    why = f"{value:g} against {need.threshold:g} with 95 % confidence"
    return Requirement(name, need, state, Gap(gap, gap - 0.02, gap + 0.02), 1900 if state == "undecided" else None, why)
