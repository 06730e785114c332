"""What running a fine-tune costs: by its own tokens, by machines, or as declared."""

from __future__ import annotations

import numpy as np

from evalkit.decision.arrivals import active_seconds
from evalkit.decision.costs import cheapest, ways
from evalkit.decision.rivals import suits
from evalkit.records.economics import Economics, Gpu, Span, Tuned
from evalkit.records.evidence import Facts
from evalkit.records.run import ContenderResult
from evalkit.stats.clusters import FloatArray
from evalkit.wording.numbers import money

ZERO = Span(0.0, 0.0)
HOURS_PER_MONTH = 730.0


def replicas(gpu: Gpu, calls_per_month: FloatArray, active_hours: float) -> FloatArray:
    """Machines needed at each volume (any shape): max(min_replicas, ⌈peak rate ÷ capacity⌉).

    The peak rate is `peak_to_mean` times the mean rate over the active hours.
    """
    peak = calls_per_month / active_seconds(active_hours) * gpu.peak_to_mean
    # A load of exactly n machines must not round up to n + 1 by the last bit.
    return np.maximum(float(gpu.min_replicas), np.ceil(peak / gpu.capacity_rps - 1e-9))


def machines_per_month(gpu: Gpu, calls_per_month: FloatArray, active_hours: float) -> FloatArray:
    """US dollars a month of the machines needed at each volume (any shape); they run all hours."""
    return replicas(gpu, calls_per_month, active_hours) * (gpu.gpu_hour * HOURS_PER_MONTH)


def tuned_cost(facts: Facts, endpoint: ContenderResult | None, live: bool) -> Tuned | None:
    """What running the fine-tune costs; `endpoint` is the measured one, None where there is none. None if unknown.

    By tokens where the endpoint has a price and its own tokens were counted; else by machines, where the endpoint or
    `economics.gpu` gives their price; else the declared `tuned_cost_per_1000_calls`. `hosting_per_month` is added
    only where no machines are counted.
    """
    economics = facts.economics or Economics()
    return (
        _by_tokens(facts, economics, endpoint, live)
        or _by_machines(facts, economics, endpoint)
        or _declared(economics, endpoint)
    )


def per_month(tuned: Tuned, economics: Economics) -> Span | None:
    """All in but for the build: running at the declared volume, people, and training again; None without a volume."""
    volume = economics.calls_per_month
    if volume is None:
        return None
    again, people = retraining(economics), economics.operations_per_month or ZERO
    machines = ZERO
    if tuned.gpu is not None:
        low, high = machines_per_month(tuned.gpu, np.array([volume.low, volume.high]), economics.active_hours)
        machines = Span(float(low), float(high))
    return Span(
        tuned.fixed.low + tuned.marginal.low * volume.low + machines.low + again.low + people.low,
        tuned.fixed.high + tuned.marginal.high * volume.high + machines.high + again.high + people.high,
    )


def retraining(economics: Economics) -> Span:
    """Dollars a month: retrain_cost × retrains_per_year ÷ 12; nothing where either is undeclared."""
    cost, often = economics.retrain_cost, economics.retrains_per_year
    if cost is None or often is None:
        return ZERO
    return Span(cost.low * often.low / 12, cost.high * often.high / 12)


def _by_tokens(facts: Facts, economics: Economics, endpoint: ContenderResult | None, live: bool) -> Tuned | None:
    if endpoint is None:
        return None
    mix, price = facts.mixes.get(endpoint.id), facts.prices.get(endpoint.id)
    if mix is None or price is None:
        return None
    options = tuple(w for w in ways(mix, price, economics.active_hours) if suits(w, live))
    if not options:
        return None
    calls = economics.calls_per_month.middle if economics.calls_per_month else 0.0
    way = cheapest(options, calls)
    dollars = float(way.per_call(np.full(1, calls))[0])
    hosting, words = _hosting(economics)
    how = "" if way.option in ("as asked", "no caching") else f" ({way.option})"
    source = f"measured tokens of {endpoint.id} at its price{how}{words}"
    return Tuned(hosting, Span(dollars, dollars), source, measured=True)


def _by_machines(facts: Facts, economics: Economics, endpoint: ContenderResult | None) -> Tuned | None:
    hour = None if endpoint is None else facts.gpu_hours.get(endpoint.id)
    gpu, measured = economics.gpu, endpoint is not None
    if gpu is None:
        if hour is None or endpoint is None:
            return None
        month = hour * HOURS_PER_MONTH
        source = f"one replica of {endpoint.id} at {money(hour)} an hour; its capacity (economics.gpu) is not declared"
        return Tuned(Span(month, month), ZERO, source, measured=True)
    rate = gpu.gpu_hour if hour is None else hour
    if gpu.min_replicas == 0:
        busy = rate / 3600 / gpu.capacity_rps
        source = (
            f"busy seconds of machines at {money(rate)} an hour that scale to zero, {gpu.capacity_rps:g} calls a second"
        )
        return Tuned(ZERO, Span(busy, busy), source, measured=measured)
    machines = Gpu(rate, gpu.capacity_rps, gpu.min_replicas, gpu.peak_to_mean)
    source = f"machines at {money(rate)} an hour for the peak rate, {gpu.capacity_rps:g} calls a second each"
    return Tuned(ZERO, ZERO, source, machines, measured)


def _declared(economics: Economics, endpoint: ContenderResult | None) -> Tuned | None:
    cost = economics.tuned_cost_per_1000_calls
    if cost is None:
        return None
    hosting, words = _hosting(economics)
    source = f"declared tuned_cost_per_1000_calls{words}"
    return Tuned(hosting, Span(cost.low / 1000, cost.high / 1000), source, measured=endpoint is not None)


def _hosting(economics: Economics) -> tuple[Span, str]:
    if economics.hosting_per_month is None:
        return ZERO, "; no hosting is declared"
    return economics.hosting_per_month, " and the declared hosting"
