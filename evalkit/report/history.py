"""A suite's nights on the screen: a line of bars per contender, a table, and what changed when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import msgspec

from evalkit.records.history import ContenderHistory, History, Night
from evalkit.report.bars import sparkline
from evalkit.report.console import console, print_table
from evalkit.wording.numbers import interval, milliseconds, money, p_value, share
from evalkit.wording.text import DASH, plain

_MARKS = {"accuracy": "▲", "model": "M", "data": "D", "prompt": "P", "scoring": "S"}


def history_json(history: History) -> dict[str, Any]:
    """The history as plain data, numbers unrounded, unknown null."""
    data = msgspec.to_builtins(history)
    assert isinstance(data, dict)
    return data


def show_history(history: History, stream: IO[str]) -> None:
    """Print a history for a person."""
    print_history(history, console(stream))


def print_history(history: History, out: Any) -> None:
    """The same on a given rich console."""
    for contender in history.contenders:
        for line in lines_of(contender):
            out.print(line, markup=False, soft_wrap=True)
        print_table(_table(contender), out)
        for change in contender.changes:
            p = "" if change.p is None else f" (p {p_value(change.p)}, permutation test)"
            text = f"{_MARKS[change.kind]} {_day(contender.nights[change.index])}: {change.text}{p}"
            out.print(plain(text), markup=False, soft_wrap=True)
        out.print()
    for note in history.notes:
        out.print(plain(note, 600), markup=False, soft_wrap=True)
    legend = "▲ accuracy, M served model, D data, P prompt, S version that scored"
    out.print(f"{plain(history.suite)}: changes are marked {legend}", markup=False, soft_wrap=True)


def lines_of(contender: ContenderHistory) -> Iterator[str]:
    """The contender with its line of bars, and below it the marks of what changed."""
    values = [night.accuracy.value if night.accuracy else None for night in contender.nights]
    known = [value for value in values if value is not None]
    span = f"  {share(min(known))} to {share(max(known))}" if known else ""
    head = f"{contender.id}  "
    yield head + sparkline(values) + span
    marks = [" "] * len(values)
    for change in contender.changes:
        marks[change.index] = "*" if marks[change.index] != " " else _MARKS[change.kind]
    if contender.changes:
        yield " " * len(head) + "".join(marks).rstrip()


def _table(contender: ContenderHistory) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("night", "n", "accuracy", "format validity", "$/1k calls", "p50", "served model", ""):
        left = name in ("night", "served model", "")
        table.add_column(name, justify="left" if left else "right", no_wrap=name != "served model", overflow="fold")
    for i, night in enumerate(contender.nights):
        marks = [_MARKS[change.kind] for change in contender.changes if change.index == i]
        table.add_row(
            _day(night),
            f"{night.n:,}",
            interval(night.accuracy),
            interval(night.format_validity),
            money(night.cost_per_1000_calls),
            milliseconds(night.latency_p50_ms),
            Text(plain(night.served_model, 60) if night.served_model else DASH),
            " ".join([*marks, *_remarks(night)]),
        )
    return table


def _remarks(night: Night) -> list[str]:
    return [*(["incomplete"] if not night.complete else []), *(["from cache"] if night.cached else [])]


def _day(night: Night) -> str:
    return plain(night.when[:16].replace("T", " "), 30)
