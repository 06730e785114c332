"""A world of which everything is known: what models can do, what labels are worth, what things cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from evalkit.records.economics import CallMix, Economics, Span
from evalkit.records.evidence import Case, Vouch
from evalkit.records.price import Price

Kind = Literal["near", "free", "far"]


@dataclass(frozen=True, slots=True)
class Ability:
    """One contender as it is: shares of right and of valid answers, and the p95 of its first token (ms)."""

    accuracy: float
    valid: float
    ttft: float


@dataclass(frozen=True, slots=True)
class Talent:
    """One frontier model as it is.

    `content` is the share of right answers among valid ones, `valid` the share of valid ones when asked in words,
    `native` the same with native structured output (None: not measured). `rungs` prompts were tried on dev; the last
    one gains `gain` over the one before it and they differ in a share `discord` of the rows.
    """

    name: str
    content: float
    valid: float
    native: float | None
    ttft: float
    rungs: int
    gain: float
    discord: float
    mix: CallMix
    price: Price

    @property
    def contenders(self) -> Iterator[tuple[str, Ability]]:
        """By way of enforcing the form."""
        yield "prompt", Ability(self.content * self.valid, self.valid, self.ttft)
        if self.native is not None:
            yield "native", Ability(self.content * self.native, self.native, self.ttft)


@dataclass(frozen=True, slots=True)
class Money:
    """True costs and values: dollars, `marginal` a call of the fine-tune. `value` is that of a correct answer."""

    calls: float
    build: float
    hosting: float
    marginal: float
    retrain: float
    retrains: float
    price_change: float
    value: float
    value_per_month: float
    tuned_accuracy: float
    horizon: int


@dataclass(frozen=True, slots=True)
class World:
    """The truth, and what its owner declares of it."""

    kind: Kind
    case: Case | None
    need: float
    margin: float
    form_need: float
    ttft_need: float
    talents: tuple[Talent, ...]
    one_unmeasured: bool
    vouched: tuple[Vouch, ...]
    usable: int
    rarest: int
    wrong_labels: float
    declared_wrong: Span | None
    money: Money
    declared: Economics
