"""What a call costs: measured tokens at a dated price, with and without caching, or in a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evalkit.decision.arrivals import TTL_SECONDS, hit_share
from evalkit.records.economics import CallMix
from evalkit.records.price import Price
from evalkit.stats.clusters import FloatArray

Option = Literal["no caching", "5m", "1h", "batch", "as asked"]
_PER_MILLION = 1e-6


@dataclass(frozen=True, slots=True)
class CallCost:
    """US dollars of one call that finds the prefix cached (`hit`) and of one that does not (`miss`)."""

    miss: float
    hit: float

    def at(self, share: FloatArray) -> FloatArray:
        """The mean over calls of which a share (any shape) hits."""
        return self.miss + share * (self.hit - self.miss)


@dataclass(frozen=True, slots=True)
class Way:
    """A contender's calls in one option, with a known cost. Calls arrive within `active_hours` a day."""

    option: Option
    mix: CallMix
    cost: CallCost
    active_hours: float = 24.0

    def hits(self, calls_per_month: FloatArray) -> FloatArray:
        """Share of calls that find the prefix cached: the measured share, or that of the arrivals where lower.

        0 for an option without caching.
        """
        if self.option not in TTL_SECONDS:
            return np.zeros_like(calls_per_month)
        return np.minimum(self.measured, hit_share(calls_per_month, self.active_hours, TTL_SECONDS[self.option]))

    def per_call(self, calls_per_month: FloatArray) -> FloatArray:
        """US dollars a call at each volume (any shape)."""
        return self.cost.at(self.hits(calls_per_month))

    @property
    def caches(self) -> bool:
        """Whether the option is one with caching."""
        return self.option in TTL_SECONDS

    @property
    def measured(self) -> float:
        """The measured share of eligible tokens that were read from cache; 0 where the counters showed none."""
        return self.mix.read_share or 0.0


def cost_of_call(mix: CallMix, price: Price, option: Option) -> CallCost | None:
    """What a call costs in an option; None where a needed rate is unknown or the provider has no such option.

    The tier is that of the mean prompt. A batch pays `batch_multiplier` of the uncached cost. A miss pays the write
    rate of the TTL; a provider that has none for 5 minutes takes the input rate.
    """
    rates = price.rates_for(round(mix.prompt))
    eligible = mix.eligible if option in TTL_SECONDS else 0.0
    fresh, output = _dollars(mix.prompt - eligible, rates.input), _dollars(mix.output, rates.output)
    if fresh is None or output is None:
        return None
    if option == "batch":
        if price.batch_multiplier is None:
            return None
        batch = price.batch_multiplier * (fresh + output)
        return CallCost(batch, batch)
    short = rates.input if rates.cache_write_5m is None else rates.cache_write_5m
    write = _dollars(eligible, rates.cache_write_1h if option == "1h" else short)
    read = _dollars(eligible, rates.cache_read)
    if write is None or read is None:
        return None
    return CallCost(fresh + write + output, fresh + read + output)


def ways(mix: CallMix, price: Price, active_hours: float = 24.0) -> tuple[Way, ...]:
    """All options whose cost is known, from a measured mix at a price.

    Options with caching only where the counters showed tokens that the cache takes. A provider without cache rates
    has the one option `as asked` (and a batch, where it offers one).
    """
    known = price.rates_for(round(mix.prompt)).cache_read is not None
    options: tuple[Option, ...] = ("no caching" if known or mix.eligible else "as asked",)
    if known and mix.eligible:
        options += ("5m", "1h")
    costs = [(option, cost_of_call(mix, price, option)) for option in (*options, "batch")]
    return tuple(Way(option, mix, cost, active_hours) for option, cost in costs if cost is not None)


def cheapest(options: tuple[Way, ...], calls_per_month: float) -> Way:
    """The cheapest option at a volume, the first where several cost the same. Raises ValueError without options."""
    return min(options, key=lambda way: float(way.per_call(np.full(1, calls_per_month))[0]))


def _dollars(tokens: float, rate: float | None) -> float | None:
    """Tokens at a rate per million; an unknown rate matters only where tokens pay it."""
    if not tokens:
        return 0.0
    return None if rate is None else tokens * rate * _PER_MILLION
