"""The calculator: break-even from declared figures alone, without a run."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.decision.montecarlo import DRAWS, Simulation
from evalkit.decision.payback import gross_calls
from evalkit.decision.project import Project
from evalkit.decision.tuned import ZERO
from evalkit.records.economics import BreakEven, Span, Tuned


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """What the calculator takes, in US dollars. Either `saving_per_call` or both costs per 1,000 calls.

    `hosting_per_month` is all fixed cost of the fine-tune but for `operations_per_month`, its people. A price change
    applies to the prompted cost, so it needs the two costs.
    """

    calls_per_month: Span
    build_cost: Span
    saving_per_call: Span | None = None
    prompted_cost_per_1000_calls: Span | None = None
    tuned_cost_per_1000_calls: Span | None = None
    hosting_per_month: Span = ZERO
    operations_per_month: Span = ZERO
    retrain_cost: Span = ZERO
    retrains_per_year: Span = ZERO
    horizon_months: int = 12
    prompted_price_change_per_year: Span = ZERO
    active_hours: float = 24.0


def break_even(calculation: Calculation, seed: int = 7, draws: int = DRAWS) -> BreakEven:
    """Gross and net break-even, simulated with `seed`.

    Raises ValueError where neither a saving nor both costs are given, where all are, or where a price change comes
    with a saving alone.
    """
    project = _project(calculation)
    saving, calls = project.saving_per_call(), calculation.calls_per_month
    gross = gross_calls(calculation.build_cost, saving)
    simulation = Simulation.of(project, seed, draws)
    return BreakEven(
        saving_per_call=saving,
        gross_calls=gross,
        gross_months=None if gross is None else Span(gross.low / calls.high, gross.high / calls.low),
        months=simulation.months(),
        p_pays_back=simulation.p_pays_back(),
        net=simulation.net(),
        needed_calls=simulation.needed_calls(),
        curve=simulation.curve(),
    )


def _project(calculation: Calculation) -> Project:
    c = calculation
    prompted, tuned = c.prompted_cost_per_1000_calls, c.tuned_cost_per_1000_calls
    if c.saving_per_call is not None:
        if prompted is not None or tuned is not None:
            raise ValueError("give either the saving per call or the two costs, not both")
        if c.prompted_price_change_per_year != ZERO:
            raise ValueError("a price change needs the prompted cost: give the two costs instead of the saving")
        bill, marginal = c.saving_per_call, ZERO
    elif prompted is None or tuned is None:
        raise ValueError("give the saving per call, or both the prompted and the tuned cost per 1,000 calls")
    else:
        bill, marginal = Span(prompted.low / 1000, prompted.high / 1000), Span(tuned.low / 1000, tuned.high / 1000)
    return Project(
        calls=c.calls_per_month,
        prompted=bill,
        tuned=Tuned(c.hosting_per_month, marginal, "declared"),
        build=c.build_cost,
        horizon=float(c.horizon_months),
        active_hours=c.active_hours,
        operations=c.operations_per_month,
        retrain_cost=c.retrain_cost,
        retrains_per_year=c.retrains_per_year,
        price_change=c.prompted_price_change_per_year,
    )
