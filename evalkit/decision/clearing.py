"""What clears an unmet need: the rules that tell a gap of the model from one of the labels, the prompt or the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from evalkit.decision.gap import requirements_of
from evalkit.decision.headroom import headroom_used_up
from evalkit.decision.sense import unenforced
from evalkit.records.economics import Span
from evalkit.records.estimate import Requirement
from evalkit.records.evidence import Facts
from evalkit.records.metric import MetricKind, kind_of
from evalkit.records.run import ContenderResult, RunResult
from evalkit.wording.names import metric
from evalkit.wording.numbers import percent, share

Kind = Literal["answers", "floor", "rows", "ceiling", "labels", "prompt", "format", "truncation", "no_rule"]
MOST_TRUNCATED = 0.01
_FEW_REFUSED = 0.01
_FORM_SHARE = 0.01  # accuracy lost to form alone, above which native output must be tried


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason why an unmet need of `metric` may not be the model's fault. `model` is the suite's name of the model."""

    kind: Kind
    model: str
    metric: str
    why: str


@dataclass(frozen=True, slots=True)
class _Gap:
    """One unmet need of one contender, with what is known around it."""

    contender: ContenderResult
    unmet: Requirement
    result: RunResult
    facts: Facts

    def of_content(self) -> list[Doubt | None]:
        """Right or wrong: the labels and the prompt may be at fault, a form that costs right answers, a short limit."""
        form = [self._form()] if self._loses_to_form() or unenforced(self.contender) else []
        return [self._labels(), self._prompt(), *form, self._truncation(), self._refusals()]

    def of_form(self) -> list[Doubt | None]:
        """The shape of answers: where nothing enforces the form, only the prompt can ask for it."""
        return [self._form() if self.facts.has_native else self._prompt(), self._truncation()]

    def as_it_is(self) -> list[Doubt | None]:
        """Times and costs are what they are."""
        return []

    def without_rule(self) -> list[Doubt | None]:
        """Nothing says what would clear it, so nothing does."""
        name = self.unmet.need.metric
        return [self._doubt("no_rule", f"no rule tells whether missing {metric(name)} is the model's fault")]

    def _doubt(self, kind: Kind, why: str) -> Doubt:
        return Doubt(kind, self.contender.model, self.unmet.need.metric, why)

    def _labels(self) -> Doubt | None:
        wrong, need = wrong_labels(self.facts), self.unmet.need
        if wrong is None:
            return self._doubt("labels", "the share of wrong labels is unknown, and wrong labels cap every model")
        limit = need.limit
        cap = 1 - wrong.high
        if cap < limit:
            most = f"up to {percent(wrong.high, 1)} wrong labels"
            why = f"{most} cap {metric(need.metric)} at {share(cap)}, below the {share(limit)} needed"
            return self._doubt("labels", why)
        upper = self._upper
        corrected = min(1.0, upper / cap) if cap > 0 else 1.0
        if corrected < limit:
            return None
        why = (
            f"{metric(need.metric)} is at most {share(upper)} as measured, but with up to {percent(wrong.high, 1)} "
            f"wrong labels that may be {share(corrected)}, and {share(limit)} is needed"
        )
        return self._doubt("labels", why)

    def _prompt(self) -> Doubt | None:
        if "prompt" in self.facts.vouched:
            return None
        name = self.contender.model
        ladder = next((each for each in self.facts.ladders if each.model == name), None)
        if ladder is None:
            return self._doubt("prompt", "only one prompt was tried, so its headroom is unknown")
        used_up, why = headroom_used_up(ladder, self.unmet.gap.value or 0.0)
        return None if used_up else self._doubt("prompt", why)

    def _loses_to_form(self) -> bool:
        metrics = self.contender.metrics or {}
        strict, lenient = metrics.get("accuracy"), metrics.get("accuracy_lenient")
        if not self.facts.has_native or strict is None or lenient is None:
            return False
        return (lenient.value or 0.0) - (strict.value or 0.0) > _FORM_SHARE

    def _form(self) -> Doubt | None:
        if "format" in self.facts.vouched or not self.facts.has_native:
            return None
        if self.contender.enforce == "native":
            why = unenforced(self.contender)
            return None if why is None else self._doubt("answers", why)
        twins = [c for c in self.result.contenders if self._is_native_twin(c)]
        if not twins:
            return self._doubt("format", "native structured output was not tried")
        ignored = [why for c in twins if (why := unenforced(c)) is not None]
        if len(ignored) == len(twins):
            return self._doubt("answers", ignored[0])
        twins = [c for c in twins if unenforced(c) is None]
        states = {r.state for c in twins for r in requirements_of(self.result, c.id) if r.need == self.unmet.need}
        if states == {"unmet"}:
            return None
        state = "meets it" if "met" in states else "is undecided on it"
        return self._doubt("format", f"with native structured output the model {state}")

    def _is_native_twin(self, other: ContenderResult) -> bool:
        mine = self.contender
        return (
            other.split == "test"
            and other.skipped is None
            and other.enforce == "native"
            and other.provider_model == mine.provider_model
        )

    def _refusals(self) -> Doubt | None:
        """Whether the need might be met were it not for refusals: then they are the first thing to look at."""
        status = self.contender.status or {}
        total = sum(status.values())
        lost = (status.get("refused", 0) + status.get("rejected", 0)) / total if total else 0.0
        reached = self._upper + lost
        if lost < _FEW_REFUSED or reached < self.unmet.need.limit:
            return None
        name = metric(self.unmet.need.metric)
        why = f"{percent(lost, 1)} of the answers were refused; with these right {name} may be {share(min(1, reached))}"
        return self._doubt("answers", why)

    @property
    def _upper(self) -> float:
        """The one-sided upper bound of the figure; 1 where there is none."""
        return 1.0 if self.unmet.gap.low is None else self.unmet.need.threshold - self.unmet.gap.low

    def _truncation(self) -> Doubt | None:
        status = self.contender.status or {}
        total = sum(status.values())
        cut = status.get("truncated", 0) / total if total else 0.0
        if cut < MOST_TRUNCATED:
            return None
        return self._doubt("truncation", f"{percent(cut, 1)} of the answers were cut off")


