"""A condition applied: what a run and its facts would be if one figure were another. For deciding again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from evalkit.records.economics import Economics, Span
from evalkit.records.estimate import Gap, Need, Requirement, State
from evalkit.records.evidence import Facts
from evalkit.records.run import RunResult
from evalkit.records.verdict import Condition

ECONOMICS, NEEDS, USABLE, RAREST, CASE = "economics.", "good_enough.", "labels.usable", "labels.rarest_class", "case"
_TIE = 1e-12


def applied(conditions: Iterable[Condition], result: RunResult, facts: Facts) -> tuple[RunResult, Facts]:
    """The run and its facts with each condition just fulfilled: the figure has exactly the value that is named.

    Raises ValueError for a figure that is not known.
    """
    for condition in conditions:
        figure, value = condition.figure, condition.value
        if figure.startswith(ECONOMICS):
            key = figure.removeprefix(ECONOMICS)
            span: dict[str, Any] = {key: Span(float(value), float(value))}
            facts = replace(facts, economics=replace(facts.economics or Economics(), **span))
        elif figure.startswith(NEEDS):
            result = _with_need(result, figure.removeprefix(NEEDS), float(value))
        elif figure in (USABLE, RAREST):
            facts = _with_labels(facts, figure, int(value))
        elif figure == CASE:
            facts = replace(facts, case=value, diagnosed=None)  # type: ignore[arg-type]
        else:
            raise ValueError(f"no such figure: {figure}")
    return result, facts


def with_threshold(held: Requirement, threshold: float) -> Requirement:
    """A requirement held against another threshold. What infra errors or few clusters left open stays open."""
    need, gap = held.need, held.gap
    moved = (threshold - need.threshold) * (1 if need.at_least else -1)
    new = Gap(*(None if x is None else x + moved for x in (gap.value, gap.low, gap.high)))
    before, after = _by_gap(gap, need), _by_gap(new, need)
    state = held.state if before != held.state else after
    p = held.p_met if state == "met" else None
    return replace(held, need=replace(need, threshold=threshold), gap=new, state=state, p_met=p, n_to_decide=None)


def _by_gap(gap: Gap, need: Need) -> State:
    limit = need.margin + _TIE
    if gap.high is not None and gap.high <= limit:
        return "met"
    return "unmet" if gap.low is not None and gap.low > limit else "undecided"


def _with_need(result: RunResult, metric: str, threshold: float) -> RunResult:
    held = tuple(with_threshold(r, threshold) if r.need.metric == metric else r for r in result.requirements)
    return replace(result, requirements=held)


def _with_labels(facts: Facts, figure: str, value: int) -> Facts:
    labels = facts.labels
    if labels is None:
        return facts
    if figure == USABLE:
        more = max(0, value - labels.usable)
        return replace(facts, labels=replace(labels, rows=labels.rows + more, usable=labels.usable + more))
    classes = {name: max(n, value) for name, n in labels.per_class.items()}
    more = sum(classes.values()) - sum(labels.per_class.values())
    # Rows of rare classes count for the total too: where that was raised already, they are among those rows.
    usable = max(labels.usable, sum(classes.values()))
    return replace(facts, labels=replace(labels, rows=labels.rows + more, usable=usable, per_class=classes))
