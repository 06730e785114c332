"""From probabilities to answers: for at 0.9 and more, against at 0.1 and less, whichever rival is the right one."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from evalkit.decision.alternatives import held_back_by, reason
from evalkit.decision.ground import Ground, likely
from evalkit.records.economics import Payback
from evalkit.records.verdict import AnswerState
from evalkit.wording.numbers import percent

PAYS_BACK: Callable[[Payback], float] = attrgetter("p_pays_back")
# Where no input is a range, a probability of 0 or 1 says nothing of how sure the figures are.
AS_CERTAIN = ", as certain as the figures that you gave"
CHEAPER: Callable[[Payback], float] = attrgetter("p_cheaper")


def disputed(ground: Ground) -> tuple[str, str] | None:
    """The rival and another that may be the right one, where the answers hang on which it is."""
    payback = ground.economics.payback
    if payback is None:
        return None
    for p in (PAYS_BACK, CHEAPER):
        other = _disagreeing(ground, likely(p(payback)), p)
        if other is not None and (p is PAYS_BACK or ground.case == "volume"):
            return payback.rival, other.rival
    return None


def _disagreeing(ground: Ground, state: AnswerState, p: Callable[[Payback], float]) -> Payback | None:
    """What turns a decided state: the payback against another rival that may be the right one."""
    paybacks = [each.payback for each in ground.others if each.payback is not None]
    return next((each for each in paybacks if state != "undecided" and likely(p(each)) != state), None)


def by_probability(
    ground: Ground, payback: Payback, p: Callable[[Payback], float], why: str
) -> tuple[AnswerState, str]:
    """The state that a probability gives, undecided where another rival that may be the right one turns it.

    "For" must hold against every alternative too.
    """
    state = likely(p(payback))
    other = _disagreeing(ground, state, p)
    if other is None:
        held = held_back_by(ground.alternatives, p) if state == "for" else None
        return (state, f"{why}.") if held is None else ("undecided", f"{why}; but {reason(held, p)}.")
    against = f"{percent(p(other))} against {other.rival} ({other.option})"
    return "undecided", f"{why}; but with {against}, and the run does not tell which to take."


def chance(p: float, payback: Payback) -> str:
    """A probability in words; one of 0 or 1 that comes from single figures says that it does."""
    return f"{percent(p)}{AS_CERTAIN if p in (0.0, 1.0) and payback.single_figures else ''}"
