"""What a run of the product would see of a harsh world: figures of sampled rows, and the facts that were declared.

Fields of the records that are not there yet are left out, so that several versions of the code can be held against
the same worlds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

import numpy as np

from evalkit.records import evidence as evidence_records
from evalkit.records.economics import Economics, Gpu
from evalkit.records.evidence import Facts, LabelFacts, Ladder, PairedGap
from evalkit.records.model import Role
from evalkit.records.run import ContenderResult, RunResult, UnmeasuredCost
from evalkit.stats.paired import compare_paired
from tests.decision.harsh.figures import judge_needs, measure, mix_of, price_of, result_of
from tests.decision.harsh.ladders import climb
from tests.decision.harsh.met import month
from tests.decision.harsh.sampling import Answers, Floats, Table, draw_answers, draw_table
from tests.decision.harsh.world import Answerer, World

HAS_REFERENCE = "reference" in get_args(Role)
_ECONOMICS = {f.name for f in fields(Economics)}
_FACTS = {f.name for f in fields(Facts)}


def observe(world: World) -> tuple[RunResult, Facts]:
    """The run and its facts; the same for the same world."""
    rng = np.random.default_rng([world.seed, 1])
    table = draw_table(world, world.rows.n, rng, world.labels.contradictory)
    answers: dict[str, Answers] = {}
    results, requirements = [], []
    noises: dict[str, Floats] = {}
    for a in _asked(world):
        noise = noises.setdefault(a.provider_model, rng.standard_normal(len(table.truth)))
        answers[a.id] = draw_answers(world, table, a, noise, np.random.default_rng([world.seed, 4, len(answers)]))
        if a.role == "reference" and not HAS_REFERENCE:
            continue
        measured = measure(world, table, a, answers[a.id])
        results.append(result_of(world, table, a, answers[a.id], measured))
        requirements += judge_needs(world, a, measured)
    skipped = [a for a in world.prompted if a.skipped]
    facts = _facts(world, table, answers)
    run = RunResult(
        suite="harsh",
        run=f"runs/harsh/{world.seed}",
        complete=True,
        contenders=(*results, *(_skipped_result(a) for a in skipped)),
        requirements=tuple(requirements),
        unmeasured=tuple(_unmeasured(world, a) for a in skipped),
        facts=facts,
    )
    return run, facts


def _asked(world: World) -> list[Answerer]:
    last = [a for a in (world.tuned, world.people) if a is not None]
    return [*(a for a in world.prompted if not a.skipped), *world.floors, *last]


def _facts(world: World, table: Table, answers: Mapping[str, Answers]) -> Facts:
    paying = [a for a in _asked(world) if a.role in ("frontier", "prompted", "fine_tuned")]
    tuned, machines = world.tuned, world.money.machines
    by_machine = tuned is not None and machines is not None
    priced = [a for a in paying if a.price_known and not (by_machine and a.role == "fine_tuned")]
    more: dict[str, Any] = {}
    if "label_conflicts" in _FACTS:
        more["label_conflicts"] = _conflicts(world, table)
    return Facts(
        suite="harsh.yaml",
        command="python -m evalkit run harsh.yaml",
        case=world.case,
        economics=_economics(world) if world.has_economics else None,
        labels=_labels(world),
        label_error_share=world.labels.share,
        ladders=_ladders(world),
        pairs=_pairs(world, table, answers),
        mixes={a.id: mix_of(a, answers[a.id]) for a in paying},
        prices={a.id: price_of(a) for a in priced},
        cache_ttl={a.id: "5m" for a in _asked(world)},
        gpu_hours={tuned.id: machines.gpu_hour} if tuned is not None and machines is not None else {},
        has_native=world.has_native,
        listed_frontier=tuple(a.name for a in world.frontier),
        missing_env={a.name: ("PROVIDER_API_KEY",) for a in world.prompted if a.skipped},
        diagnosed=world.diagnosed,
        diagnosis="" if world.diagnosed is None else f"read as {world.diagnosed}",
        vouched=world.vouched,
        **more,
    )


def _economics(world: World) -> Economics:
    money = world.money
    values: dict[str, Any] = {key: span for key, span in world.declared.items() if key in _ECONOMICS}
    values |= {"horizon_months": money.horizon, "active_hours": money.active_hours}
    if "can_wait" in _ECONOMICS:
        values["can_wait"] = money.can_wait
    if money.machines is not None:
        m = money.machines
        values["gpu"] = Gpu(m.gpu_hour, m.capacity_rps, m.min_replicas, m.peak_to_mean)
    return Economics(**values)


def _labels(world: World) -> LabelFacts:
    labels = world.labels
    return LabelFacts(
        rows=labels.train_rows,
        exact=labels.exact,
        near=labels.near,
        in_test=labels.in_test,
        usable=labels.usable,
        per_class={f"class{i:02d}": count for i, count in enumerate(labels.per_class)},
        near_method="text similarity",
    )


def _conflicts(world: World, table: Table) -> Any:
    """The contradictory rows of test, counted; those of train contradict nothing."""
    record: Any = getattr(evidence_records, "LabelConflicts")  # noqa: B009
    n = len(table.truth)
    pairs = int((table.twin != np.arange(n)).sum())
    values = {
        "rows": 2 * pairs,
        "of": n,
        "ceiling": 1 - pairs / n,
        "least_wrong": pairs / n,
        "groups": pairs,
        "train_of": world.labels.train_rows,
    }
    known = {f.name for f in fields(record)}
    return record(**{name: value for name, value in values.items() if name in known})


def _ladders(world: World) -> tuple[Ladder, ...]:
    return tuple(
        climb(world, a, place)
        for place, a in enumerate(world.prompted)
        if a.headroom is not None and a.headroom.asked and not a.skipped
    )


def _pairs(world: World, table: Table, answers: Mapping[str, Answers]) -> tuple[PairedGap, ...]:
    """The endpoint less each prompted contender, on the rows that both answered."""
    if world.tuned is None:
        return ()

    def grades(a: Answerer) -> np.ndarray:
        return np.where(answers[a.id].lost, np.nan, answers[a.id].correct.astype(float))

    others = [a for a in world.prompted if not a.skipped]
    gaps = []
    for other in others:
        pair = compare_paired(grades(other), grades(world.tuned), table.declared)
        gaps.append(
            PairedGap(
                a=world.tuned.id,
                b=other.id,
                difference=pair.estimate(),
                lower=pair.lower() if pair.decides else None,
                upper=pair.upper() if pair.decides else None,
                upper_corrected=pair.upper(1 - 0.05 / len(others)) if pair.decides else None,
            )
        )
    return tuple(gaps)


def _skipped_result(a: Answerer) -> ContenderResult:
    return ContenderResult(
        id=a.id,
        model=a.name,
        provider_model=a.provider_model,
        prompt="default",
        enforce=a.enforce,
        role=a.role,  # type: ignore[arg-type]
        split="test",
        skipped="PROVIDER_API_KEY is not set",
    )


def _unmeasured(world: World, a: Answerer) -> UnmeasuredCost:
    """What is known of a skipped model: its tokens at list price."""
    per_month = month(world, a)
    per_1000 = per_month / world.money.calls * 1000
    has_volume = world.has_economics and "calls_per_month" in world.declared
    return UnmeasuredCost(
        model=a.name,
        provider_model=a.provider_model,
        role=a.role,  # type: ignore[arg-type]
        reason="PROVIDER_API_KEY is not set",
        per_1000_calls=per_1000 if a.price_known else None,
        per_month=per_month if a.price_known and has_volume else None,
        run_cost=per_1000 * world.rows.n / 1000 if a.price_known else None,
        cache_read_share=None,
        text="not measured",
    )
