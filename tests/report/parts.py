"""The parts that the tests' memos are made of."""

from __future__ import annotations

from math import exp, inf, log

from evalkit.records.economics import (
    CallMix,
    Economics,
    EconomicsFigures,
    Payback,
    Quantiles,
    Rival,
    Span,
    Swing,
    Tuned,
    VolumePoint,
)
from evalkit.records.estimate import Estimate, Gap, Need, Requirement, State
from evalkit.records.evidence import Facts, LabelFacts, Ladder, Rung
from evalkit.records.memo import LatencyCurve, WorstExample
from evalkit.records.model import Role
from evalkit.records.run import ClassFigures, Confusion, ContenderResult, Cost, Percentiles

LABELS = (
    "billing",
    "payments",
    "account_access",
    "shipping",
    "bug_report",
    "how_to",
    "feature_request",
    "cancellation",
)
ACCURACY = Need("accuracy", 0.92, 0.01)
FORMAT = Need("format_validity", 0.95)
LATENCY = Need("latency_p95_ms", 2500.0, at_least=False)
HOSTILE = (
    '<script>window.ran=1;alert(1)</script>"><img src=x onerror="window.ran=1;alert(2)"> {{ 7*7 }} {% raw %} '
    "</pre></title></style></svg>]]>--> | `code` ``` [l](https://evil.example/x) ![i](http://evil.example/i.png) "
    "www.evil.example @octocat #12 \x1b[31mred\x1b[0m \u202egnirts\u202c \x00 \u2028 &lt;b&gt; "
    "<!-- $x$ ~~s~~ datum.x \\"
)


def estimate(value: float | None, n: int = 400, half: float = 0.025, method: str = "wilson") -> Estimate:
    """A share with a plausible interval."""
    if value is None:
        return Estimate(None, None, None, n, method)
    return Estimate(value, max(0.0, value - half), min(1.0, value + 0.8 * half), n, method)


def contender(name: str, role: Role, accuracy: float, valid: float, cost: float | None) -> ContenderResult:
    """A measured contender with all its figures."""
    return ContenderResult(
        id=name,
        model=name.split("/")[0],
        provider_model=f"anthropic/{name}",
        prompt="default",
        enforce="prompt",
        role=role,
        split="test",
        n=400,
        served_model=f"{name}-20261001",
        status={"ok": 392, "format_invalid": 5, "truncated": 2, "refused": 1, "rejected": 0, "infra_error": 0},
        metrics={
            "accuracy": estimate(accuracy, method="wilson_clustered"),
            "format_validity": estimate(valid, half=0.012),
            "macro_f1": estimate(accuracy - 0.02, method="bootstrap_bca"),
        },
        cost=None if cost is None else Cost(cost * 0.1, cost * 0.4, cost, prices_as_of="2026-10-24"),
        latency_ms=Percentiles(640.0, 1480.0),
        ttft_ms=Percentiles(310.0, 720.0),
        from_cache=120,
        cache_read_share=0.86,
        per_class=tuple(ClassFigures(label, 50, 50, 0.9, 0.9, 0.9) for label in LABELS),
        confusion=confusion(len(LABELS)),
        errors={},
        warnings=("the list price is of 2026-10-24; check it and override it in your own price file",),
    )


def confusion(k: int) -> Confusion:
    """Mostly right; every class is taken for the next one now and then."""
    names = LABELS if k == len(LABELS) else tuple(f"intent_{i:02d}" for i in range(k))
    rows = [
        [46 if i == j else 3 if j == (i + 1) % k else 0 for j in range(k)] + [1 if i % 3 == 0 else 0] for i in range(k)
    ]
    return Confusion(names, tuple(tuple(row) for row in rows))


def held(name: str, need: Need, value: float, state: State) -> Requirement:
    """A need held against a contender."""
    gap = need.threshold - value if need.at_least else value - need.threshold
    why = f"{value:g} against {need.threshold:g} with 95 % confidence"
    return Requirement(name, need, state, Gap(gap, gap - 0.02, gap + 0.02), 1900 if state == "undecided" else None, why)


def payback() -> Payback:
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


def economics() -> EconomicsFigures:
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
    return EconomicsFigures(rivals, tuned, Span(260, 2_150), payback(), (), 0.0043, None)


def latency() -> tuple[LatencyCurve, ...]:
    """Log-normal-like quantiles of three contenders."""
    share = tuple(i / 100 for i in range(101))
    curves = []
    for name, median in (("haiku/default", 640.0), ("sonnet/default", 1_150.0), ("tuned/default", 180.0)):
        ms = tuple(median * exp(0.38 * log((p + 0.005) / (1.005 - p))) for p in share)
        curves.append(LatencyCurve(name, "latency", share, ms))
        curves.append(LatencyCurve(name, "ttft", share, tuple(0.45 * x for x in ms)))
    return tuple(curves)


def ladder() -> Ladder:
    """Three rungs, the last of no use."""
    gain, none = Estimate(0.031, 0.008, 0.055, 300, "tango"), Estimate(0.002, -0.011, 0.015, 300, "tango")
    return Ladder(
        "haiku",
        (
            Rung("bare", estimate(0.871, 300)),
            Rung("default", estimate(0.902, 300), gain, 0.051),
            Rung("long", estimate(0.904, 300), none, 0.0128),
            Rung("long_spaced", estimate(0.904, 300), none, 0.0128, distinct=False),
        ),
    )


def facts() -> Facts:
    """Economics, labels and a ladder."""
    declared = Economics(
        calls_per_month=Span(2_000_000, 4_000_000),
        build_cost=Span(15_000, 60_000),
        hosting_per_month=Span(200, 2_000),
    )
    per_class = {label: 40 * (i + 1) for i, label in enumerate(LABELS)} | {"legal": 6}
    labels = LabelFacts(1_620, 48, 31, 12, 1_529, per_class, "MinHash of word 5-grams, Jaccard ≥ 0.8")
    return Facts(
        suite="suites/classify.yaml",
        command="evalkit run suites/classify.yaml",
        case="volume",
        economics=declared,
        labels=labels,
        label_error_share=Span(0.0, 0.03),
        ladders=(ladder(),),
        mixes={"haiku/default": CallMix(1_410, 1_290, 4, 0.97, 400)},
        listed_frontier=("haiku", "sonnet"),
        chosen_on_test=True,
        vouched=("labels",),
    )


def worst() -> tuple[WorstExample, ...]:
    """Three wrong answers."""
    asked = "Hi,\nI was charged twice for October and now my shop is locked. Please unlock it today, we sell tickets."
    return (
        WorstExample("haiku/default", "t-0183", asked, "account_access", "billing", "ok", None, 2, 2),
        WorstExample(
            "sonnet/default",
            "t-0020",
            "How do I export?",
            "how_to",
            "Label: how_to.",
            "format_invalid",
            "not one of the labels",
            1,
            2,
        ),
        WorstExample("tuned/default", "t-0311", "Where is my parcel?", "shipping", "", "truncated", None, 2, 2),
    )
