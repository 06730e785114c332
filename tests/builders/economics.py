"""The figures of the economics."""

from __future__ import annotations

from math import exp, inf

from evalkit.records.economics import (
    EconomicsFigures,
    Payback,
    Quantiles,
    Rival,
    Span,
    Swing,
    Tuned,
    VolumePoint,
)


def example_payback() -> Payback:
    """Pays from about 6 M calls a month on."""
    volumes = [10 ** (4 + 0.1 * i) for i in range(41)]
    curve = []
    for v in volumes:
        middle = 0.0009 * v * 12 - 52_000 - 12_000
        spread = 26_000 + 0.004 * v
        hits = (1 - exp(-v / 2_629_800 * 300), 1 - exp(-v / 2_629_800 * 3600))
        p = 1 / (1 + exp(-middle / spread * 1.8))
        curve.append(VolumePoint(v, Quantiles(middle - spread, middle, middle + spread), p, *hits))
    swings = (
        Swing("calls_per_month", 2_000_000, 4_000_000, -42_400, -20_800, 0.21),
        Swing("build_cost", 15_000, 60_000, -9_100, -54_100, 0.62),
        Swing("hosting_per_month", 200, 2_000, -20_800, -42_400, 0.13),
        Swing("prompted_price_change_per_year", -0.5, 0.0, -38_000, -28_500, 0.04),
    )
    return Payback(
        rival="haiku/default",
        option="5m",
        draws=10_000,
        p_pays_back=0.04,
        months=Quantiles(14.2, 31.0, inf),
        net=Quantiles(-61_000, -31_600, -3_900),
        gross_calls=Span(18_750_000, 200_000_000),
        saving_per_call=Span(0.0003, 0.0008),
        p_cheaper=0.31,
        affordable_build=6_200.0,
        needed_calls=11_000_000.0,
        swings=swings,
        curve=tuple(curve),
    )


def example_economics() -> EconomicsFigures:
    """Rivals, the tuned model and the payback."""
    rivals = (
        Rival("haiku/default", "no caching", 0.182, 546.0, None, True),
        Rival("haiku/default", "5m", 0.0612, 183.6, 0.99, True),
        Rival("haiku/default", "1h", 0.0634, 190.2, 1.0, True),
        Rival("haiku/default", "batch", 0.0911, 273.3, None, True, False, "answers within a day"),
        Rival("sonnet/default", "5m", 1.21, 3_630.0, 0.99, None),
        Rival("sonnet/short", "5m", 0.94, 2_820.0, 0.99, False, True, "fewer examples"),
    )
    tuned = Tuned(Span(200, 2_000), Span(0.00002, 0.00005), "the suite's declared range")
    return EconomicsFigures(rivals, tuned, Span(260, 2_150), example_payback(), (), 0.0043, None)
