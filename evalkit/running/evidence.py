"""What the decision takes besides the figures, gathered at the end of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.diagnosis.quality_case import found_case
from evalkit.records.economics import CallMix, Span
from evalkit.records.evidence import Case, Facts, Ladder, PairedGap, Rules, Vouch
from evalkit.records.run import ContenderResult, RunResult
from evalkit.running.contender_run import ContenderRun
from evalkit.running.economics import economics_of
from evalkit.running.label_conflicts import conflicts_of
from evalkit.running.label_count import label_count
from evalkit.running.prepare import Prepared
from evalkit.suite.config.suite import Suite

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Gathered:
    """Where facts come from: the opened suite, and what each contender answered, by split."""

    prepared: Prepared
    runs: Sequence[ContenderRun]
    command: str
    vouched: tuple[Vouch, ...] = ()
    chosen_on_test: bool = False


def facts_of(gathered: Gathered, result: RunResult) -> Facts:
    """All facts of a run. `result` is the run without its verdict."""
    prepared, suite = gathered.prepared, gathered.prepared.config
    return Facts(
        suite=str(prepared.path),
        command=gathered.command,
        labels=label_count(prepared.suite, prepared.contenders[0]),
        label_conflicts=conflicts_of(prepared),
        ladders=_ladders(prepared, gathered.runs),
        pairs=_pairs(gathered.runs),
        mixes={run.contender.id: mix for run in gathered.runs if (mix := _mix(run)) is not None},
        prices={run.contender.id: run.price for run in gathered.runs if run.price is not None},
        cache_ttl={c.id: c.parameters.cache_ttl for c in prepared.contenders},
        gpu_hours={
            c.id: c.spec.price.gpu_hour
            for c in prepared.contenders
            if c.spec.price is not None and c.spec.price.gpu_hour is not None
        },
        has_native=suite.output.facts.enforceable,
        listed_frontier=tuple(name for name, model in suite.models.items() if model.role == "frontier"),
        missing_env=_missing_env(prepared, result.contenders),
        chosen_on_test=gathered.chosen_on_test,
        vouched=gathered.vouched,
        **declared(suite, result),
    )


def declared(suite: Suite, result: RunResult) -> dict[str, Any]:
    """The facts that the suite's file declares, or that follow from what it declares and these figures."""
    error, rules = suite.dataset.label_error_share, suite.decision
    diagnosed, diagnosis = _diagnosis(suite.case, result)
    return {
        "case": suite.case,
        "diagnosed": diagnosed,
        "diagnosis": diagnosis,
        "economics": economics_of(suite.economics),
        "rules": Rules(rules.min_labels, rules.min_per_class, rules.min_test_rows),
        "label_error_share": Span(error.low, error.high) if error else None,
    }


def _ladders(prepared: Prepared, runs: Sequence[ContenderRun]) -> tuple[Ladder, ...]:
    """What dev says of the prompts, where dev was asked."""
    if all(run.split != "dev" for run in runs):
        return ()
    from evalkit.running.prompt_choice import ladders

    return ladders(prepared, runs)


def _diagnosis(case: Case | None, result: RunResult) -> tuple[Case | None, str]:
    """Where the suite says `quality`: what the figures show instead."""
    return found_case(result.contenders, result.requirements) if case == "quality" else (None, "")


def _missing_env(prepared: Prepared, results: Sequence[ContenderResult]) -> dict[str, tuple[str, ...]]:
    models: Mapping[str, tuple[str, ...]] = {name: model.missing_env for name, model in prepared.config.models.items()}
    return {c.model: models[c.model] for c in results if c.skipped is not None and models.get(c.model)}


def _mix(run: ContenderRun) -> CallMix | None:
    """Mean tokens of one call; None where the server reported no usage."""
    usage, calls = run.usage, run.asked_with_usage
    if usage is None or not calls:
        return None
    # Without a single read the provider's cache does nothing for us, whatever was written to it.
    eligible = float(run.eligible) if usage.cache_read else 0.0
    share = (usage.cache_read or 0) / (eligible * calls) if eligible else None
    return CallMix(usage.prompt / calls, eligible, usage.output / calls, share, calls)


def _pairs(runs: Sequence[ContenderRun]) -> tuple[PairedGap, ...]:
    """Every fine-tuned endpoint against every prompted contender, on the test samples that both were asked."""
    on_test = [run for run in runs if run.split == "test"]
    endpoints = [run for run in on_test if run.contender.spec.role == "fine_tuned"]
    others = [run for run in on_test if run.contender.spec.role in ("frontier", "prompted")]
    couples = [(a, b) for a in endpoints for b in others if a.contender.limit == b.contender.limit]
    return tuple(_paired(a, b, len(others)) for a, b in couples)


def _paired(endpoint: ContenderRun, other: ContenderRun, looked_at: int) -> PairedGap:
    from evalkit.scoring.sample_means import sample_means
    from evalkit.stats.paired import compare_paired

    n = 1 + max((int(run.tally.columns().sample.max(initial=-1)) for run in (endpoint, other)), default=-1)
    mine, theirs = sample_means(endpoint.tally, n), sample_means(other.tally, n)
    found = compare_paired(theirs.correct, mine.correct, mine.group, max(mine.epochs, theirs.epochs))
    return PairedGap(
        a=endpoint.contender.id,
        b=other.contender.id,
        difference=found.estimate(),
        lower=found.lower(1 - _LEVEL) if found.decides else None,
        upper=found.upper(1 - _LEVEL) if found.decides else None,
        upper_corrected=found.upper(1 - _LEVEL / looked_at) if found.decides else None,
    )
