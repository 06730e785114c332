"""Memos made up for the tests: a full one, a minimal one, and one whose every text is hostile."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from functools import cache
from math import inf
from typing import Any

from evalkit.records.economics import (
    EconomicsFigures,
    Gpu,
    Quantiles,
    Rival,
    Span,
    Tuned,
    VolumePoint,
)
from evalkit.records.estimate import Estimate, Gap, Requirement, State
from evalkit.records.evidence import Facts, LabelFacts
from evalkit.records.memo import Memo, PriceLine
from evalkit.records.run import ContenderResult, Cost, Percentiles, RunResult, UnmeasuredCost
from evalkit.records.verdict import Answer, Verdict
from evalkit.report.memo import memo_html
from tests.report.parts import (
    ACCURACY,
    FORMAT,
    HOSTILE,
    LATENCY,
    contender,
    economics,
    estimate,
    facts,
    held,
    latency,
    payback,
    worst,
)


def run() -> RunResult:
    """Two frontier models, a tuned endpoint without price, and a floor; one model unmeasured."""
    found = (
        contender("haiku/default", "frontier", 0.941, 0.991, 0.0612),
        contender("sonnet/default", "frontier", 0.925, 0.987, 1.21),
        replace(contender("sonnet/short", "frontier", 0.872, 0.96, 0.94), notes=("examples were left out",)),
        contender("tuned/default", "fine_tuned", 0.948, 0.999, None),
        replace(contender("trained/default", "floor", 0.796, 1.0, 0.0), confusion=None),
    )
    skipped = ContenderResult(
        "opus/default",
        "opus",
        "anthropic/claude-opus-5-5",
        "default",
        "prompt",
        "frontier",
        "test",
        skipped="ANTHROPIC_API_KEY is not set",
    )
    states: dict[str, State] = {"haiku/default": "met", "sonnet/default": "undecided", "sonnet/short": "unmet"}
    held_against: list[Requirement] = []
    for c in found:
        metrics = c.metrics or {}
        for need, value in ((ACCURACY, metrics["accuracy"]), (FORMAT, metrics["format_validity"])):
            assert value is not None and value.value is not None
            state = states.get(c.id, "met") if need is ACCURACY else "met"
            held_against.append(held(c.id, need, value.value, state))
        held_against.append(held(c.id, LATENCY, 1480.0, "met"))
    text = "opus was not measured: at 3 M calls a month its bill is about $7,300 (estimate), far over haiku's."
    cost = UnmeasuredCost(
        "opus", "anthropic/claude-opus-5-5", "frontier", "ANTHROPIC_API_KEY is not set", 2.43, 7_290.0, 0.97, 0.92, text
    )
    return RunResult(
        "support-routing",
        "runs/2026-11-24T16-20-11-support-routing",
        True,
        (*found, skipped),
        tuple(held_against),
        (cost,),
    )


def verdict() -> Verdict:
    """RULE OUT, because prompting meets the needs and the build does not pay."""
    answers = (
        Answer(
            1,
            "against",
            "haiku meets all requirements: accuracy .941 [.916, .961] against .920, and costs $184 a month.",
            (
                "The cheapest that meets them costs 8 % of the fine-tune's median month.",
                "Caching: 86 % of prompt tokens were read.",
            ),
        ),
        Answer(2, "for", "1,483 of 1,529 usable rows are correct at the declared error share of at most .030.", ()),
        Answer(
            3,
            "against",
            "P(pays back within 12 months) is 4 %; it pays from about 11 M calls a month.",
            ("The build cost explains 62 % of the spread.",),
        ),
    )
    return Verdict(
        subject="build",
        outcome="RULE_OUT",
        case="volume",
        answers=answers,
        sentence="Do not build a fine-tune: haiku with prompt caching is good enough, and at 3 M calls a month a build "
        "pays back within 12 months with a probability of 4 %.",
        instead="Keep haiku with a 5-minute cache: about $184 a month at your volume.",
        next_step="evalkit run suites/classify.yaml --fresh   # about $0.03",
        reopen_when="the volume passes 11 M calls a month",
        first=("You vouched for the labels: their correctness was not measured.", "The prompt was chosen on test."),
        vouched=("labels",),
        economics=economics(),
    )  # fmt: skip


def full() -> Memo:
    """Every section has data."""
    rates = {"input": 0.1, "output": 0.5, "cache_read": 0.01, "cache_write_5m": 0.125, "cache_write_1h": 0.2}
    return Memo(
        result=run(),
        verdict=verdict(),
        facts=facts(),
        command="evalkit run suites/classify.yaml",
        created="2026-11-24T16:20:11Z",
        description="Route a support ticket of a hosted shop builder to the team that owns it.",
        fingerprint="sha256:9d1c5e0b7a44",
        splits={"train": 1_620, "dev": 300, "test": 400},
        versions={"evalkit": "0.1.0", "anthropic": "2.12.0", "python": "3.11.9"},
        latency=latency(),
        worst=worst(),
        prices=(
            PriceLine("haiku/default", rates, "2026-10-24", "the vendor's pricing page"),
            PriceLine("tuned/default", {"input": None, "output": None}, None, "unknown: the suite gives no price"),
        ),
        front=("haiku/default",),
    )


@cache
def page(name: str) -> str:
    """The HTML of one of the memos `full`, `minimal`, `sparse` and `hostile`, made once."""
    return memo_html({"full": full, "minimal": minimal, "sparse": sparse, "hostile": hostile}[name]())


def minimal() -> Memo:
    """Nothing was measured and nothing declared."""
    answers = (
        Answer(1, "undecided", "No frontier model was measured."),
        Answer(2, "undecided", "No train split is declared."),
        Answer(3, "undecided", "No economics are declared."),
    )
    sentence = "Not yet known: no frontier model was measured."
    step = "Set a key for one frontier model and run the suite again."
    decided = Verdict("build", "NOT_YET", None, answers, sentence, None, step, None)
    result = RunResult("bare", "runs/bare", False, (), ())
    return Memo(
        result,
        decided,
        Facts("bare.yaml", "evalkit run bare.yaml"),
        "evalkit run bare.yaml",
        "2026-11-24T16:20:11Z",
        None,
        "",
        {},
        {},
        (),
        (),
        (),
    )


def sparse() -> Memo:
    """An endpoint to keep, one contender that infrastructure lost whole, one with a single free row, no volume."""
    nothing = Estimate(None, None, None, 0, "wilson")
    lost = replace(
        contender("lost/default", "frontier", 0.9, 0.9, None),
        status={"ok": 0, "infra_error": 3},
        metrics={"accuracy": None, "format_validity": nothing},
        cost=Cost(None, None, None),
        latency_ms=Percentiles(None, None),
        ttft_ms=None,
        confusion=None,
        cache_read_share=None,
    )
    single = replace(
        contender("single/default", "fine_tuned", 1.0, 1.0, 0.0),
        n=1,
        metrics={"accuracy": Estimate(1.0, None, None, 1, "wilson"), "format_validity": estimate(1.0, 1, 0.0)},
    )
    open_need = Requirement(lost.id, ACCURACY, "undecided", Gap(None, None, None), None, "nothing was answered")
    never = Quantiles(inf, inf, inf)
    endless = (VolumePoint(1e6, Quantiles(-inf, -inf, 0.0), 0.0, 0.0, 0.0),)
    worth = replace(payback(), months=never, gross_calls=None, needed_calls=None, swings=(), curve=endless)
    rivals = (Rival(lost.id, "as asked", 0.04, None, None, None),)
    tuned = Tuned(Span(0, 0), Span(0, 0), "a dedicated machine", Gpu(2.5, 4), True)
    figures = EconomicsFigures(rivals, tuned, None, worth, (), None, 120.0, ("Labels to be bought are left out.",))
    facts = Facts("s.yaml", "evalkit run s.yaml", labels=LabelFacts(10, 0, 0, 0, 10, near_skipped="too many rows"))
    decided = replace(verdict(), subject="keep", outcome="FUND", economics=figures, first=(), vouched=("prompt",))
    result = RunResult("s", "runs/s", False, (lost, single), (open_need,))
    return replace(full(), result=result, verdict=decided, facts=facts, latency=(), worst=(), prices=())


def hostile() -> Memo:
    """The full memo with every free text lengthened by HOSTILE, and one answer of a megabyte."""
    memo: Memo = _poisoned(full())
    huge = replace(memo.worst[0], text="A" * 500_000 + HOSTILE + "B" * 548_576)
    return replace(memo, worst=(huge, *memo.worst[1:]))


# Words that the program itself writes: their values, or the keys of their mappings, are fixed sets.
_FIXED = frozenset(
    {"role", "state", "split", "subject", "outcome", "case", "vouched", "enforce", "kind", "metric", "method"}
)
_FIXED_KEYS = frozenset({"metrics", "rates", "status"})


def _poisoned(value: Any, name: str = "") -> Any:
    """The same record with hostile texts; the same text always becomes the same, so that ids still match."""
    if name in _FIXED:
        return value
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, tuple):
        return tuple(_poisoned(v) for v in value)
    if isinstance(value, dict):
        return {k if name in _FIXED_KEYS else _poisoned(k): _poisoned(v) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _poisoned(getattr(value, f.name), f.name) for f in fields(value)})
    return value
