"""What a run would ask and cost, and what its sample size can see; nothing is sent."""

from __future__ import annotations

from pathlib import Path

from evalkit.decision.unmeasured import cost_of_calls, cost_range
from evalkit.records.estimate import Need
from evalkit.records.metric import is_share
from evalkit.records.plan import Plan, PlannedContender, Visible
from evalkit.records.request import Request
from evalkit.running.estimates import estimate
from evalkit.running.label_conflicts import conflicts_of
from evalkit.running.prepare import Prepared, check_variables, prepare
from evalkit.running.rounds import compares_prompts
from evalkit.running.settings import RunSettings
from evalkit.stats.power import clean_answers_needed, smallest_visible_gap
from evalkit.suite.prompts.contenders import Contender
from evalkit.wording.labels import conflict_lines


def plan_suite(path: Path, models: tuple[str, ...] = ()) -> Plan:
    """Check a suite and estimate its run. Raises SuiteError."""
    prepared = prepare(path, models)
    check_variables(prepared.contenders)
    n = prepared.suite.dataset.splits["test"].n
    first = next(prepared.suite.dataset.samples("test"))
    requests: dict[str, Request] = {}
    with prepared.located:
        for contender in prepared.contenders:
            requests.setdefault(contender.prompt, contender.request(first))
        conflicts = conflict_lines(conflicts_of(prepared))
    needs = prepared.config.good_enough.needs()
    return Plan(
        suite=prepared.config.name,
        command=RunSettings(path, models).command,
        n=n,
        requests=requests,
        contenders=tuple(_planned(prepared, c, split) for c, split in _asked(prepared)),
        visible=tuple(visible(need, n) for need in needs if is_share(need.metric)),
        warnings=(*prepared.suite.warnings, *conflicts),
    )


def _asked(prepared: Prepared) -> list[tuple[Contender, str]]:
    """Who is asked on which split: several prompts all run on dev, and one of them, here the first, on test."""
    everyone = prepared.contenders
    if not compares_prompts(prepared):
        return [(c, "test") for c in everyone]
    first = next(iter(prepared.config.prompts))
    return [(c, "dev") for c in everyone] + [(c, "test") for c in everyone if c.prompt == first]


def _planned(prepared: Prepared, contender: Contender, split: str) -> PlannedContender:
    known = estimate(prepared, contender, split=split)
    calls = known.requests
    hits = (calls - 1) / calls if calls else 0.0
    low, high = cost_range(known, calls, hits)
    return PlannedContender(
        id=contender.id,
        provider_model=contender.spec.provider_model,
        split=split,
        calls=calls,
        tokens=known.mix,
        cost=cost_of_calls(known, calls, hits),
        cost_uncached=cost_of_calls(known, calls, 0.0, caching=False),
        prices_as_of=known.price.as_of if known.price else None,
        skipped=contender.skipped,
        cost_low=low,
        cost_high=high,
    )


def visible(need: Need, n: int) -> Visible:
    """What `n` samples can see of a need; an at-most need of a share is the at-least need of its complement."""
    threshold = need.threshold if need.at_least else 1 - need.threshold
    gap = smallest_visible_gap(threshold, n, need.margin)
    return Visible(need, gap.shortfall, gap.surplus, clean_answers_needed(threshold - need.margin))
