"""What clears an unmet need: the rules that tell a gap of the model from one of the labels, the prompt or the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalkit.decision.gap import requirements_of
from evalkit.decision.headroom import headroom_used_up
from evalkit.records.estimate import Requirement
from evalkit.records.evidence import Facts
from evalkit.records.run import ContenderResult, RunResult

Kind = Literal["labels", "prompt", "format", "truncation"]
MOST_TRUNCATED = 0.01
_FORM_SHARE = 0.01  # accuracy lost to form alone, above which native output must be tried
CONTENT = frozenset({"accuracy", "macro_f1", "exact_match", "field_f1", "judge_score"})
FORM = frozenset({"format_validity", "vocabulary"})


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason why an unmet need may not be the model's fault. `model` is the suite's name of the model."""

    kind: Kind
    model: str
    why: str


@dataclass(frozen=True, slots=True)
class _Gap:
    """One unmet need of one contender, with what is known around it."""

    contender: ContenderResult
    unmet: Requirement
    result: RunResult
    facts: Facts

    def doubts(self) -> list[Doubt]:
        metric = self.unmet.need.metric
        found: list[Doubt | None] = []
        if metric in CONTENT:
            found += [self._labels(), self._prompt()]
        elif metric in FORM and not self.facts.has_native:
            found.append(self._prompt())  # where nothing enforces the form, only the prompt can ask for it
        if (metric in FORM and self.facts.has_native) or (metric in CONTENT and self._loses_to_form()):
            found.append(self._form())
        if metric in CONTENT | FORM:
            found.append(self._truncation())
        return [doubt for doubt in found if doubt is not None]

    def _doubt(self, kind: Kind, why: str) -> Doubt:
        return Doubt(kind, self.contender.model, why)

    def _labels(self) -> Doubt | None:
        if "labels" in self.facts.vouched:
            return None
        share, need = self.facts.label_error_share, self.unmet.need
        if share is None:
            return self._doubt("labels", "the share of wrong labels is unknown, and wrong labels cap every model")
        cap, limit = 1 - share.high, need.threshold - need.margin
        if cap >= limit:
            return None
        return self._doubt(
            "labels", f"up to {share.high:.1%} wrong labels cap {need.metric} at {cap:.3f}, below the {limit:g} needed"
        )

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
        if "format" in self.facts.vouched or self.contender.enforce == "native" or not self.facts.has_native:
            return None
        twins = [c for c in self.result.contenders if self._is_native_twin(c)]
        if not twins:
            return self._doubt("format", "native structured output was not tried")
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

    def _truncation(self) -> Doubt | None:
        status = self.contender.status or {}
        total = sum(status.values())
        cut = status.get("truncated", 0) / total if total else 0.0
        if cut < MOST_TRUNCATED:
            return None
        return self._doubt("truncation", f"{cut:.1%} of the answers were cut off")


def doubts(contender: ContenderResult, unmet: Requirement, result: RunResult, facts: Facts) -> list[Doubt]:
    """What keeps an unmet need from counting for a fine-tune; empty where the evidence clears it.

    Needs of content are cleared by labels that do not cap them, by a prompt whose headroom is used up, and by answers
    that are not cut off; needs of form by native structured output that misses them too, or where no provider can
    enforce the form, by a prompt whose headroom is used up. Times and costs are what they are. `facts.vouched` stands
    in for evidence.
    """
    return _Gap(contender, unmet, result, facts).doubts()
