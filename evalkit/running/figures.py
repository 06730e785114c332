"""From a contender's tally to its figures, its warnings and its requirements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from evalkit.models.prices import PriceList
from evalkit.models.registry import facts
from evalkit.records.completion import Usage
from evalkit.records.estimate import Estimate, Gap, Need, Requirement
from evalkit.records.metric import METRICS, kind_of
from evalkit.records.run import Confusion, ContenderResult, Cost, Percentiles
from evalkit.records.score import Status
from evalkit.running.contender_run import ContenderRun
from evalkit.scoring.classes import confusion, per_class
from evalkit.scoring.metrics import measure
from evalkit.stats.measured import Measured
from evalkit.stats.quantile import quantile
from evalkit.stats.requirement import judge
from evalkit.suite.prompts.contenders import Contender

_OLD_PRICE_DAYS = 120
_SCORED = ("content", "form")
MOST_BROKEN = 0.01  # answers that do not match an enforced schema: more of them are no slip of the provider


def skipped_result(contender: Contender, split: str, reason: str | None) -> ContenderResult:
    """A contender that was not asked, with the reason."""
    return ContenderResult(
        id=contender.id,
        model=contender.spec.name,
        provider_model=contender.spec.provider_model,
        prompt=contender.prompt,
        enforce=contender.output.enforce,
        role=contender.spec.role,
        split=split,
        skipped=reason,
    )


def result_of(
    run: ContenderRun, n: int, needs: tuple[Need, ...], prices: PriceList, notes: tuple[str, ...]
) -> tuple[ContenderResult, list[Requirement]]:
    """All figures of one contender, and its needs judged. `n` is the number of samples that were asked."""
    measured = measure(run.tally)
    status = run.tally.status_counts()
    columns = run.tally.columns()
    classes, enforced = bool(run.tally.classes), (_not_enforced(run) or 0.0) <= MOST_BROKEN
    result = replace(
        skipped_result(run.contender, run.split, None),
        n=n,
        served_model=run.served.most_common(1)[0][0] if run.served else None,
        status={str(name): count for name, count in status.items()},
        metrics=_metrics(measured) if enforced else _unscored(_metrics(measured)),
        usage=run.usage,
        cost=_cost(run, measured["cost_per_1000_calls"].estimate.value),
        latency_ms=_percentiles(columns.latency_ms, measured["latency_p95_ms"]),
        ttft_ms=_percentiles(columns.ttft_ms, measured["ttft_p95_ms"]),
        from_cache=run.from_cache,
        cache_read_share=_read_share(run.usage),
        not_enforced=_not_enforced(run),
        retries=run.monitor.retries,
        per_class=tuple(per_class(run.tally)) if classes and enforced else (),
        confusion=_confusion(run) if classes and enforced else None,
        errors=dict(run.errors.most_common()),
        notes=notes,
        warnings=tuple(_warnings(run, status[Status.TRUNCATED], prices)),
    )
    judged = [judge(run.contender.id, need, measured.get(need.metric)) for need in needs]
    return result, judged if enforced else [_if_enforced(each, run) for each in judged]


def _not_enforced(run: ContenderRun) -> float | None:
    seen = run.enforcement
    return seen.broken / seen.finished if seen.finished else None


def _if_enforced(requirement: Requirement, run: ContenderRun) -> Requirement:
    """What a server reaches that ignores the schema is not what native output reaches: nobody has measured that."""
    if kind_of(requirement.need.metric) not in _SCORED:
        return requirement
    why = run.enforcement.doubt or ""
    return Requirement(requirement.contender, requirement.need, "undecided", Gap(None, None, None), None, why)


def _unscored(metrics: Mapping[str, Estimate | None]) -> dict[str, Estimate | None]:
    """The figures of a contender whose answers say nothing of what it stands for: right and wrong are blank."""
    return {name: None if kind_of(name) in _SCORED else found for name, found in metrics.items()}


def infra_share(result: ContenderResult) -> float:
    """Share of completions that infrastructure lost; 0 for a contender that was not asked."""
    total = sum((result.status or {}).values())
    return (result.status or {})[Status.INFRA_ERROR] / total if total else 0.0


def _metrics(measured: Mapping[str, Measured]) -> dict[str, Estimate | None]:
    """The figures that do not stand under keys of their own; null where the table wants them listed all the same."""
    listed = (m for m in METRICS.values() if m.place is None and (m.name in measured or m.always_listed))
    return {m.name: measured[m.name].estimate if m.name in measured else None for m in listed}


def _confusion(run: ContenderRun) -> Confusion:
    counts = confusion(run.tally).tolist()
    return Confusion(run.tally.classes, tuple(tuple(row) for row in counts))


def _cost(run: ContenderRun, per_1000_calls: float | None) -> Cost | None:
    if run.price is None:
        return None
    return Cost(run.spent, run.cold, per_1000_calls, prices_as_of=run.price.as_of)


def _percentiles(values: NDArray[np.float64], p95: Measured) -> Percentiles | None:
    """The median over calls beside the 95th percentile that the needs are judged by.

    The calls of one sample are alike: epochs do not narrow the median's interval either.
    """
    known = np.sort(values[~np.isnan(values)])
    if not known.size:
        return None
    n = p95.estimate.n
    ranks = np.ceil(np.arange(1, n + 1) * (known.size / n) - 1e-9).astype(np.int64) - 1
    low, high = quantile(known[ranks], 0.5).interval()
    found = p95.estimate
    return Percentiles(quantile(known, 0.5).value, found.value, low, high, found.low, found.high, n)


def _read_share(usage: Usage | None) -> float | None:
    """None where it is unknown, which is not zero: a server without a counter."""
    if usage is None or usage.cache_read is None or not usage.prompt:
        return None
    return usage.cache_read / usage.prompt


def _warnings(run: ContenderRun, cut: int, prices: PriceList) -> list[str]:
    found: list[str] = []
    if run.monitor.stopped:
        found.append(f"asking stopped: {run.monitor.stopped}")
    if run.questioned:
        found.append(run.questioned)
    if cut:
        found.append(f"{cut:,} answers were cut off at their token limit and count as wrong; raise output.max_tokens")
    if doubt := run.enforcement.doubt:
        found.append(f"{doubt}; ask with `enforce: prompt`, or look at the server")
    for name in sorted(run.dropped):
        found.append(f"{run.contender.spec.model} does not take {name}; it was not sent")
    if len(run.served) > 1:
        found.append("several models answered: " + ", ".join(f"{m} ({n:,})" for m, n in run.served.most_common(5)))
    if caching := _caching_warning(run, prices):
        found.append(caching)
    if run.price and run.price.as_of and _age_days(run.price.as_of) > _OLD_PRICE_DAYS:
        found.append(f"the list price is of {run.price.as_of}; check it and override it in your own price file")
    return found


def _caching_warning(run: ContenderRun, prices: PriceList) -> str | None:
    """Caching was asked for and the counters stayed at zero: say so, with the numbers."""
    contender = run.contender
    asked = contender.parameters.cache_ttl != "off" and facts(contender.spec.provider).caches_prompts
    if not asked or run.asked_with_usage < 2 or run.usage is None or run.usage.cache_read != 0:
        return None
    prompt = run.usage.prompt / run.asked_with_usage
    shortest = prices.shortest_cacheable(contender.spec)
    limit = (
        f"this model caches from {shortest:,} tokens"
        if shortest
        else "this model's shortest cacheable prefix is unknown"
    )
    return (
        f"prompt caching was asked for and nothing was read from cache: prompts have {prompt:,.0f} tokens "
        f"on average with prefix and sample, and {limit}"
    )


def _age_days(as_of: str) -> int:
    try:
        return (date.today() - date.fromisoformat(as_of)).days
    except ValueError:
        return 0
