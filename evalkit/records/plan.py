"""What a run would ask, cost and be able to see, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.records.estimate import Need
from evalkit.records.request import Request


@dataclass(frozen=True, slots=True)
class TokenMix:
    """Estimated tokens of one call: the shared prefix, the sample's own text, the visible answer."""

    prefix: float
    suffix: float
    output: float


@dataclass(frozen=True, slots=True)
class PlannedContender:
    """What one contender would be asked on a split. Tokens and US dollars are estimates.

    `cost` counts one cache write and reads afterwards where the prefix can be cached, `cost_uncached` none.
    `cost_low` and `cost_high` differ where it is not known whether the model caches a prefix of this length. All
    are None without a price. `skipped` is the reason why it would not be asked.
    """

    id: str
    provider_model: str
    split: str
    calls: int
    tokens: TokenMix
    cost: float | None
    cost_uncached: float | None
    prices_as_of: str | None
    skipped: str | None = None
    cost_low: float | None = None
    cost_high: float | None = None


@dataclass(frozen=True, slots=True)
class Visible:
    """What the sample size can see of one need.

    `shortfall` and `surplus` are the smallest true distances that are seen with 80 % power, None where no result
    could show one. `clean_answers` is how many answers, all right, it takes to show the need.
    """

    need: Need
    shortfall: float | None
    surplus: float | None
    clean_answers: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A dry run. `requests` has one rendered request per prompt; `n` is the number of test samples."""

    suite: str
    command: str
    n: int
    requests: Mapping[str, Request]
    contenders: tuple[PlannedContender, ...]
    visible: tuple[Visible, ...]
    warnings: tuple[str, ...]

    @property
    def cost(self) -> tuple[float | None, float | None]:
        """The least and the most that all contenders with a price cost together; None where none has one."""
        low = [c.cost_low for c in self.contenders if c.cost_low is not None and c.cost_high is not None]
        high = [c.cost_high for c in self.contenders if c.cost_low is not None and c.cost_high is not None]
        return (sum(low), sum(high)) if low else (None, None)
