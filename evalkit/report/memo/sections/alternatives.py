"""What going on with prompting costs, and what a fine-tune costs to run."""

from __future__ import annotations

from evalkit.records.economics import EconomicsFigures, Rival
from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Block, Cell, Section, Table, Text, Tone, absent
from evalkit.report.memo.sections.declared import NO_ECONOMICS, per_1000_calls
from evalkit.wording.names import OPTION
from evalkit.wording.numbers import calls, money, percent, span_of
from evalkit.wording.text import DASH

_MEETS: dict[bool | None, tuple[str, Tone]] = {
    True: ("meets all needs", "good"),
    False: ("does not meet them", "bad"),
    None: ("undecided", "open"),
}


def rivals_section(memo: Memo) -> Section:
    """Every way of going on with prompting, beside the fine-tune."""
    title, short = "What the alternatives cost", "Alternatives"
    economics, declared = memo.verdict.economics, memo.facts.economics
    if economics is None:
        return Section("rivals", title, short, absent(NO_ECONOMICS + "the cost of each alternative at your volume."))
    blocks: list[Block] = []
    volume = declared.calls_per_month if declared else None
    if economics.rivals:
        at = f"At {calls(volume.middle)} calls a month" if volume else "No volume is declared, so a month has no price"
        blocks.append(Text((f"{at}. Each line is a prompted contender with one way of caching or batching.",)))
        blocks.append(_rivals(economics.rivals))
    else:
        blocks += absent("No prompted contender has measured tokens and a known price, so none can be costed.")
    blocks.append(_tuned(economics))
    return Section("rivals", title, short, blocks)


def _rivals(rivals: tuple[Rival, ...]) -> Table:
    rows = []
    for r in sorted(rivals, key=lambda r: r.per_1000_calls):
        words, tone = _MEETS[r.meets]
        fits = "" if r.suits else "cannot serve the job"
        hits, month = percent(r.hit_share), money(r.per_month)
        note = "; ".join(part for part in (fits, r.note) if part)
        option, needs = OPTION.get(r.option, r.option), Cell("", words, tone)
        rows.append((r.contender, option, money(r.per_1000_calls), month, hits, needs, note or DASH))
    columns = ("contender", "option", "$ per 1,000 calls", "$ a month", "cache hits", "needs", "note")
    return Table("Prompted alternatives, cheapest first", columns, tuple(rows), frozenset({2, 3, 4}))


def _tuned(economics: EconomicsFigures) -> Block:
    tuned = economics.tuned
    if tuned is None:
        return absent("What a fine-tune costs to run is not declared and was not measured.")[0]
    fixed, marginal = span_of(tuned.fixed), per_1000_calls(tuned.marginal)
    rows: list[tuple[Cell | str, ...]] = [
        ("all in, a month", span_of(economics.tuned_per_month)),
        ("fixed, a month", fixed if tuned.gpu is None else "the machines below"),
        ("for 1,000 calls", marginal),
        ("measured in this run", "yes" if tuned.measured else "no"),
        ("source", tuned.source),
    ]
    if tuned.gpu is not None:
        gpu = tuned.gpu
        machines = f"{money(gpu.gpu_hour)} an hour, {gpu.capacity_rps:g} calls a second each, peak {gpu.peak_to_mean:g}"
        rows.append(("machines", f"{machines} × the mean, at least {gpu.min_replicas}"))
    return Table("The fine-tuned model's running cost", ("", ""), tuple(rows))
