"""A limit on cost is kept with any number of requests under way."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.budget import Budget, Purse
from evalkit.records.completion import Completion, Failure, Timing, Usage
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from evalkit.records.request import Parameters, Prefix, Request, Turn

PRICE = Price((Tier(Rates(1.0, 5.0, 0.1, 1.25, 2.0)),), None, "a test")


def request(suffix: str = "a ticket", **parameters: int) -> Request:
    prefix = Prefix("Answer with one label.", (Turn("q", "a"),), "digest")
    return Request(prefix, suffix, Parameters(**{"max_tokens": 16, **parameters}), "s1")


def answered(usage: Usage | None) -> Completion:
    return Completion("x", "end", Timing(1.0), usage)


@given(
    limit=st.floats(0, 10),
    costs=st.lists(st.tuples(st.floats(0.01, 2), st.floats(0, 1)), max_size=40),
    workers=st.integers(1, 8),
    seed=st.integers(0, 99),
)
def test_the_limit_is_never_passed(limit: float, costs: list[tuple[float, float]], workers: int, seed: int) -> None:
    """Each request costs a share of the most that it can; at no time is more spent than the limit."""
    rng = random.Random(seed)
    budget = Budget(limit)
    refused = 0

    async def worker(mine: list[tuple[float, float]]) -> None:
        nonlocal refused
        for most, part in mine:
            if not await budget.take(most):
                refused += 1
                assert budget.spent + most > limit or limit < most
                continue
            for _ in range(rng.randrange(3)):
                await asyncio.sleep(0)
            budget.settle(most, most * part)
            assert budget.spent <= limit + 1e-9

    async def main() -> None:
        await asyncio.gather(*(worker(costs[i::workers]) for i in range(workers)))

    asyncio.run(asyncio.wait_for(main(), 20))
    if sum(most for most, _ in costs) <= limit:
        assert refused == 0


@given(
    prompt=st.integers(1, 40),
    output=st.integers(0, 16),
    kind=st.sampled_from(["input", "cache_write_1h", "cache_read"]),
)
def test_the_most_is_never_less_than_the_cost(prompt: int, output: int, kind: str) -> None:
    purse = Purse(Budget(1), PRICE)
    cost = PRICE.cost(Usage(**{kind: prompt, "output": output}))
    assert cost is not None
    assert cost <= purse.most(request())


def test_what_counts_as_spent() -> None:
    budget = Budget(1)
    purse = Purse(budget, PRICE)
    purse.settle(0.1, Failure("infra", "timeout"))
    purse.settle(0.1, None)
    assert budget.spent == 0
    purse.settle(0.1, answered(None))  # no usage reported: the most that it can have cost
    assert budget.spent == pytest.approx(0.1)
    purse.settle(0.1, answered(Usage(input=1000)))
    assert budget.spent == pytest.approx(0.101)


def test_thinking_counts_in_what_it_can_cost() -> None:
    purse = Purse(Budget(1), PRICE)
    loud = Request(request().prefix, "x", Parameters(16, reasoning="low"), "s1")
    assert purse.most(loud) > purse.most(request("x"))
