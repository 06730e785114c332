"""Figures of one contender, made from its rows by the product's own estimation."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import numpy as np

from evalkit.records.economics import CallMix
from evalkit.records.estimate import Requirement
from evalkit.records.price import Price, Tier
from evalkit.records.run import ClassFigures, Confusion, ContenderResult, Cost, Percentiles
from evalkit.stats.measured import Measured, measured_mean, measured_quantile, measured_share
from evalkit.stats.requirement import judge
from tests.decision.harsh.sampling import Answers, Bools, Table
from tests.decision.harsh.world import Answerer, World

_QUANTILE_TAKES_GROUPS = "groups" in inspect.signature(measured_quantile).parameters


def price_of(a: Answerer) -> Price:
    """Its list price; batch costs half where the provider is a hosted one."""
    return Price((Tier(a.rates),), "2026-10-24", "list", 0.5 if a.prompted else None)


def costs(a: Answerer, answers: Answers) -> np.ndarray:
    """Dollars of each call, as it was asked."""
    r, t = a.rates, a.tokens
    fresh = answers.suffix + (0.0 if t.cacheable else t.prefix)
    read = np.where(answers.hit, t.eligible, 0.0)
    written = t.eligible - read
    rates = (r.input or 0, r.output or 0, r.cache_read or 0, r.cache_write_5m or 0)
    return (fresh * rates[0] + answers.output * rates[1] + read * rates[2] + written * rates[3]) * 1e-6


def mix_of(a: Answerer, answers: Answers) -> CallMix:
    """The measured tokens of a call."""
    t = a.tokens
    return CallMix(
        prompt=float(t.prefix + answers.suffix.mean()),
        eligible=t.eligible,
        output=float(answers.output.mean()),
        read_share=float(answers.hit.mean()) if t.eligible else None,
        calls=len(answers.suffix),
    )


def measure(world: World, table: Table, a: Answerer, answers: Answers) -> dict[str, Measured]:
    """Each metric, as the product estimates it from these rows."""
    kept = ~answers.lost
    lost = answers.lost.astype(int)

    def share(right: Bools, of: Bools) -> Measured:
        return measured_share((right & of).astype(float), of.astype(int), lost, table.declared)

    measured = {
        "accuracy": share(answers.correct, kept),
        "accuracy_lenient": share(answers.content, kept),
        "format_validity": share(answers.valid, kept),
        "vocabulary": share(answers.valid, kept),
    }
    if (answers.valid & kept).sum() >= 2:
        inside = answers.valid & kept
        groups = None if table.declared is None else table.declared[inside]
        ones = np.ones(int(inside.sum()), dtype=int)
        measured["accuracy_if_valid"] = measured_share(answers.correct[inside].astype(float), ones, ones * 0, groups)
    for name, values in (("ttft_p95_ms", answers.first_ms), ("latency_p95_ms", answers.ms)):
        measured[name] = _quantile(values[kept], 0.95, int(lost.sum()), table, kept)
    if a.price_known:
        groups = None if table.declared is None else table.declared[kept]
        measured["cost_per_1000_calls"] = measured_mean(costs(a, answers)[kept] * 1000, groups)
    return measured


def _quantile(values: np.ndarray, q: float, lost: int, table: Table, kept: Bools) -> Measured:
    if _QUANTILE_TAKES_GROUPS and table.declared is not None:
        call = {"groups": table.declared[kept]}
        return measured_quantile(values, q, lost, **call)
    return measured_quantile(values, q, lost)


def judge_needs(world: World, a: Answerer, measured: Mapping[str, Measured]) -> list[Requirement]:
    """Each need held against the contender."""
    return [judge(a.id, need, measured.get(need.metric)) for need in world.needs]


def result_of(
    world: World, table: Table, a: Answerer, answers: Answers, measured: Mapping[str, Measured]
) -> ContenderResult:
    """The figures as a run stores them."""
    shown = ("accuracy", "accuracy_if_valid", "accuracy_lenient", "format_validity", "vocabulary")
    kept = ~answers.lost
    good = int((answers.valid & kept).sum())
    refused, truncated = int((answers.refused & kept).sum()), int((answers.truncated & kept).sum())
    per_class, confusion = _classes(world, table, answers)
    has_times = a.role not in ("floor", "reference")
    return ContenderResult(
        id=a.id,
        model=a.name,
        provider_model=a.provider_model,
        prompt="default",
        enforce=a.enforce,
        role=a.role,  # type: ignore[arg-type]
        split="test",
        n=len(table.truth),
        status={
            "ok": good,
            "format_invalid": int(kept.sum()) - good - refused - truncated,
            "truncated": truncated,
            "refused": refused,
            "rejected": 0,
            "infra_error": int(answers.lost.sum()),
        },
        metrics={name: measured[name].estimate if name in measured else None for name in shown},
        cost=_cost(a, answers) if a.price_known else None,
        latency_ms=_percentiles(answers.ms[kept], measured["latency_p95_ms"]) if has_times else None,
        ttft_ms=_percentiles(answers.first_ms[kept], measured["ttft_p95_ms"]) if has_times else None,
        per_class=per_class,
        confusion=confusion,
    )


def _cost(a: Answerer, answers: Answers) -> Cost:
    each = costs(a, answers)
    total = float(each.sum())
    return Cost(spent=total, cold=total, per_1000_calls=float(each.mean()) * 1000, prices_as_of="2026-10-24")


def _percentiles(values: np.ndarray, p95: Measured) -> Percentiles:
    estimate = p95.estimate
    return Percentiles(
        p50=float(np.median(values)),
        p95=estimate.value,
        p95_low=estimate.low,
        p95_high=estimate.high,
        n=len(values),
    )


def _classes(world: World, table: Table, answers: Answers) -> tuple[tuple[ClassFigures, ...], Confusion]:
    count = len(world.labels.classes)
    names = tuple(f"class{i:02d}" for i in range(count))
    kept = ~answers.lost
    counts = np.zeros((count, count + 1), dtype=int)
    np.add.at(counts, (table.gold[kept], np.where(answers.said[kept] < 0, count, answers.said[kept])), 1)
    figures = []
    for i, name in enumerate(names):
        support, predicted, hits = int(counts[i].sum()), int(counts[:, i].sum()), int(counts[i, i])
        figures.append(
            ClassFigures(
                label=name,
                support=support,
                predicted=predicted,
                precision=hits / predicted if predicted else None,
                recall=hits / support if support else None,
                f1=2 * hits / (support + predicted) if support + predicted else None,
            )
        )
    return tuple(figures), Confusion(names, tuple(tuple(int(x) for x in row) for row in counts))
