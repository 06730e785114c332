"""A figure with its interval, its n and its method; and what it means for a requirement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["met", "unmet", "undecided"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured figure. `low` and `high` are the two-sided 95 % interval.

    An unknown is None, never 0: no samples gives value None, one sample gives no interval
    where the method needs two.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str


@dataclass(frozen=True, slots=True)
class Gap:
    """The shortfall against a threshold, positive where the need is missed, with one-sided 95 % bounds."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Need:
    """What the job needs of one metric. `at_least` False means an at-most need (latency, cost)."""

    metric: str
    threshold: float
    margin: float = 0.0
    at_least: bool = True

    @property
    def limit(self) -> float:
        """The figure at which the state turns: the threshold with its margin."""
        return self.threshold - self.margin if self.at_least else self.threshold + self.margin


@dataclass(frozen=True, slots=True)
class DecideChance:
    """How likely `rows` samples in all, `times` as many as there are, decide a need that is undecided."""

    times: int
    rows: int
    chance: float


@dataclass(frozen=True, slots=True)
class Requirement:
    """A need held against one contender's figures.

    `n_to_decide` is the number of samples in all that decides an undecided share with a chance of 80 %, None past
    20,000; `chances` are those of 2, 5 and 10 times as many samples as there are. `p_met` is the one-sided p
    value of "not met", infra errors counted as wrong; it is given where the state is met, for corrections over
    several contenders.
    """

    contender: str
    need: Need
    state: State
    gap: Gap
    n_to_decide: int | None
    why: str
    p_met: float | None = None
    chances: tuple[DecideChance, ...] = ()
