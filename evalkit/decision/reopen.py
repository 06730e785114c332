"""What would reopen a verdict: a condition that is tried before it is said.

Each way to turn an answer is a candidate. It is applied to the run and its facts and all is decided again; only one
that turns the outcome is named. Where one answer turns and another still stands, what turns that one is added.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from evalkit.decision.conditions import CASE, ECONOMICS, NEEDS, RAREST, USABLE, applied
from evalkit.decision.gap import evidence, needed_accuracy, requirements_of, tuned
from evalkit.decision.ground import SURE, Ground
from evalkit.decision.reach import reach
from evalkit.decision.shortage import shortage
from evalkit.decision.table import Row
from evalkit.records.evidence import Facts
from evalkit.records.metric import is_share
from evalkit.records.run import ContenderResult, RunResult
from evalkit.records.verdict import Answer, Comparison, Condition
from evalkit.wording.labels import may_be_wrong
from evalkit.wording.names import metric
from evalkit.wording.needs import amount
from evalkit.wording.numbers import calls, count, money, share
from evalkit.wording.text import listed

_MOST_STEPS = 4
_OTHER_CASES = ("format", "domain", "latency", "volume")
_FRACTIONS = (0.5, 0.2, 0.1, 0.01)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as the search needs it."""

    ground: Ground
    answers: tuple[Answer, Answer, Answer]
    row: Row

    @property
    def standing(self) -> tuple[object, ...]:
        """What must change for a step to be worth anything."""
        return (self.row.reason, *(answer.state for answer in self.answers))


Decide = Callable[[RunResult, Facts, bool], Decided]


def conditions_of(decided: Decided, again: Decide) -> tuple[Condition, ...]:
    """What, all of it together, turns the outcome; empty where nothing is known to.

    `again` decides a run with its facts; its third argument says whether figures for further candidates are wanted.
    """
    found: tuple[Condition, ...] = ()
    here = decided
    for _ in range(_MOST_STEPS):
        step: tuple[Condition, ...] | None = None
        for candidate in _CANDIDATES.get(here.row.reason, _none)(here.ground):
            changed = again(*applied(candidate, here.ground.result, here.ground.facts), False)
            if changed.row.outcome != decided.row.outcome:
                return _merged((*found, *candidate))
            if step is None and changed.standing != here.standing:
                step = candidate
        if step is None:
            return ()
        found += step
        here = again(*applied(step, here.ground.result, here.ground.facts), True)
    return ()


def in_words(conditions: Sequence[Condition], facts: Facts) -> str | None:
    """The conditions as a sentence without a full stop; None where there are none."""
    among = any(condition.figure == USABLE for condition in conditions)
    return listed([_said(condition, facts, among) for condition in conditions]) or None


