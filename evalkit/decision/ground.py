"""What all questions are answered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.decision.gap import evidence, frontier
from evalkit.records.economics import EconomicsFigures, Payback
from evalkit.records.evidence import Case, Facts
from evalkit.records.run import ContenderResult, RunResult
from evalkit.records.verdict import AnswerState
from evalkit.wording.names import RULES_OF_THUMB
from evalkit.wording.text import listed

SURE, UNLIKELY = 0.9, 0.1
EVEN = 0.5  # a chance below which nobody would bet money
THUMB = f"Rules of thumb, which decide nothing: {listed(list(RULES_OF_THUMB))}."


@dataclass(frozen=True, slots=True)
class Alternative:
    """A prompted contender with the payback against it, whose probability must be at least `least`.

    `free`: its price is unknown, so it counts as free.
    """

    contender: ContenderResult
    payback: Payback
    free: bool
    least: float = SURE


@dataclass(frozen=True, slots=True)
class Ground:
    """What all questions are answered from. `meets` is by contender; `case` is the one in force.

    `others` are the economics against contenders that may be the right rival too, see `open_rival`; `alternatives` are
    what a fine-tune must beat besides, see `alternatives`.
    """

    result: RunResult
    facts: Facts
    case: Case | None
    meets: Mapping[str, bool | None]
    economics: EconomicsFigures
    others: tuple[EconomicsFigures, ...] = ()
    alternatives: tuple[Alternative, ...] = ()

    @property
    def winners(self) -> list[ContenderResult]:
        """The prompted contenders that meet all needs, the most accurate first."""
        met = [c for c in evidence(self.result) if self.meets.get(c.id)]
        return sorted(met, key=lambda c: -accuracy(c))

    @property
    def unmeasured(self) -> list[str]:
        """Frontier models of the suite that were not measured on test."""
        measured = {c.model for c in frontier(self.result)}
        return [name for name in self.facts.listed_frontier if name not in measured]

    def unmeasured_cheaper_than(self, payback: Payback) -> list[str]:
        """Frontier models that were not measured and may be cheaper than the rival of a payback, or of unknown cost."""
        rival = min(r.per_1000_calls for r in self.economics.rivals if r.contender == payback.rival and r.suits)
        known = {u.model: u.per_1000_calls for u in self.result.unmeasured}
        return [name for name in self.unmeasured if (cost := known.get(name)) is None or cost < rival]


def accuracy(contender: ContenderResult) -> float:
    """The measured accuracy, -1 where unknown, for ordering only."""
    estimate = (contender.metrics or {}).get("accuracy")
    return -1.0 if estimate is None or estimate.value is None else estimate.value


def likely(p: float) -> AnswerState:
    """For at 0.9 and more, against at 0.1 and less."""
    return "for" if p >= SURE else "against" if p <= UNLIKELY else "undecided"
