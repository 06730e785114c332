"""A limit on what a run may cost: it is kept, not noticed afterwards.

Before a request is sent, the most that it can cost is set aside; when it is answered, what it did cost takes that
place. A request is sent only where everything spent and set aside stays within the limit, so the limit holds with any
number of requests under way.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from evalkit.records.completion import Completion, Failure
from evalkit.records.price import Price
from evalkit.records.request import Request

# Texts of all kinds have at least this many bytes per token in the tokenizers of the vendors; English has about 4.
_FEWEST_BYTES_PER_TOKEN = 2.0
_TOKENS_AROUND = 64  # what an API adds: roles, schema wrapper
_THINKING = 16_384  # the most that thinking may add to an answer


@dataclass
class Budget:
    """US dollars, shared by all contenders of a run."""

    limit: float
    spent: float = 0.0
    _aside: float = 0.0
    _landed: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, most: float) -> bool:
        """Set `most` aside, waiting for what is under way where it might leave room; False where it does not fit."""
        while self.spent + self._aside + most > self.limit:
            if self.spent + most > self.limit or not self._aside:
                return False
            await self._landed.wait()
        self._aside += most
        return True

    def settle(self, most: float, cost: float) -> None:
        """Put what a request did cost in the place of what was set aside."""
        self._aside = max(0.0, self._aside - most)
        self.spent += cost
        self._landed.set()
        self._landed = asyncio.Event()


@dataclass(frozen=True, slots=True)
class Purse:
    """One contender's hand in the budget, with its price."""

    budget: Budget
    price: Price

    def most(self, request: Request) -> float:
        """The most that one request can cost: every prompt token written to the cache, the longest answer."""
        texts = [request.prefix.system, request.suffix]
        texts += [text for turn in request.prefix.examples for text in (turn.user, turn.assistant)]
        tokens = round(sum(len(t.encode("utf-8", "replace")) for t in texts) / _FEWEST_BYTES_PER_TOKEN) + _TOKENS_AROUND
        thinks = request.parameters.reasoning not in (None, "off")
        answer = request.parameters.max_tokens + (_THINKING if thinks else 0)
        rates = self.price.rates_for(tokens)
        written = max(rate or 0.0 for rate in (rates.input, rates.cache_write_5m, rates.cache_write_1h))
        return (tokens * written + answer * (rates.output or 0.0)) * 1e-6

    async def take(self, request: Request) -> float | None:
        """Set aside what a request can cost at most; None where it does not fit into the budget."""
        most = self.most(request)
        return most if await self.budget.take(most) else None

    def settle(self, most: float, outcome: Completion | Failure | None) -> None:
        """Put the cost of an outcome in the place of what was set aside; None is a request that was given up.

        An answer without usage counts as the most that it can have cost; a failure costs nothing.
        """
        cost = 0.0
        if isinstance(outcome, Completion):
            known = self.price.cost(outcome.usage) if outcome.usage else None
            cost = most if known is None else known
        self.budget.settle(most, cost)
