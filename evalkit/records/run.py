"""What a run found out: the figures of each contender, as they are stored and printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.records.completion import Usage
from evalkit.records.estimate import Estimate, Requirement
from evalkit.records.evidence import Facts
from evalkit.records.metric import METRICS
from evalkit.records.model import Role
from evalkit.records.output import Enforce
from evalkit.records.prompts import PromptRank
from evalkit.records.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars. `spent` was paid in this run, `cold` is what the run costs with an empty response cache.

    None where a price or the usage is unknown. `prices_as_of` is the date of the price list (ISO).
    """

    spent: float | None
    cold: float | None
    per_1000_calls: float | None
    currency: str = "USD"
    prices_as_of: str | None = None

    @property
    def estimate(self) -> Estimate | None:
        """The cost of 1,000 calls, which is kept without its interval; None where it is unknown."""
        return None if self.per_1000_calls is None else Estimate(self.per_1000_calls, None, None, 0, "")


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds; None under one answer.

    `low` and `high` are the two-sided 95 % interval by order statistics over `n` samples; an end is None where these
    are too few to hold it (72 hold both of p95), and in files from before it was kept.
    """

    p50: float | None
    p95: float | None
    p50_low: float | None = None
    p50_high: float | None = None
    p95_low: float | None = None
    p95_high: float | None = None
    n: int | None = None

    @property
    def estimate(self) -> Estimate | None:
        """The 95th percentile with its interval and n; None where it is unknown."""
        if self.p95 is None:
            return None
        return Estimate(self.p95, self.p95_low, self.p95_high, self.n or 0, "order_statistic")


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class: how often it was the truth and the answer, in completions. A figure of nothing is None.

    `f1` is 2 · hits / (support + predicted), None only where the class neither occurs nor is answered.
    """

    label: str
    support: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of completions: a row per true label, a column per answer, the last for invalid ones."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def shares(self) -> tuple[tuple[float, ...], ...]:
        """Each count as a share of its row; 0 throughout a row without completions."""
        return tuple(tuple(n / max(1, sum(row)) for n in row) for row in self.counts)

    def worst_pairs(self, most: int) -> list[tuple[int, int]]:
        """Where the most frequent mistakes stand, as (row, column), the most frequent first."""
        pairs = [(i, j) for i, row in enumerate(self.counts) for j, n in enumerate(row) if n and i != j]
        return sorted(pairs, key=lambda pair: (-self.counts[pair[0]][pair[1]], pair))[:most]


@dataclass(frozen=True, slots=True)
class ContenderResult:
    """One model × one prompt × one way of enforcing the form, with all its figures.

    `skipped` holds the reason where it was not asked; then there are no figures. `cache_read_share` is the
    share of prompt tokens that the provider read from its prompt cache. `not_enforced` is the share of finished answers
    that do not match the schema which the provider was asked to enforce; None where it was asked for none, or nothing
    is known of it. `notes` and `warnings` are sentences.
    """

    id: str
    model: str
    provider_model: str
    prompt: str
    enforce: Enforce
    role: Role
    split: str
    n: int = 0
    served_model: str | None = None
    skipped: str | None = None
    status: Mapping[str, int] | None = None
    metrics: Mapping[str, Estimate | None] | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    latency_ms: Percentiles | None = None
    ttft_ms: Percentiles | None = None
    from_cache: int = 0
    cache_read_share: float | None = None
    not_enforced: float | None = None
    retries: int = 0
    per_class: tuple[ClassFigures, ...] = ()
    confusion: Confusion | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def figure(self, metric: str) -> Estimate | None:
        """The estimate of a metric, wherever the table of metrics places it; None where it was not measured."""
        known = METRICS.get(metric)
        if known is None or known.place is None:
            return (self.metrics or {}).get(metric)
        holder: Percentiles | Cost | None = getattr(self, known.place)
        return None if holder is None else holder.estimate


@dataclass(frozen=True, slots=True)
class UnmeasuredCost:
    """What is known of a model that was not measured: rendered tokens × dated prices, an estimate throughout.

    Dollars; `per_month` is at the declared volume, None where none is declared. `run_cost` is what measuring
    it would cost. Each has a `_low` and a `_high`, which differ where it is not known whether the model caches a
    prefix of this length: with caching and without. Runs that were written before have none of them.
    """

    model: str
    provider_model: str
    role: Role
    reason: str
    per_1000_calls: float | None
    per_month: float | None
    run_cost: float | None
    cache_read_share: float | None
    text: str
    per_1000_calls_low: float | None = None
    per_1000_calls_high: float | None = None
    per_month_low: float | None = None
    per_month_high: float | None = None
    run_cost_low: float | None = None
    run_cost_high: float | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole run. `complete` is False where infrastructure failed a contender more than the suite allows.

    `prompts` ranks those that were asked on dev. `facts` is what the decision takes besides the figures, and `verdict`
    what it came to.
    """

    suite: str
    run: str
    complete: bool
    contenders: tuple[ContenderResult, ...]
    requirements: tuple[Requirement, ...]
    unmeasured: tuple[UnmeasuredCost, ...] = ()
    warnings: tuple[str, ...] = ()
    prompts: tuple[PromptRank, ...] = ()
    facts: Facts | None = None
    verdict: Verdict | None = None
