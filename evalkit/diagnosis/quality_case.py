"""What is wrong where a suite only says `quality`: the form of answers, a domain's words, or the time they take."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.records.estimate import Estimate, Requirement
from evalkit.records.evidence import Case
from evalkit.records.metric import is_another_name, kind_of
from evalkit.records.run import ContenderResult

_FORM, _WORDS = "format_validity", "vocabulary"
_MOST_OF_GAP = 0.5
_Found = tuple[Case | None, str]


def found_case(contenders: Sequence[ContenderResult], requirements: Sequence[Requirement]) -> _Found:
    """The case that the figures on test show, with the reason in one sentence; None where they show none.

    The diagnosis is that of the best frontier contender (where none was measured, of the best prompted one): fewest
    unmet needs, then the highest accuracy, then the first in the run.

    - `latency`: the only unmet needs are those of time.
    - `format`: of accuracy (or exact match) and format validity some is unmet, and with the form forgiven accuracy
      meets its need: the lower end of the lenient estimate's 95 % interval is at least threshold - margin.
    - `domain`: answers outside the vocabulary are at least half of the gap in accuracy, by the upper end of the
      vocabulary's interval, or by its value where its own need is unmet; or its need alone is unmet.
    """
    contender = _best(contenders, requirements)
    if contender is None:
        return None, "no prompted model was measured on test"
    mine = [r for r in requirements if r.contender == contender.id]
    unmet = {r.need.metric: r for r in mine if r.state == "unmet"}
    if not unmet:
        state = (
            "meets every need" if mine and all(r.state == "met" for r in mine) else "has no need that is surely unmet"
        )
        return None, f"{contender.id} {state}: there is nothing to diagnose"
    rest = {metric: r for metric, r in unmet.items() if kind_of(metric) != "time"}
    if not rest:
        return "latency", f"{contender.id} misses only {_list(unmet)}"
    return _Diagnosis(contender, mine, rest).case()


def _best(contenders: Sequence[ContenderResult], requirements: Sequence[Requirement]) -> ContenderResult | None:
    measured = [c for c in contenders if c.split == "test" and c.skipped is None]
    for role in ("frontier", "prompted"):
        some = [c for c in measured if c.role == role]
        if some:
            return min(some, key=lambda c: (_unmet(c, requirements), -_value(c, "accuracy")))
    return None


def _unmet(contender: ContenderResult, requirements: Sequence[Requirement]) -> int:
    return sum(r.contender == contender.id and r.state == "unmet" for r in requirements)


def _estimate(contender: ContenderResult, metric: str) -> Estimate | None:
    return (contender.metrics or {}).get(metric)


def _value(contender: ContenderResult, metric: str) -> float:
    found = _estimate(contender, metric)
    return -1.0 if found is None or found.value is None else found.value


def _list(metrics: dict[str, Requirement]) -> str:
    return " and ".join(metrics)


def _is_accuracy(metric: str) -> bool:
    return is_another_name(metric, "accuracy")


class _Diagnosis:
    """One contender with the unmet needs that are not of time."""

    def __init__(self, contender: ContenderResult, all_needs: list[Requirement], unmet: dict[str, Requirement]) -> None:
        self._contender, self._unmet, self._name = contender, unmet, contender.id
        self._accuracy = next((r for r in all_needs if _is_accuracy(r.need.metric)), None)

    def case(self) -> _Found:
        form, why_not = self._by_form()
        if form is not None:
            return form
        domain = self._by_words()
        if domain is not None:
            return domain
        return None, f"{self._name} misses {_list(self._unmet)}, and {why_not}"

    def _by_form(self) -> tuple[_Found | None, str]:
        """The case `format` with its reason, or why it is not."""
        others = {metric for metric in self._unmet if metric != _FORM and not _is_accuracy(metric)}
        if others:
            return None, f"the form of answers does not tell on {' and '.join(sorted(others))}"
        if self._accuracy is None:
            return ("format", f"{self._name} misses only {_list(self._unmet)}"), ""
        lenient = _estimate(self._contender, "accuracy_lenient")
        if lenient is None or lenient.value is None or lenient.low is None:
            return None, "there is no lenient reading of its answers"
        need = self._accuracy.need
        limit = need.limit
        strict = _value(self._contender, "accuracy")
        read = f"accuracy {strict:.3f} as asked, {lenient.value:.3f} with the form forgiven, {limit:g} needed"
        if lenient.low >= limit:
            return ("format", f"{self._name} loses by form alone: {read}"), ""
        if lenient.value >= limit:
            return None, f"{lenient.n:,} rows cannot tell whether form alone is the cause ({read})"
        return None, f"forgiving the form does not meet the need ({read})"

    def _by_words(self) -> _Found | None:
        if self._unmet.keys() == {_WORDS}:
            return "domain", f"{self._name} misses only the vocabulary ({_value(self._contender, _WORDS):.3f})"
        words = _estimate(self._contender, _WORDS)
        accuracy = next((r for metric, r in self._unmet.items() if _is_accuracy(metric)), None)
        if words is None or words.value is None or accuracy is None or not accuracy.gap.value:
            return None
        inside = words.value if _WORDS in self._unmet else words.high
        if inside is None or 1 - inside < _MOST_OF_GAP * accuracy.gap.value:
            return None
        return (
            "domain",
            f"{1 - words.value:.1%} of {self._name}'s answers are outside the vocabulary, which is most of the"
            f" {100 * accuracy.gap.value:.1f} points that {accuracy.need.metric} lacks",
        )
