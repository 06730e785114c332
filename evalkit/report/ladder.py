"""The ladder on the screen: a table of rungs for each model, the climb as bars, and the rule in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import msgspec

from evalkit.records.ladder import LadderReport, ModelLadder, RungFigures
from evalkit.report.bars import sparkline
from evalkit.report.console import console, print_table
from evalkit.wording.numbers import count, difference, interval, money, points, share
from evalkit.wording.text import DASH, plain


def ladder_json(report: LadderReport) -> dict[str, Any]:
    """The climb as plain data, numbers unrounded, unknown null."""
    data = msgspec.to_builtins(report)
    assert isinstance(data, dict)
    return data


def show_ladder(report: LadderReport, stream: IO[str]) -> None:
    """Print a climb for a person."""
    out = console(stream)

    def line(text: str) -> None:
        out.print(text, markup=False, soft_wrap=True)

    line(f"{plain(report.suite)}: ready-made prompts on {count(report.n, 'row')} of dev; test was not asked")
    for model in report.models:
        print_table(_table(model), out)
        for text in model_lines(model):
            line(text)
        line("")
    for name, reason in report.skipped.items():
        line(f"skipped {plain(name)}: {plain(reason)}")
    for warning in report.warnings:
        line(f"warning: {plain(warning)}")
    line(
        f"spent now {money(report.spent)}, cost of a cold climb {money(report.cold)}; "
        f"{count(report.sent, 'answer')} asked for, the rest from the response cache"
    )
    line(f"Kept for the verdict: {plain(report.evidence)}; every answer: {plain(report.run)}")
    line(f"Next: {plain(report.next_step, 1000)}")


def model_lines(model: ModelLadder) -> Iterator[str]:
    """The climb as bars from the lowest accuracy to the highest, and the rule."""
    asked = [rung for rung in model.rungs if rung.accuracy is not None]
    values = [rung.accuracy.value if rung.accuracy else None for rung in asked]
    known = [value for value in values if value is not None]
    if known:
        yield f"{plain(model.model)}  {sparkline(values)}  {share(min(known))} to {share(max(known))}"
    word = {True: "The curve has flattened", False: "The curve has not flattened", None: "Not known"}[model.used_up]
    yield f"{word}: {plain(model.why, 600)}."
    if model.over_chosen is not None and model.best is not None:
        over = f"{difference(model.over_chosen)} points over {plain(model.chosen)}"
        yield f"The best rung, {plain(model.best)}, gains {over}."


def _table(model: ModelLadder) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"{plain(model.model)} ({plain(model.provider_model)}): figures with 95 % intervals"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("prompt", overflow="fold")
    for name in ("n", "accuracy", "gain over the best before", "bound", "$/1k calls", "prefix tokens"):
        table.add_column(name, justify="right")
    for rung in model.rungs:
        table.add_row(Text(_name(rung, model)), *(Text(cell) for cell in _cells(rung)))
    return table


def _name(rung: RungFigures, model: ModelLadder) -> str:
    marks = ["the suite's" if rung.prompt == model.chosen else "the suite's too"] if rung.own else []
    marks += [f"on {plain(rung.on)}"] if rung.on else []
    marks += ["best"] if rung.prompt == model.best else []
    return plain(rung.prompt) + (f" ({', '.join(marks)})" if marks else "")


def _cells(rung: RungFigures) -> list[str]:
    if rung.skipped is not None:
        return [DASH, plain(rung.skipped, 120), DASH, DASH, DASH, DASH]
    tokens = DASH if rung.prefix_tokens is None else f"{rung.prefix_tokens:,.0f}"
    return [
        f"{rung.n:,}",
        interval(rung.accuracy),
        difference(rung.gain),
        points(rung.upper, signed=True),
        money(rung.cost_per_1000_calls),
        tokens,
    ]
