"""What prompting and a fine-tune cost, whether a build pays back, and what that hangs on."""

from __future__ import annotations

from collections.abc import Callable

from evalkit.records.economics import Economics, EconomicsFigures, Payback, Quantiles, Rival, Span
from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Block, Cell, Section, Table, Text, Tone, absent
from evalkit.report.memo.charts.sensitivity import sensitivity_chart
from evalkit.report.memo.charts.volume import hit_chart, net_chart
from evalkit.wording.names import OPTION, RULES_OF_THUMB, input_name
from evalkit.wording.numbers import calls, money, months, percent, span_of
from evalkit.wording.text import DASH, listed

_NONE = "No economics declared: the suite's economics section would bring "
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
        return Section("rivals", title, short, absent(_NONE + "the cost of each alternative at your volume."))
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


def breakeven_section(memo: Memo) -> Section:
    """The payback in numbers, the curve over volume, and the rule of thumb beside it."""
    title, short = "Break-even", "Break-even"
    economics, declared = memo.verdict.economics, memo.facts.economics
    if economics is None:
        return Section("breakeven", title, short, absent(_NONE + "the break-even."))
    payback = economics.payback
    if payback is None:
        return Section("breakeven", title, short, (*absent(_missing(economics)), *_needed(economics)))
    horizon = _horizon(declared)
    blocks: list[Block] = [_payback(payback, horizon, memo.verdict.subject == "keep"), *_needed(economics)]
    chart = net_chart(payback, declared.calls_per_month if declared else None, horizon)
    blocks += [chart] if chart else absent("The net value is not finite over the volumes, so there is no curve.")
    if memo.facts.assumed:
        taken = listed([input_name(name).lower() for name in memo.facts.assumed])
        blocks.append(Text((f"Taken by default, not declared: {taken}.",)))
    rules = f"Rules of thumb, shown beside the computed figures and never deciding: {listed(list(RULES_OF_THUMB))}."
    blocks.append(Text((rules,), "muted"))
    return Section("breakeven", title, short, blocks)


def sensitivity_section(memo: Memo) -> Section:
    """Which input matters most."""
    title, short = "What the result hangs on", "Sensitivity"
    economics = memo.verdict.economics
    payback = economics.payback if economics else None
    if payback is None:
        why = "Nothing to vary: there is no payback to compute without the economics above."
        return Section("sensitivity", title, short, absent(why))
    chart = sensitivity_chart(payback.swings, _horizon(memo.facts.economics))
    if chart is None:
        why = "Every input is a single number, so no uncertainty of an input can be ranked."
        return Section("sensitivity", title, short, absent(why))
    return Section("sensitivity", title, short, (chart,))


def cache_section(memo: Memo) -> Section:
    """How many calls would find the prefix cached, by volume."""
    title, short = "Prompt caching by volume", "Caching"
    economics, declared = memo.verdict.economics, memo.facts.economics
    payback = economics.payback if economics else None
    own = declared.calls_per_month if declared else None
    chart = hit_chart(payback.curve, own) if payback else None
    if chart is None:
        why = "No curve of cache hits: it is computed with the break-even, which needs the economics above."
        return Section("caching", title, short, absent(why))
    hours = declared.active_hours if declared else 24.0
    lead = f"Calls are taken to arrive at random within {hours:g} hours a day; each hit renews the lifetime."
    return Section("caching", title, short, (Text((lead,)), chart))


def _horizon(declared: Economics | None) -> int:
    return declared.horizon_months if declared else Economics().horizon_months


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
    fixed, marginal = span_of(tuned.fixed), _per_1000(tuned.marginal)
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


def _per_1000(marginal: Span) -> str:
    return span_of(Span(1000 * marginal.low, 1000 * marginal.high))


def _missing(economics: EconomicsFigures) -> str:
    if not economics.missing:
        return "The payback cannot be computed from what is declared."
    names = listed([f"{input_name(key).lower()} ({key})" for key in economics.missing])
    return f"The payback needs more of the suite's economics: {names}."


def _needed(economics: EconomicsFigures) -> list[Block]:
    """What a correct answer, or meeting the need, would have to be worth, and what the figures leave out."""
    lines = []
    if economics.needed_value is not None:
        lines.append(
            f"It would pay back with 90 % probability if a correct answer is worth at least "
            f"{money(economics.needed_value)}."
        )
    if economics.needed_value_per_month is not None:
        lines.append(
            f"It would pay back with 90 % probability if meeting the need is worth at least "
            f"{money(economics.needed_value_per_month)} a month."
        )
    lines += economics.notes
    return [Text(tuple(lines))] if lines else []


def _payback(payback: Payback, horizon: int, sunk: bool) -> Table:
    """The payback in figures; where the build is `sunk`, what is left of it for an endpoint that exists."""
    gross = "never: nothing is saved per call"
    if payback.gross_calls is not None:
        gross = f"{span_of(payback.gross_calls, 'calls')} calls"
    pays = "is worth keeping" if sunk else "pays back"
    never = f"none within {horizon} months"
    build: tuple[tuple[Cell | str, ...], ...] = (
        ("net months until paid back", _spread(payback.months, months)),
        ("gross break-even (rule of thumb: build ÷ saving)", gross),
        ("highest build cost that pays back with 90 %", _or(payback.affordable_build, money, "", never)),
    )
    saved = payback.cheaper_by
    rows: tuple[tuple[Cell | str, ...], ...] = (
        ("held against", f"{payback.rival}, {OPTION.get(payback.option, payback.option)}"),
        (f"P({pays} within {horizon} months)", percent(payback.p_pays_back)),
        (f"net value after {horizon} months", _spread(payback.net, money)),
        *(() if sunk else build),
        ("saving per 1,000 calls", _per_1000(payback.saving_per_call)),
        ("P(cheaper to run, build left out)", percent(payback.p_cheaper)),
        *(() if saved is None else (("share of the prompted bill saved", _spread(saved, percent)),)),
        (f"{pays} with 90 % from a volume of", _or(payback.needed_calls, calls, " calls a month", "no volume")),
    )
    note = f"{payback.draws:,} seeded draws over the declared ranges; wide ones on the log scale."
    if payback.single_figures:
        note = "No input is a range, so all this is as certain as the figures that were given."
    if sunk:
        note += " The build is paid already and does not count; worth keeping: the net value is above zero."
    return Table("Keeping the endpoint" if sunk else "Payback of a build", ("", ""), rows, note=note)


def _spread(figures: Quantiles, write: Callable[[float], str]) -> Cell:
    return Cell(write(figures.median), f"80 %: {write(figures.low)} to {write(figures.high)}")


def _or(value: float | None, write: Callable[[float | None], str], unit: str, otherwise: str) -> str:
    return otherwise if value is None else f"{write(value)}{unit}"
