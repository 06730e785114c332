"""Who meets all needs: the states of each contender combined, with Holm's correction over contenders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalkit.records.estimate import Need, Requirement
from evalkit.records.metric import is_another_name, kind_of
from evalkit.records.run import ContenderResult, RunResult

LEVEL = 0.05
_EVIDENCE = ("frontier", "prompted")


def evidence(result: RunResult) -> list[ContenderResult]:
    """The prompted contenders that were measured on test; floors and fine-tuned ones are no evidence of prompting."""
    return [c for c in _measured(result) if c.role in _EVIDENCE]


def frontier(result: RunResult) -> list[ContenderResult]:
    """The frontier contenders that were measured on test."""
    return [c for c in _measured(result) if c.role == "frontier"]


def tuned(result: RunResult) -> list[ContenderResult]:
    """The fine-tuned endpoints that were measured on test."""
    return [c for c in _measured(result) if c.role == "fine_tuned"]


def requirements_of(result: RunResult, contender: str) -> list[Requirement]:
    """One contender's needs with their states."""
    return [r for r in result.requirements if r.contender == contender]


def needed_accuracy(result: RunResult) -> float | None:
    """The accuracy that the fine-tune must reach: the strictest threshold less its margin; None without such a need."""
    needs = {r.need for r in result.requirements if is_another_name(r.need.metric, "accuracy")}
    return max((need.limit for need in needs), default=None)


def needed_of_content(result: RunResult) -> Need | None:
    """The strictest need of right answers, by whatever metric; None without one."""
    needs = {r.need for r in result.requirements if kind_of(r.need.metric) == "content"}
    return max(needs, key=lambda need: (need.limit, need.metric), default=None)


def floors_that_may_do_it(result: RunResult) -> list[tuple[ContenderResult, bool]]:
    """Floors on test that miss no need, each with whether it is known to meet them all."""
    found = []
    for floor in (c for c in _measured(result) if c.role == "floor"):
        states = {r.state for r in requirements_of(result, floor.id)}
        if states and "unmet" not in states:
            found.append((floor, states == {"met"}))
    return found


def meets_all(result: RunResult) -> dict[str, bool | None]:
    """By contender on test: whether it meets all needs, None where undecided.

    A contender meets all when the largest of its p values, Holm-corrected over the contenders of its kind, is at
    most 5 % (the largest: intersection-union, Berger, Technometrics 24 (1982); the correction: Holm, Scandinavian
    Journal of Statistics 6 (1979)). One need unmet is enough for False, which needs no correction.
    """
    found: dict[str, bool | None] = {}
    for family in (evidence(result), tuned(result)):
        p = {c.id: _p_meets(requirements_of(result, c.id)) for c in family}
        passed = _holm(p)
        for contender in family:
            unmet = any(r.state == "unmet" for r in requirements_of(result, contender.id))
            found[contender.id] = False if unmet else True if contender.id in passed else None
    return found


def _measured(result: RunResult) -> list[ContenderResult]:
    return [c for c in result.contenders if c.split == "test" and c.skipped is None]


def _p_meets(requirements: Sequence[Requirement]) -> float:
    """The p value of "misses some need": 1 where a state is not met."""
    if not requirements or any(r.state != "met" for r in requirements):
        return 1.0
    return max(LEVEL if r.p_met is None else r.p_met for r in requirements)


def _holm(p: Mapping[str, float]) -> set[str]:
    """The contenders whose p values pass step by step, the smallest first."""
    passed: set[str] = set()
    for step, name in enumerate(sorted(p, key=lambda each: p[each])):
        if p[name] * (len(p) - step) > LEVEL:
            break
        passed.add(name)
    return passed
