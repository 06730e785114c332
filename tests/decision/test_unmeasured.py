"""What calls cost before they are made: a range where it is not known whether the model caches the prefix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.decision.unmeasured import Unmeasured, Volume, cost_of_calls, cost_range, unmeasured_cost
from evalkit.decision.verdict import decide
from evalkit.records.model import ModelSpec, Rates
from evalkit.records.plan import TokenMix
from evalkit.records.price import Price, Tier
from evalkit.records.run import UnmeasuredCost
from tests.builders.contenders import contender
from tests.builders.facts import facts_of
from tests.builders.runs import run_of

HAIKU = Price((Tier(Rates(0.10, 0.50, 0.01, 0.125, 0.20)),), None, "test")
SPEC = ModelSpec("haiku", "anthropic/claude-haiku-5-5", "frontier")
CALLS = 353
# A prefix of 787 tokens on 353 calls: 0.012 $ where it is cached, 0.037 $ where it is not.
UNKNOWN = Unmeasured(SPEC, "no key", TokenMix(787, 200, 12), HAIKU, "5m", None, CALLS)
HITS = (CALLS - 1) / CALLS


def test_an_unknown_shortest_prefix_gives_both_costs() -> None:
    low, high = cost_range(UNKNOWN, CALLS, HITS)
    assert low == pytest.approx(0.0121, abs=1e-4)
    assert high == pytest.approx(0.0370, abs=1e-4)
    assert cost_of_calls(UNKNOWN, CALLS, HITS) == low


@pytest.mark.parametrize(("shortest", "sure"), [(512, True), (1024, False), (700, None), (800, None)])
def test_a_known_one_gives_one_cost_unless_the_estimated_tokens_are_too_close(shortest: int, sure: bool | None) -> None:
    low, high = cost_range(replace(UNKNOWN, shortest=shortest), CALLS, HITS)
    cached, fresh = (cost_of_calls(UNKNOWN, CALLS, HITS, caching) for caching in (True, False))
    assert (low, high) == {True: (cached, cached), False: (fresh, fresh), None: (cached, fresh)}[sure]


def test_without_caching_or_price_there_is_no_range() -> None:
    off = cost_range(replace(UNKNOWN, cache_ttl="off"), CALLS, HITS)
    assert off[0] == off[1] == cost_of_calls(UNKNOWN, CALLS, HITS, caching=False)
    assert cost_range(replace(UNKNOWN, price=None), CALLS, HITS) == (None, None)


def test_one_call_costs_less_without_caching() -> None:
    """A lone call would pay the write, which is dearer than reading the prefix fresh."""
    low, high = cost_range(UNKNOWN, 1, 0.0)
    assert low == cost_of_calls(UNKNOWN, 1, 0.0, caching=False)
    assert high == cost_of_calls(UNKNOWN, 1, 0.0, caching=True)


def test_the_sentence_gives_both_bills() -> None:
    cost = unmeasured_cost(UNKNOWN, Volume(3e6, 24, hosting_low=200))
    assert "its bill is about $102 to $314; hosting a fine-tune starts at $200." in cost.text
    assert "not known whether this model caches" in cost.text
    assert "RULE OUT" not in cost.text
    assert cost.per_month == cost.per_month_low
    assert cost.per_month_high is not None
    assert cost.per_month_low is not None
    assert cost.per_month_low < 200 < cost.per_month_high


def test_only_a_bill_that_is_surely_lower_rules_out() -> None:
    sure = unmeasured_cost(replace(UNKNOWN, shortest=512), Volume(3e6, 24, hosting_low=200))
    assert "under the $200 that hosting alone costs: RULE OUT on cost." in sure.text
    assert "not known" not in sure.text
    both_under = unmeasured_cost(UNKNOWN, Volume(1e6, 24, hosting_low=200))
    assert "RULE OUT on cost." in both_under.text


def test_the_next_step_gives_both_costs_of_measuring() -> None:
    skipped = contender("haiku", skipped="ANTHROPIC_API_KEY is not set")
    result = replace(run_of((contender("sonnet"), 0.8, 0.999), (skipped, 0, 0)), unmeasured=(_cost(),))
    step = decide(result, facts_of(result, missing_env={"haiku": ("ANTHROPIC_API_KEY",)})).next_step
    assert step.endswith("   # about $0.012 to $0.037")
    old = replace(_cost(), run_cost_low=None, run_cost_high=None)
    result = replace(result, unmeasured=(old,))
    step = decide(result, facts_of(result, missing_env={"haiku": ("ANTHROPIC_API_KEY",)})).next_step
    assert step.endswith("   # about $0.012")


def _cost() -> UnmeasuredCost:
    return unmeasured_cost(UNKNOWN, Volume())
