"""Can the declared fine-tune reach what is needed? A build for less than the need is no build."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.decision.gap import evidence, needed_of_content
from evalkit.decision.ground import EVEN, Ground
from evalkit.decision.project import TUNED_ACCURACY, Input
from evalkit.records.economics import Span
from evalkit.records.metric import is_another_name
from evalkit.records.verdict import AnswerState
from evalkit.wording.names import metric
from evalkit.wording.numbers import percent, share, span_of

_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the expected accuracy reaches the need, with the sentence (no full stop) that says so."""

    state: AnswerState
    why: str


def reach(ground: Ground) -> Reach:
    """The rule: a range that cannot reach the need is against, and so is one below the best prompted figure.

    "Cannot" is P(tuned ≥ need) = 0; a chance below a half, or an undeclared expectation where accuracy is needed, is
    undecided. Without a need of right answers nothing hangs on it; one of another metric than accuracy is for or
    undecided. The prompted figure is the most accurate contender's; its 95 % interval must lie above the range for a
    sure "against".
    """
    economics, need = ground.facts.economics, needed_of_content(ground.result)
    if need is None:
        return Reach("for", "no share of right answers is needed")
    needed, named = need.limit, "accuracy" if is_another_name(need.metric, "accuracy") else metric(need.metric)
    expected = None if economics is None else economics.tuned_accuracy
    if expected is None:
        return Reach(
            "undecided",
            f"that a fine-tune reaches the {named} of {share(needed)} needed is not declared "
            f"(`economics.{TUNED_ACCURACY}`)",
        )
    said = f"a fine-tune reaches an accuracy of {span_of(expected, 'share')}"
    chance = chance_of(expected, needed)
    if named != "accuracy":
        # An accuracy says something of the other figure, and not enough to rule anything out.
        if chance >= EVEN:
            return Reach("for", f"you expect that {said}, and {named} needs {share(needed)}")
        why = f"you expect that {said}, which does not tell that its {named} reaches the {share(needed)} needed"
        return Reach("undecided", why)
    if chance == 0:
        return Reach("against", f"by your own expectation {said}, below the {share(needed)} needed")
    best = _best_prompted(ground)
    if best is not None and expected.high < best.low:
        return Reach(
            "against", f"by your own expectation {said}, and prompting reaches {share(best.centre)} ({best.name})"
        )
    if chance < EVEN:
        return Reach(
            "undecided",
            f"by your own expectation {said}, which is the {share(needed)} needed with a probability of "
            f"{percent(chance)} only",
        )
    if best is not None and expected.high < best.centre:
        return Reach(
            "undecided",
            f"by your own expectation {said}, and prompting reaches about {share(best.centre)} ({best.name})",
        )
    return Reach(
        "for",
        f"you expect that {said}: the {share(needed)} needed with a probability of {percent(chance)}",
    )


def chance_of(expected: Span, needed: float) -> float:
    """P(a draw from the range ≥ needed)."""
    if expected.low >= needed - _TIE:
        return 1.0
    if expected.high < needed - _TIE or expected.fixed:
        return 0.0
    return (expected.high - needed) / (expected.high - expected.low)


def _best_prompted(ground: Ground) -> Input | None:
    """The most accurate prompted contender's accuracy with its 95 % interval."""
    found = [Input.measured(c.id, (c.metrics or {}).get("accuracy")) for c in evidence(ground.result)]
    return max((f for f in found if f is not None), key=lambda f: f.centre, default=None)
