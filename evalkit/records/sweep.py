"""What a sweep found: the highest rate of calls at which an endpoint keeps its need, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalkit.records.estimate import Estimate, Need

StepState = Literal["within", "over", "unclear"]


@dataclass(frozen=True, slots=True)
class SweepStep:
    """One rate, held for a while. Latencies in milliseconds, counted from the scheduled start of each call.

    `within` and `over`: the one-sided 95 % bound of every need's p95 lies within it, or that of some need over it.
    `measured` calls remain of `calls` without the first ones, which meet an idle server. An error counts as an answer
    that never comes (inf). `achieved` are answers a second while calls kept coming. `late_p95_ms` is how late the
    client sent. `cut_short`: it was over whatever the rest would have taken, so the rest was not sent.
    """

    rate: float
    state: StepState
    why: str
    calls: int
    measured: int
    answered: int
    errors: int
    achieved: float | None
    latency_p50_ms: Estimate
    latency_p95_ms: Estimate
    ttft_p50_ms: Estimate | None
    ttft_p95_ms: Estimate | None
    late_p95_ms: float | None
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """The steps in the order in which they were made, and what they come to.

    `capacity_rps` is the highest rate that was shown to be within the needs, `over_rps` the lowest above it that was
    shown to be over; None where no step showed it. Dollars: `cost_per_1000_calls` of a machine by the hour that is
    kept busy at that rate, `spent` on tokens. `ended` says why no further rate was tried.
    """

    suite: str
    model: str
    provider_model: str
    prompt: str
    needs: tuple[Need, ...]
    steps: tuple[SweepStep, ...]
    capacity_rps: float | None
    over_rps: float | None
    ended: str
    calls: int
    gpu_hour: float | None
    cost_per_1000_calls: float | None
    spent: float | None
    notes: tuple[str, ...] = ()
