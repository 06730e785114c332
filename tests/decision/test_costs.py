"""What a call costs in each option, the fair rivals, and what running a fine-tune costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.decision.arrivals import active_seconds, hit_share
from evalkit.decision.costs import Option, cost_of_call, ways
from evalkit.decision.rivals import candidates, choose, rivals
from evalkit.decision.tuned import machines_per_month, per_month, replicas, tuned_cost
from evalkit.records.economics import CallMix, Economics, Gpu, Rival, Span
from evalkit.records.evidence import Facts
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from evalkit.records.run import ContenderResult
from tests.decision.worlds import MIX, PRICE, contender


@pytest.mark.parametrize(
    ("option", "miss", "hit"),
    [
        ("no caching", 2000 * 1 + 20 * 5, 2000 * 1 + 20 * 5),
        ("5m", 200 * 1 + 1800 * 1.25 + 100, 200 * 1 + 1800 * 0.1 + 100),
        ("1h", 200 * 1 + 1800 * 2 + 100, 200 * 1 + 1800 * 0.1 + 100),
        ("batch", 0.5 * 2100, 0.5 * 2100),
    ],
)
def test_each_option_by_hand(option: Option, miss: float, hit: float) -> None:
    cost = cost_of_call(MIX, PRICE, option)
    assert cost is not None
    assert (1e6 * cost.miss, 1e6 * cost.hit) == pytest.approx((miss, hit))


def test_the_tier_is_that_of_the_prompt() -> None:
    price = Price((Tier(Rates(0.1, 0.5), 100_000), Tier(Rates(0.5, 2.5))), None, "test")
    costs = [cost_of_call(CallMix(n, 0, 0, None, 1), price, "as asked") for n in (100_000, 100_001)]
    assert [round(1e6 * c.miss, 6) for c in costs if c] == [10_000, 50_000.5]


@pytest.mark.parametrize(
    ("rates", "unknown"),
    [
        (Rates(None, 5, 0.1, 1.25, 2), {"no caching", "5m", "1h", "batch"}),
        (Rates(1, None, 0.1, 1.25, 2), {"no caching", "5m", "1h", "batch"}),
        (Rates(1, 5, None, 1.25, 2), {"5m", "1h"}),
        (Rates(1, 5, 0.1, 1.25, None), {"1h"}),
        (Rates(1, 5, 0.1, None, 2), set()),
    ],
)
def test_an_unknown_rate_gives_none(rates: Rates, unknown: set[Option]) -> None:
    price = replace(PRICE, tiers=(Tier(rates),))
    options: tuple[Option, ...] = ("no caching", "5m", "1h", "batch")
    assert {o for o in options if cost_of_call(MIX, price, o) is None} == unknown


def test_a_miss_pays_the_input_rate_where_writes_have_none() -> None:
    cost = cost_of_call(MIX, replace(PRICE, tiers=(Tier(Rates(1, 5, 0.1)),)), "5m")
    assert cost is not None and 1e6 * cost.miss == pytest.approx(2100)


def test_options_of_a_provider() -> None:
    plain = Price((Tier(Rates(1, 5)),), None, "own")
    assert [w.option for w in ways(MIX, PRICE)] == ["no caching", "5m", "1h", "batch"]
    assert [w.option for w in ways(replace(MIX, eligible=0, read_share=None), PRICE)] == ["no caching", "batch"]
    assert [w.option for w in ways(replace(MIX, eligible=0, read_share=None), plain)] == ["as asked"]
    assert [w.option for w in ways(MIX, plain)] == ["no caching"]
    assert [w.option for w in ways(MIX, Price((Tier(Rates(1, 5, 0.1, 1.25)),), None, "o"))] == ["no caching", "5m"]
    assert ways(MIX, Price((Tier(Rates()),), None, "none known")) == ()


@pytest.mark.parametrize(("read_share", "share"), [(0.0, 0.0), (None, 0.0), (0.5, 0.5), (1.0, None)])
def test_hits_are_the_smaller_of_measured_and_arrivals(read_share: float | None, share: float | None) -> None:
    short = ways(replace(MIX, read_share=read_share), PRICE, 8)[1]
    arrivals = hit_share(3e3, 8, 300)
    assert 0.5 < arrivals < 1
    assert short.hits(np.full(1, 3e3))[0] == (arrivals if share is None else share)


@given(st.floats(1, 1e10), st.floats(1, 1e10), st.floats(0, 1))
def test_more_calls_never_make_a_call_dearer(a: float, b: float, read_share: float) -> None:
    low, high = sorted((a, b))
    for way in ways(replace(MIX, read_share=read_share), PRICE):
        per_call = way.per_call(np.array([low, high]))
        assert per_call[1] <= per_call[0] * (1 + 1e-12)


def facts(calls: float | None = 3e6, **more: object) -> Facts:
    span = None if calls is None else Span(calls, calls)
    base = Facts("suite.yaml", "evalkit run suite.yaml", economics=Economics(calls_per_month=span))
    return replace(base, **more)  # type: ignore[arg-type]


def rows_of(
    f: Facts, contenders: list[ContenderResult], meets: dict[str, bool | None], latency: bool
) -> tuple[Rival, ...]:
    return rivals(candidates(f, contenders), f, meets, latency)


def test_rivals_are_sorted_and_a_batch_suits_no_latency_need() -> None:
    f = facts(mixes={"a/p/prompt": MIX}, prices={"a/p/prompt": PRICE})
    rows = rows_of(f, [contender("a")], {"a/p/prompt": True}, True)
    assert [r.option for r in rows] == ["5m", "1h", "batch", "no caching"]
    assert [r.per_1000_calls for r in rows] == sorted(r.per_1000_calls for r in rows)
    assert [r.suits for r in rows] == [True, True, False, True]
    assert rows[0].per_month == pytest.approx(3000 * rows[0].per_1000_calls)
    assert rows[0].hit_share == MIX.read_share and rows[3].hit_share is None
    assert all(r.meets for r in rows)


def test_without_a_volume_nothing_is_said_of_a_month() -> None:
    f = facts(None, mixes={"a/p/prompt": MIX}, prices={"a/p/prompt": PRICE})
    rows = rows_of(f, [contender("a")], {}, False)
    assert {r.per_month for r in rows} == {None}
    assert next(r for r in rows if r.option == "5m").note.startswith("hit share as measured")


def test_a_shorter_prompt_on_dev_is_a_row_that_was_not_tested() -> None:
    dev = [contender("a", prompt=p, split="dev") for p in ("p", "few", "more")]
    mixes = {"a/p/prompt": MIX, "a/few/prompt": replace(MIX, prompt=500, eligible=0, read_share=None)}
    mixes["a/more/prompt"] = replace(MIX, prompt=4000)
    f = facts(mixes=mixes, prices=dict.fromkeys(mixes, PRICE))
    rows = rows_of(f, [contender("a"), *dev], dict.fromkeys(mixes, True), False)
    few = [r for r in rows if r.contender == "a/few/prompt"]
    assert {r.contender for r in rows} == {"a/p/prompt", "a/few/prompt"}
    assert {r.meets for r in few} == {None}
    assert all(r.note.startswith("accuracy measured on dev only") for r in few)
    found = candidates(f, [contender("a"), *dev])
    chosen = choose(found, rows, {"a/p/prompt": True}, False)
    assert chosen and chosen[1].contender == "a/p/prompt"  # the cheaper one on dev is no evidence


def test_the_rival_is_the_cheapest_that_meets_else_the_most_accurate_frontier() -> None:
    team = [contender("dear", 0.95), contender("cheap", 0.93), contender("own", 0.99, role="prompted")]
    cheap = replace(PRICE, tiers=(Tier(Rates(0.1, 0.5, 0.01, 0.125, 0.2)),))
    ids = [c.id for c in team]
    f = facts(mixes=dict.fromkeys(ids, MIX), prices={ids[0]: PRICE, ids[1]: cheap, ids[2]: PRICE})

    def chosen(meets: dict[str, bool | None], latency: bool = False) -> tuple[str, str]:
        found = candidates(f, team)
        picked = choose(found, rivals(found, f, meets, latency), meets, latency)
        assert picked
        return picked[1].contender, picked[1].option

    everyone: dict[str, bool | None] = dict.fromkeys(ids, True)
    assert chosen(everyone) == (ids[1], "5m")
    assert chosen({ids[0]: True, ids[1]: None, ids[2]: False}) == (ids[0], "5m")
    assert chosen(dict.fromkeys(ids, False)) == (ids[0], "5m")
    none_cached = replace(MIX, eligible=0, read_share=None)
    f = replace(f, mixes=dict.fromkeys(ids, none_cached))
    assert chosen(everyone) == (ids[1], "batch")
    assert chosen(everyone, latency=True) == (ids[1], "no caching")
    assert choose((), (), {}, False) is None


def test_replicas_step_up_and_never_fall_below_the_minimum() -> None:
    gpu = Gpu(gpu_hour=1.0, capacity_rps=10, min_replicas=2, peak_to_mean=3)
    one = active_seconds(12) * 10 / 3  # calls a month whose peak fills one machine
    counts = replicas(gpu, np.array([0, one, 2 * one, 2 * one * 1.001, 3 * one, 30.5 * one]), 12)
    assert counts.tolist() == [2, 2, 2, 3, 3, 31]
    assert machines_per_month(gpu, np.array([one]), 12)[0] == 2 * 730


@pytest.fixture
def tuned() -> ContenderResult:
    return contender("tuned", 0.95, role="fine_tuned")


def test_a_measured_endpoint_pays_for_its_own_tokens(tuned: ContenderResult) -> None:
    own = CallMix(100, 0, 10, None, 50)
    f = facts(mixes={tuned.id: own}, prices={tuned.id: Price((Tier(Rates(3, 6)),), None, "own")})
    found = tuned_cost(f, tuned, False)
    assert found and found.measured and found.fixed == Span(0, 0)
    assert found.marginal.low == pytest.approx(360e-6) and found.marginal.fixed
    hosted = replace(f, economics=Economics(hosting_per_month=Span(200, 2000)))
    again = tuned_cost(hosted, tuned, False)
    assert again and again.fixed == Span(200, 2000)


def test_machines_leave_hosting_and_marginal_out(tuned: ContenderResult) -> None:
    gpu = Gpu(gpu_hour=9, capacity_rps=40)
    economics = Economics(calls_per_month=Span(1e6, 1e9), hosting_per_month=Span(500, 500), gpu=gpu)
    f = facts(economics=economics, gpu_hours={tuned.id: 1.5})
    found = tuned_cost(f, tuned, False)
    assert found and found.gpu == Gpu(1.5, 40) and (found.fixed, found.marginal) == (Span(0, 0), Span(0, 0))
    month = per_month(found, economics)
    peak = 1e9 / active_seconds(24) * 3
    assert month == Span(1.5 * 730, np.ceil(peak / 40) * 1.5 * 730)
    planned = tuned_cost(replace(f, gpu_hours={}), None, False)
    assert planned and planned.gpu == gpu and not planned.measured


def test_one_replica_where_the_capacity_is_unknown(tuned: ContenderResult) -> None:
    found = tuned_cost(facts(gpu_hours={tuned.id: 2.0}), tuned, False)
    assert found and found.fixed == Span(1460, 1460) and found.gpu is None
    assert "not declared" in found.source


def test_scale_to_zero_pays_busy_seconds() -> None:
    f = facts(economics=Economics(gpu=Gpu(3.6, 4, min_replicas=0), hosting_per_month=Span(9, 9)))
    found = tuned_cost(f, None, False)
    assert found and found.fixed == Span(0, 0) and found.marginal.low == pytest.approx(0.001 / 4)


def test_the_declared_range_with_retraining_and_nothing_at_all() -> None:
    economics = Economics(
        calls_per_month=Span(1e6, 2e6),
        hosting_per_month=Span(200, 2000),
        tuned_cost_per_1000_calls=Span(0.05, 0.2),
        retrain_cost=Span(1200, 2400),
        retrains_per_year=Span(1, 2),
    )
    found = tuned_cost(facts(economics=economics), None, False)
    assert found and not found.measured and found.marginal == Span(0.05 / 1000, 0.2 / 1000)
    month = per_month(found, economics)
    assert month and (month.low, month.high) == pytest.approx((200 + 50 + 100, 2000 + 400 + 400))
    assert tuned_cost(facts(), None, False) is None
    assert per_month(found, Economics()) is None
