"""From a run's figures and facts to the economics, and the calculator that needs no run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.decision.breakeven import Calculation, break_even
from evalkit.decision.economics import figures, labels_to_buy
from evalkit.records.economics import CallMix, Economics, EconomicsFigures, Gpu, Span
from evalkit.records.estimate import Gap, Need, Requirement
from evalkit.records.evidence import Case, Facts, LabelFacts
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from evalkit.records.run import ContenderResult, RunResult
from tests.decision.worlds import MIX, PRICE, contender

HAIKU = contender("haiku", 0.90)
TUNED = contender("tuned", 0.95, role="fine_tuned")
ID, TUNED_ID = HAIKU.id, TUNED.id


def at(value: float) -> Span:
    return Span(value, value)


DECLARED = Economics(
    calls_per_month=at(1e7),
    build_cost=Span(15_000, 60_000),
    hosting_per_month=Span(200, 2000),
    tuned_cost_per_1000_calls=Span(0.05, 0.2),
    tuned_accuracy=Span(0.93, 0.97),
    operations_per_month=at(0),
)
BARE = Facts(
    "suite.yaml",
    "evalkit run suite.yaml",
    mixes={ID: MIX, TUNED_ID: CallMix(200, 0, 20, None, 300)},
    prices={ID: PRICE, TUNED_ID: Price((Tier(Rates(0.5, 1)),), None, "own")},
    economics=DECLARED,
)


def run(*contenders: ContenderResult, needs: str = "accuracy") -> RunResult:
    need = Need(needs, 0.92)
    required = tuple(Requirement(c.id, need, "undecided", Gap(None, None, None), None, "") for c in contenders)
    return RunResult("suite", "runs/1", True, contenders, required)


def found(
    case: Case | None = "volume", *, facts: Facts = BARE, needs: str = "accuracy", **declared: Any
) -> EconomicsFigures:
    if declared:
        facts = replace(facts, economics=replace(facts.economics or Economics(), **declared))
    return figures(run(HAIKU, needs=needs), facts, {ID: True}, case)


def test_case_volume_counts_the_cost_alone() -> None:
    it = found(value_of_a_correct_answer=at(1e9))
    done = it.payback
    assert done and it.missing == () and it.needed_value is None
    assert (done.rival, done.option, done.draws) == (ID, "5m", 10_000)
    per_call = it.rivals[0].per_1000_calls / 1000
    assert done.saving_per_call.low == pytest.approx(per_call - 0.0002)
    assert done.saving_per_call.high == pytest.approx(per_call - 0.00005)
    assert done.net.high < 1e6
    assert it.tuned_per_month == Span(200 + 500, 2000 + 2000)


def test_a_batch_is_the_rival_only_where_the_workload_can_wait() -> None:
    without_cache = replace(BARE, mixes={ID: replace(MIX, eligible=0, read_share=None)})
    live, waits = found(facts=without_cache), found(facts=without_cache, can_wait=True)
    quick = found(facts=without_cache, can_wait=True, needs="ttft_p95_ms")
    assert live.payback and live.payback.option == "no caching"
    assert waits.payback and waits.payback.option == "batch"
    for figures_ in (live, waits):  # the table always shows both
        assert {r.option for r in figures_.rivals} == {"no caching", "batch"}
    batch = next(r for r in live.rivals if r.option == "batch")
    assert not batch.suits and "only where the workload can wait" in batch.note
    # What may be paid for a build halves where the rival does.
    assert live.payback.affordable_build and waits.payback.affordable_build
    assert live.payback.affordable_build > 1.9 * waits.payback.affordable_build
    assert quick.payback and quick.payback.option == "no caching"
    latency = found("latency", facts=without_cache, can_wait=True, value_of_meeting_need_per_month=at(9e3))
    assert latency.payback and latency.payback.option == "no caching"


def test_a_value_that_is_missing_is_named_and_what_it_would_take_is_known() -> None:
    it = found("domain")
    assert it.payback is None and it.missing == ("economics.value_of_a_correct_answer",)
    assert it.needed_value and it.needed_value_per_month
    done = found("domain", value_of_a_correct_answer=at(it.needed_value * 1.001)).payback
    assert done and done.p_pays_back == pytest.approx(0.9, abs=0.002)
    month = found("domain", value_of_meeting_need_per_month=at(it.needed_value_per_month * 1.001)).payback
    assert month and month.p_pays_back == pytest.approx(0.9, abs=0.002)


@pytest.mark.parametrize(
    ("case", "declared", "missing"),
    [
        ("latency", {}, "economics.value_of_meeting_need_per_month"),
        ("format", {}, "economics.value_of_meeting_need_per_month"),
        (None, {}, "economics.value_of_a_correct_answer"),
        ("domain", {"value_of_a_correct_answer": at(1), "tuned_accuracy": None}, "economics.tuned_accuracy"),
        ("volume", {"calls_per_month": None}, "economics.calls_per_month"),
        ("volume", {"build_cost": None}, "economics.build_cost"),
        ("volume", {"tuned_cost_per_1000_calls": None}, "economics.tuned_cost_per_1000_calls"),
    ],
)
def test_each_missing_key(case: Case | None, declared: dict[str, Any], missing: str) -> None:
    it = found(case, **declared)
    assert it.payback is None and it.missing == (missing,)


def test_nothing_declared_and_nothing_priced() -> None:
    nothing = figures(run(HAIKU), Facts("s", "c"), {}, "volume")
    assert nothing.missing == (
        "economics.calls_per_month",
        "economics.build_cost",
        "economics.tuned_cost_per_1000_calls",
        f"tokens of {ID}",
    )
    unpriced = found(facts=replace(BARE, prices={}))
    assert unpriced.missing == ("models.haiku.price",) and unpriced.rivals == ()
    assert unpriced.notes == (f"{ID} is not among the rivals: models.haiku.price is unknown.",)
    assert figures(run(), BARE, {}, "volume").missing == ("models",)


def test_labels_to_buy_raise_the_build_and_are_told_where_they_have_no_price() -> None:
    short = replace(BARE, labels=LabelFacts(rows=400, exact=0, near=0, in_test=0, usable=400))
    assert labels_to_buy(short) == 600 and labels_to_buy(BARE) == 0
    dear, cheap = found(facts=short, label_cost_each=at(50)).payback, found().payback
    assert dear and cheap and dear.gross_calls and cheap.gross_calls
    assert dear.gross_calls.low == pytest.approx(cheap.gross_calls.low * 3)  # 15,000 and 600 labels at 50
    assert found(facts=short).notes == (
        "600 labels are still to be bought at an undeclared price; the build is counted without.",
    )


def test_people_belong_to_the_fixed_cost_and_are_missed_where_undeclared() -> None:
    none, people = found().payback, found(operations_per_month=at(1000))
    assert none and people.payback
    assert none.net.median - people.payback.net.median == pytest.approx(12_000)
    assert people.tuned_per_month == Span(200 + 500 + 1000, 2000 + 2000 + 1000)
    assert not people.notes
    undeclared = found(operations_per_month=None)
    assert [note for note in undeclared.notes if "not counted" in note and "operations_per_month" in note]


def test_both_values_count() -> None:
    def net(**declared: Any) -> float:
        payback = found("latency", **declared).payback
        assert payback
        return payback.net.median

    month, answer = {"value_of_meeting_need_per_month": at(9e3)}, {"value_of_a_correct_answer": at(0.01)}
    neither = net(value_of_meeting_need_per_month=at(0))
    assert net(**month, **answer) - neither == pytest.approx(net(**month) + net(**answer) - 2 * neither, rel=0.02)
    assert found("latency", **month, **answer, tuned_accuracy=None).missing == ("economics.tuned_accuracy",)


def test_single_figures_say_how_certain_they_are() -> None:
    fixed = {
        "build_cost": at(20_000),
        "hosting_per_month": at(500),
        "tuned_cost_per_1000_calls": at(0.05),
        "tuned_accuracy": at(0.95),
    }
    ranged, single = found().payback, found(**fixed).payback
    assert ranged and single
    assert single.single_figures and not ranged.single_figures


def test_half_a_retraining_is_told() -> None:
    assert found(retrain_cost=at(1000)).notes[0].startswith("No retraining is counted")
    once, twice = (found(retrain_cost=at(1000), retrains_per_year=at(n)).payback for n in (1, 2))
    assert once and twice and once.net.median - twice.net.median == pytest.approx(1000)


def keep(case: Case | None, facts: Facts = BARE, **declared: Any) -> EconomicsFigures:
    facts = replace(facts, economics=replace(facts.economics or Economics(), **declared))
    return figures(run(HAIKU, TUNED), facts, {ID: False}, case, built=TUNED_ID)


def test_a_built_endpoint_has_no_build_and_its_own_tokens() -> None:
    short = replace(BARE, labels=LabelFacts(rows=1, exact=0, near=0, in_test=0, usable=1))
    it = keep("volume", short, build_cost=None, label_cost_each=at(9), hosting_per_month=at(100))
    assert it.tuned and it.tuned.measured and it.tuned.marginal.low == pytest.approx(120e-6)
    done = it.payback
    assert done and it.missing == () and done.affordable_build is None
    assert done.gross_calls == Span(0, 0)
    monthly = 1e7 * (it.rivals[0].per_1000_calls / 1000 - 120e-6) - 100
    assert done.net.median == pytest.approx(12 * monthly) and done.p_pays_back == 1
    gone = keep("volume", hosting_per_month=at(100_000)).payback
    assert gone and gone.p_pays_back == 0


def test_a_built_endpoint_is_worth_what_it_was_measured_to_gain() -> None:
    it = keep("domain", value_of_a_correct_answer=at(0.01), tuned_accuracy=at(0.5))
    assert it.payback and it.payback.net.median > 0
    names = [s.name for s in it.payback.swings]
    assert {f"accuracy of {ID}", f"accuracy of {TUNED_ID}"} <= set(names)
    with pytest.raises(ValueError, match="not measured"):
        figures(run(HAIKU), BARE, {}, None, built=TUNED_ID)


def test_machines_by_the_suite() -> None:
    it = found(gpu=Gpu(1.1, 40), tuned_cost_per_1000_calls=None)
    assert it.tuned and it.tuned.gpu == Gpu(1.1, 40) and it.tuned_per_month == at(1.1 * 730)
    assert it.payback and it.payback.needed_calls


def test_a_cheap_model_cannot_be_undercut() -> None:
    cheap = Price((Tier(Rates(0.10, 0.50, 0.01, 0.125, 0.20), 100_000),), "2026-10-24", "list", 0.5)
    it = found(facts=replace(BARE, prices={ID: cheap}))
    assert it.payback and it.payback.p_pays_back == 0 and it.payback.p_cheaper == 0
    assert it.payback.needed_calls is None and it.payback.months.low == float("inf")


def test_the_calculator_gives_the_rule_of_thumb() -> None:
    plain = Calculation(calls_per_month=at(1e7), build_cost=Span(15_000, 60_000), saving_per_call=Span(0.0003, 0.0008))
    it = break_even(plain)
    assert it.gross_calls and (it.gross_calls.low, it.gross_calls.high) == pytest.approx((18.75e6, 200e6))
    assert it.gross_months and (it.gross_months.low, it.gross_months.high) == pytest.approx((1.875, 20))
    assert 1.875 < it.months.low < it.months.median < it.months.high < 20
    assert it.needed_calls and break_even(replace(plain, calls_per_month=at(it.needed_calls))).p_pays_back >= 0.9
    assert break_even(plain) == it
    ranged = break_even(replace(plain, calls_per_month=Span(1e6, 1e7))).gross_months
    assert ranged and (ranged.low, ranged.high) == pytest.approx((1.875, 200))
    hosted = break_even(replace(plain, hosting_per_month=at(2000), retrain_cost=at(6000), retrains_per_year=at(1)))
    assert hosted.p_pays_back < it.p_pays_back and hosted.net.median < it.net.median - 25_000


def test_the_calculator_takes_the_two_costs_and_a_price_change() -> None:
    costs = Calculation(
        calls_per_month=at(1e6),
        build_cost=at(6000),
        prompted_cost_per_1000_calls=at(1.2),
        tuned_cost_per_1000_calls=at(0.2),
    )
    assert break_even(costs).months.median == pytest.approx(6)
    assert break_even(costs).saving_per_call.low == pytest.approx(0.001)
    falling = break_even(replace(costs, prompted_price_change_per_year=at(-0.5)))
    assert 6 < falling.months.median < 12
    collapsing = break_even(replace(costs, prompted_price_change_per_year=at(-0.95)))
    assert collapsing.months.median == float("inf") and collapsing.p_pays_back == 0


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"prompted_cost_per_1000_calls": at(1)},
        {"saving_per_call": at(1), "tuned_cost_per_1000_calls": at(1)},
        {"saving_per_call": at(1), "prompted_price_change_per_year": at(-0.3)},
    ],
)
def test_the_calculator_refuses_what_it_cannot_use(declared: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give"):
        break_even(Calculation(calls_per_month=at(1), build_cost=at(1), **declared))


def test_a_saving_that_is_a_loss_never_pays() -> None:
    it = break_even(Calculation(calls_per_month=at(1e6), build_cost=at(1), saving_per_call=at(-0.001)))
    assert it.gross_calls is None and it.p_pays_back == 0 and it.needed_calls is None
