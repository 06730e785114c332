"""Whether a build pays back."""

from __future__ import annotations

from collections.abc import Callable

from evalkit.records.economics import EconomicsFigures, Payback, Quantiles
from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Block, Cell, Section, Table, Text, absent
from evalkit.report.memo.charts.net_value import net_chart
from evalkit.report.memo.sections.declared import NO_ECONOMICS, horizon_of, per_1000_calls
from evalkit.wording.names import OPTION, RULES_OF_THUMB, input_name
from evalkit.wording.numbers import calls, money, months, percent, span_of
from evalkit.wording.text import listed


def breakeven_section(memo: Memo) -> Section:
    """The payback in numbers, the curve over volume, and the rule of thumb beside it."""
    title, short = "Break-even", "Break-even"
    economics, declared = memo.verdict.economics, memo.facts.economics
    if economics is None:
        return Section("breakeven", title, short, absent(NO_ECONOMICS + "the break-even."))
    payback = economics.payback
    if payback is None:
        return Section("breakeven", title, short, (*absent(_missing(economics)), *_needed(economics)))
    horizon = horizon_of(declared)
    blocks: list[Block] = [_payback(payback, horizon, memo.verdict.subject == "keep"), *_needed(economics)]
    chart = net_chart(payback, declared.calls_per_month if declared else None, horizon)
    blocks += [chart] if chart else absent("The net value is not finite over the volumes, so there is no curve.")
    if memo.facts.assumed:
        taken = listed([input_name(name).lower() for name in memo.facts.assumed])
        blocks.append(Text((f"Taken by default, not declared: {taken}.",)))
    rules = f"Rules of thumb, shown beside the computed figures and never deciding: {listed(list(RULES_OF_THUMB))}."
    blocks.append(Text((rules,), "muted"))
    return Section("breakeven", title, short, blocks)


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
        ("saving per 1,000 calls", per_1000_calls(payback.saving_per_call)),
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