def _merged(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Of several on one figure the last one, which holds the others."""
    return tuple({condition.figure: condition for condition in conditions}.values())


def _none(_: Ground) -> Iterator[tuple[Condition, ...]]:
    yield from ()


def _stricter_needs(ground: Ground, contenders: Sequence[ContenderResult]) -> Iterator[tuple[Condition, ...]]:
    """A need that rises above what any of these is known to reach: accuracy first."""
    names = {c.id for c in contenders}
    metrics = dict.fromkeys(r.need.metric for r in ground.result.requirements if r.contender in names)
    for name in sorted(metrics, key=lambda each: (each != "accuracy", not is_share(each))):
        held = [r for c in contenders for r in requirements_of(ground.result, c.id) if r.need.metric == name]
        turns = [
            r.need.threshold - r.gap.high + r.need.margin if r.need.at_least else
            r.need.threshold + r.gap.high - r.need.margin
            for r in held if r.gap.high is not None
        ]  # fmt: skip
        if len(turns) < len(contenders):
            continue
        if held[0].need.at_least:
            value = _up(max(turns), name)
            if value < 1 or not is_share(name):
                yield (Condition(f"{NEEDS}{name}", "at_least", value),)
        elif (value := _down(min(turns), name)) > 0:
            yield (Condition(f"{NEEDS}{name}", "at_most", value),)


def _up(value: float, name: str) -> float:
    """The next figure above, as exactly as it is said."""
    return (math.floor(value * 1000 + 1e-9) + 1) / 1000 if is_share(name) else _rounded(value * (1 + 1e-9), up=True)


def _down(value: float, name: str) -> float:
    return (math.ceil(value * 1000 - 1e-9) - 1) / 1000 if is_share(name) else _rounded(value * (1 - 1e-9), up=False)


def _rounded(value: float, up: bool) -> float:
    """Three significant digits, whole from 100 on as money is said; towards the side on which it still holds."""
    if value <= 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    steps = math.ceil(value / unit - 1e-9) if up else math.floor(value / unit + 1e-9)
    return float(f"{steps * unit:.12g}")


def _economics(name: str, comparison: Comparison, value: float) -> tuple[Condition, ...]:
    return (Condition(f"{ECONOMICS}{name}", comparison, _rounded(value, up=comparison == "at_least")),)


def _prompting(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    if ground.case == "volume":
        yield from _money(ground)
        yield from _cheaper_running(ground)
    yield from _stricter_needs(ground, ground.winners)


def _money(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    """A volume, a value or a build at which it pays back with 90 % probability."""
    figures = ground.economics
    payback, declared = figures.payback, ground.facts.economics
    if payback is None or declared is None:
        return
    volume = declared.calls_per_month
    if payback.needed_calls is not None and (volume is None or payback.needed_calls > volume.low):
        yield _economics("calls_per_month", "at_least", payback.needed_calls)
    if figures.needed_value is not None and declared.value_of_a_correct_answer is not None:
        yield _economics("value_of_a_correct_answer", "at_least", figures.needed_value)
    if figures.needed_value_per_month is not None and ground.case != "volume":
        yield _economics("value_of_meeting_need_per_month", "at_least", figures.needed_value_per_month)
    if payback.affordable_build is not None:
        yield _economics("build_cost", "at_most", payback.affordable_build)


def _cheaper_running(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    """What the fine-tune costs to run, as declared: less of each part, then of all."""
    declared = ground.facts.economics
    if declared is None:
        return
    names = ("tuned_cost_per_1000_calls", "hosting_per_month", "operations_per_month")
    spans = {name: span for name in names if (span := getattr(declared, name)) is not None and span.low > 0}
    for name, span in spans.items():
        for fraction in _FRACTIONS:
            yield _economics(name, "at_most", fraction * span.low)
    for fraction in _FRACTIONS:
        yield tuple(c for name, span in spans.items() for c in _economics(name, "at_most", fraction * span.low))


def _more_labels(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    lack, labels = shortage(ground.facts), ground.facts.labels
    if lack is None or labels is None:
        return
    found: list[Condition] = []
    if lack.usable > labels.usable:
        found.append(Condition(USABLE, "at_least", float(lack.usable)))
    if lack.rare:
        found.append(Condition(RAREST, "at_least", float(ground.facts.rules.min_per_class)))
    yield tuple(found)


def _pays(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    if reach(ground).state == "against":
        # The accuracy that is needed, or where prompting is better than that, as much as it reaches.
        best = [e.value for c in evidence(ground.result) if (e := c.figure("accuracy")) and e.value is not None]
        value = max([needed_accuracy(ground.result) or 0.0, *best])
        for expected in dict.fromkeys((math.ceil(value * 1000 - 1e-9) / 1000, 1.0)):
            yield (Condition(f"{ECONOMICS}tuned_accuracy", "at_least", expected),)
        return
    yield from _money(ground)
    yield from _cheaper_running(ground)


def _less_volume(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    """The nearest smaller volume of the curve at which it no longer pays back for sure."""
    payback, declared = ground.economics.payback, ground.facts.economics
    if payback is None or declared is None or declared.calls_per_month is None:
        return
    fail = [p.calls_per_month for p in payback.curve if p.p_pays_back < SURE]
    below = [v for v in fail if v < declared.calls_per_month.low]
    if below:
        yield _economics("calls_per_month", "at_most", max(below))


def _fund(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    yield from _less_volume(ground)
    payback = ground.economics.payback
    if payback is not None and payback.affordable_build is not None:
        for more in (1 + 1e-6, 1.02, 1.1, 1.5):  # the simulation decides in steps of one draw
            yield _economics("build_cost", "at_least", more * payback.affordable_build)


def _kept(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    yield from _less_volume(ground)
    yield from _stricter_needs(ground, [c for c in tuned(ground.result) if ground.meets.get(c.id)])


def _returned(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    yield from _money(ground)
    yield from _cheaper_running(ground)
    asked = [c for c in (*evidence(ground.result), *tuned(ground.result)) if ground.meets.get(c.id)]
    yield from _stricter_needs(ground, asked)


def _another_case(ground: Ground) -> Iterator[tuple[Condition, ...]]:
    for case in _OTHER_CASES:
        yield (Condition(CASE, "is", case),)


_CANDIDATES: dict[str, Callable[[Ground], Iterator[tuple[Condition, ...]]]] = {
    "redirect": _another_case,
    "undiagnosed": _another_case,
    "prompting_does_it": _prompting,
    "too_few_labels": _more_labels,
    "does_not_pay": _pays,
    "all_for": _fund,
    "keep_is_worth_it": _kept,
    "return_to_prompting": _returned,
}

_MONEY_WORDS = {
    "build_cost": "the build costs {} {}",
    "value_of_a_correct_answer": "a correct answer is worth {} {}",
    "value_of_meeting_need_per_month": "meeting the needs is worth {} {} a month",
    "tuned_cost_per_1000_calls": "a fine-tune costs {} {} per 1,000 calls to run",
    "hosting_per_month": "hosting costs {} {} a month",
    "operations_per_month": "the people who keep it running cost {} {} a month",
}


def _said(condition: Condition, facts: Facts, among: bool = False) -> str:
    """`among`: more labels are asked for in the same breath, and those of rare classes count for them."""
    figure, value = condition.figure, condition.value
    if isinstance(value, str):
        return f"the case turns out to be `{value}`"
    more = condition.comparison == "at_least"
    bound = "at least" if more else "at most"
    if figure == USABLE:
        return f"{count(int(value) - (facts.labels.usable if facts.labels else 0), 'more label')}{_right(value, facts)}"
    if figure == RAREST:
        rare = sum(max(0, int(value) - n) for n in facts.labels.per_class.values()) if facts.labels else 0
        return (
            f"{count(rare, 'label')} of rare classes among them, {int(value):,} of each"
            if among
            else (f"{count(rare, 'more label')} of rare classes, {int(value):,} of each")
        )
    if figure.startswith(NEEDS):
        name = figure.removeprefix(NEEDS)
        return f"the {metric(name)} needed {'rises' if more else 'falls'} to {amount(name, value)}"
    key = figure.removeprefix(ECONOMICS)
    if key == "calls_per_month":
        return f"the volume {'reaches' if more else 'falls to'} {calls(value)} calls a month"
    if key == "tuned_accuracy":
        return f"a fine-tune is expected to reach an accuracy of {share(value)}"
    return _MONEY_WORDS[key].format(bound, money(value))


def _right(rows: float, facts: Facts) -> str:
    """Why more rows are wanted than correct labels: some of them may be wrong."""
    error = facts.label_error_share
    if error is None or not error.high:
        return ""
    right = int(rows * (1 - error.high) + 1e-9)
    return f" ({int(rows):,} in all, which count as {right:,} since {may_be_wrong(error)})"
