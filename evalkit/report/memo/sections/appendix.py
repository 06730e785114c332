"""How the figures came about: n, methods, prices, data, versions, and the command."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.records.estimate import Estimate
from evalkit.records.memo import Memo, PriceLine
from evalkit.report.memo.blocks import Block, Command, Listing, Section, Table, Text, absent
from evalkit.report.memo.sections.lookups import asked
from evalkit.wording.names import RULES_OF_THUMB, method, metric
from evalkit.wording.numbers import money
from evalkit.wording.text import DASH

_BUCKETS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "gpu_hour")


def appendix_section(memo: Memo) -> Section:
    """Everything that a careful reader checks."""
    blocks: list[Block] = [Command("This run again", memo.command), _data(memo)]
    methods = _methods(memo)
    blocks += [methods] if methods.rows else absent("No interval was computed.")
    if memo.prices:
        blocks.append(_prices(memo.prices))
    else:
        blocks += absent("No price is known for any contender.")
    blocks.append(_spent(memo))
    rules = "; ".join(RULES_OF_THUMB)
    blocks.append(Text((f"Rules of thumb: {rules}. They are shown beside the computed figures and never decide.",)))
    if memo.result.warnings:
        blocks.append(Listing(memo.result.warnings))
    return Section("appendix", "Appendix: how the figures came about", "Appendix", blocks)


def _data(memo: Memo) -> Table:
    splits = ", ".join(f"{name} {n:,}" for name, n in memo.splits.items()) or DASH
    versions = ", ".join(f"{name} {version}" for name, version in memo.versions.items()) or DASH
    rows = (
        ("suite", memo.facts.suite),
        ("run", memo.result.run),
        ("time", memo.created),
        ("rows by split", splits),
        ("fingerprint of the data", memo.fingerprint or DASH),
        ("versions", versions),
    )
    return Table("Data and versions", ("", ""), rows)


def _methods(memo: Memo) -> Table:
    """Each way in which an interval was found, with the figures and the n that it was used for."""
    used: dict[str, tuple[list[str], list[int]]] = {}
    for name, estimate in _estimates(memo):
        names, counts = used.setdefault(estimate.method, ([], []))
        names.append(name)
        counts.append(estimate.n)
    rows = tuple((", ".join(dict.fromkeys(names)), _range(ns), method(key)) for key, (names, ns) in used.items())
    return Table("How intervals were found", ("figures", "n", "method"), rows, frozenset({1}))


def _estimates(memo: Memo) -> Iterator[tuple[str, Estimate]]:
    for c in asked(memo.result):
        for name, estimate in (c.metrics or {}).items():
            if estimate is not None and estimate.value is not None and estimate.method:
                yield metric(name), estimate
    for ladder in memo.facts.ladders:
        for rung in ladder.rungs:
            if rung.gain is not None:
                yield "gain of a prompt", rung.gain
    for pair in memo.facts.pairs:
        yield "paired difference", pair.difference


def _range(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _prices(prices: tuple[PriceLine, ...]) -> Table:
    named = [b for b in _BUCKETS if any(b in p.rates for p in prices)]
    others = [b for b in dict.fromkeys(key for p in prices for key in p.rates) if b not in _BUCKETS]
    buckets = (*named, *others)
    rows = tuple((p.contender, *(money(p.rates.get(b)) for b in buckets), p.as_of or DASH, p.source) for p in prices)
    columns = ("contender", *(b.replace("_", " ") for b in buckets), "as of", "source")
    numeric = frozenset(range(1, 1 + len(buckets)))
    note = "US dollars per million tokens (a GPU: per hour). A dash is an unknown price."
    return Table("Prices", columns, rows, numeric, note)


def _spent(memo: Memo) -> Table:
    rows = []
    for c in asked(memo.result):
        spent, cold = (c.cost.spent, c.cost.cold) if c.cost else (None, None)
        served = c.served_model or DASH
        rows.append((c.id, served, money(spent), money(cold), f"{c.from_cache:,}", f"{c.retries:,}"))
    columns = ("contender", "model that answered", "spent now", "cold run", "from cache", "retries")
    note = "Spent now: paid in this run. Cold run: what it costs with an empty response cache."
    return Table("What the run cost", columns, tuple(rows), frozenset({2, 3, 4, 5}), note)