def wrong_labels(facts: Facts) -> Span | None:
    """The share of wrong labels to reckon with; None where it is unknown.

    As declared, or none where the user stands for the labels; at least what contradictory rows prove.
    """
    proven = facts.label_conflicts.least_wrong if facts.label_conflicts else 0.0
    declared = Span(0.0, 0.0) if "labels" in facts.vouched else facts.label_error_share
    return None if declared is None else Span(max(declared.low, proven), max(declared.high, proven))


def ceilings(result: RunResult, facts: Facts) -> list[Doubt]:
    """Needs of content above what the labels of test allow to any model, a fine-tune too. No `vouched` helps."""
    declared = 1.0 if facts.label_error_share is None else 1 - facts.label_error_share.low
    conflicts = facts.label_conflicts
    found = []
    for need in sorted({r.need for r in result.requirements}, key=lambda n: n.metric):
        limit = need.limit
        if kind_of(need.metric) != "content" or limit <= min(declared, 1.0 if conflicts is None else conflicts.ceiling):
            continue
        if conflicts is not None and conflicts.ceiling < limit:
            most, why = conflicts.ceiling, f"{conflicts.rows:,} rows of test contradict other labels of the same text"
        else:
            most, why = declared, f"at least {percent(1 - declared, 1)} of the labels are wrong"
        sentence = (
            f"{why}, so that no model can reach more than {share(most)}, and {metric(need.metric)} needs {share(limit)}"
        )
        found.append(Doubt("ceiling", "every model", need.metric, sentence))
    return found


# A kind that is not here is never cleared.
_RULES: Mapping[MetricKind, Callable[[_Gap], list[Doubt | None]]] = {
    "content": _Gap.of_content,
    "form": _Gap.of_form,
    "time": _Gap.as_it_is,
    "cost": _Gap.as_it_is,
}


def doubts(contender: ContenderResult, unmet: Requirement, result: RunResult, facts: Facts) -> list[Doubt]:
    """What keeps an unmet need from counting for a fine-tune; empty where the evidence clears it.

    The kind of the metric decides. Needs of content are cleared by labels that do not cap them and whose errors do not
    explain the gap (the upper bound ÷ (1 − share of wrong labels) stays below the need), by a prompt whose headroom is
    used up, and by answers that are not cut off; needs of form by native structured output that misses
    them too, or where no provider can enforce the form, by a prompt whose headroom is used up. Times and costs are
    what they are. A metric of a kind without a rule, or of no table, is never cleared. `facts.vouched` stands in for
    evidence.
    """
    kind = kind_of(unmet.need.metric)
    rule = _RULES.get(kind, _Gap.without_rule) if kind is not None else _Gap.without_rule
    return [doubt for doubt in rule(_Gap(contender, unmet, result, facts)) if doubt is not None]
