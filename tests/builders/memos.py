"""Memos: a full one, a minimal one, a sparse one, and one whose every text is hostile."""

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
from evalkit.records.estimate import Estimate, Gap, Requirement
from evalkit.records.evidence import Facts, LabelFacts
from evalkit.records.memo import Memo, PriceLine
from evalkit.records.run import Cost, Percentiles, RunResult
from evalkit.records.verdict import Answer, Verdict
from evalkit.report.memo import memo_html
from tests.builders.contenders import measured_contender
from tests.builders.economics import example_payback
from tests.builders.example import example_run, example_verdict
from tests.builders.facts import example_facts
from tests.builders.memo_parts import HOSTILE, latency_curves, worst_examples
from tests.builders.needs import ACCURACY, estimate


def full_memo() -> Memo:
    """Every section has data."""
    rates = {"input": 0.1, "output": 0.5, "cache_read": 0.01, "cache_write_5m": 0.125, "cache_write_1h": 0.2}
    return Memo(
        result=example_run(),
        verdict=example_verdict(),
        facts=example_facts(),
        command="evalkit run suites/classify.yaml",
        created="2026-11-24T16:20:11Z",
        description="Route a support ticket of a hosted shop builder to the team that owns it.",
        fingerprint="sha256:9d1c5e0b7a44",
        splits={"train": 1_620, "dev": 300, "test": 400},
        versions={"evalkit": "0.1.0", "anthropic": "2.12.0", "python": "3.11.9"},
        latency=latency_curves(),
        worst=worst_examples(),
        prices=(
            PriceLine("haiku/default", rates, "2026-10-24", "the vendor's pricing page"),
            PriceLine("tuned/default", {"input": None, "output": None}, None, "unknown: the suite gives no price"),
        ),
        front=("haiku/default",),
    )


@cache
def memo_page(name: str) -> str:
    """The HTML of one of the memos `full`, `minimal`, `sparse` and `hostile`, made once."""
    return memo_html(
        {"full": full_memo, "minimal": minimal_memo, "sparse": sparse_memo, "hostile": hostile_memo}[name]()
    )


def minimal_memo() -> Memo:
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


def sparse_memo() -> Memo:
    """An endpoint to keep, one contender that infrastructure lost whole, one with a single free row, no volume."""
    nothing = Estimate(None, None, None, 0, "wilson")
    lost = replace(
        measured_contender("lost/default", "frontier", 0.9, 0.9, None),
        status={"ok": 0, "infra_error": 3},
        metrics={"accuracy": None, "format_validity": nothing},
        cost=Cost(None, None, None),
        latency_ms=Percentiles(None, None),
        ttft_ms=None,
        confusion=None,
        cache_read_share=None,
    )
    single = replace(
        measured_contender("single/default", "fine_tuned", 1.0, 1.0, 0.0),
        n=1,
        metrics={"accuracy": Estimate(1.0, None, None, 1, "wilson"), "format_validity": estimate(1.0, 1, 0.0)},
    )
    open_need = Requirement(lost.id, ACCURACY, "undecided", Gap(None, None, None), None, "nothing was answered")
    never = Quantiles(inf, inf, inf)
    endless = (VolumePoint(1e6, Quantiles(-inf, -inf, 0.0), 0.0, 0.0, 0.0),)
    worth = replace(example_payback(), months=never, gross_calls=None, needed_calls=None, swings=(), curve=endless)
    rivals = (Rival(lost.id, "as asked", 0.04, None, None, None),)
    tuned = Tuned(Span(0, 0), Span(0, 0), "a dedicated machine", Gpu(2.5, 4), True)
    figures = EconomicsFigures(rivals, tuned, None, worth, (), None, 120.0, ("Labels to be bought are left out.",))
    facts = Facts("s.yaml", "evalkit run s.yaml", labels=LabelFacts(10, 0, 0, 0, 10, near_skipped="too many rows"))
    decided = replace(
        example_verdict(), subject="keep", outcome="FUND", economics=figures, first=(), vouched=("prompt",)
    )
    result = RunResult("s", "runs/s", False, (lost, single), (open_need,))
    return replace(full_memo(), result=result, verdict=decided, facts=facts, latency=(), worst=(), prices=())


def hostile_memo() -> Memo:
    """The full memo with every free text lengthened by HOSTILE, and one answer of a megabyte."""
    memo: Memo = _poisoned(full_memo())
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
