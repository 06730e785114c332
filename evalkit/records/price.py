"""A dated price: rates per token bucket, by prompt length."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.records.completion import Usage
from evalkit.records.model import Rates

_PER_MILLION = 1e-6


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates for whole requests whose prompt has at most `up_to_prompt_tokens` tokens (None: no limit)."""

    rates: Rates
    up_to_prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, as of a date (ISO), and where that was read.

    `batch_multiplier` is what a batch API asks of the list price, None where there is none.
    """

    tiers: tuple[Tier, ...]
    as_of: str | None
    source: str
    batch_multiplier: float | None = None

    def rates_for(self, prompt_tokens: int) -> Rates:
        """The rates of the tier that a prompt of this length falls into."""
        for tier in self.tiers:
            if tier.up_to_prompt_tokens is None or prompt_tokens <= tier.up_to_prompt_tokens:
                return tier.rates
        return self.tiers[-1].rates

    def cost(self, usage: Usage, batch: bool = False) -> float | None:
        """US dollars of one request, or None if a bucket in use has no known rate.

        By `batch` it is asked through a batch API, whose price is known only with a `batch_multiplier`.
        """
        multiplier = self.batch_multiplier if batch else 1.0
        if multiplier is None:
            return None
        rates = self.rates_for(usage.prompt)
        total = 0.0
        for tokens, rate in (
            (usage.input, rates.input),
            (usage.cache_read, rates.cache_read),
            (usage.cache_write_5m, rates.cache_write_5m),
            (usage.cache_write_1h, rates.cache_write_1h),
            (usage.output, rates.output),
        ):
            if tokens:
                if rate is None:
                    return None
                total += tokens * rate
        return total * multiplier * _PER_MILLION
