"""A night on the screen: a table per suite, what failed first, then what the data cannot judge."""

from __future__ import annotations

from typing import IO, Any

from evalkit.records.check import ContenderCheck, Night, SuiteCheck
from evalkit.report.console import console, print_table
from evalkit.report.night_words import (
    difference_of,
    drop_test,
    flaky_lines,
    headline,
    level_line,
    lines_of,
    worst_outcome,
)
from evalkit.wording.numbers import interval, points
from evalkit.wording.text import DASH, plain

_LONGEST = 600
_STYLE = {"fail": "red", "note": "yellow", "undecided": "yellow", "pass": "green"}


def show_night(night: Night, stream: IO[str]) -> None:
    """Print a night for a person."""
    print_night(night, console(stream))


def print_night(night: Night, out: Any) -> None:
    """The same on a given rich console."""
    for suite in night.suites:
        if suite.contenders:
            print_table(_table(suite), out)
        _print_lines(suite, out)
        for contender in suite.contenders:
            for line in flaky_lines(contender):
                out.print(line, markup=False, soft_wrap=True)
        for command in suite.commands:
            out.print(f"Accept it as the baseline: {plain(command, _LONGEST)}", markup=False, soft_wrap=True)
        if suite.run:
            out.print(f"Run: {suite.run}", markup=False, soft_wrap=True)
        out.print()
    out.print(level_line(night), markup=False, soft_wrap=True)
    out.print(headline(night), markup=False, soft_wrap=True)


def _print_lines(suite: SuiteCheck, out: Any) -> None:
    from rich.text import Text

    if not suite.contenders:
        out.print(f"{plain(suite.suite)} ({plain(suite.path)})", markup=False, soft_wrap=True)
    for outcome, text in lines_of(suite):
        mark = {"fail": "FAILED", "error": "ERROR", "undecided": "cannot judge"}.get(outcome, outcome)
        styled = Text(f"{mark}: ", style=_STYLE.get(outcome, "red")).append(plain(text, _LONGEST), style="default")
        out.print(styled, soft_wrap=True)


def _table(suite: SuiteCheck) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=suite.suite, title_justify="left", title_style="bold", pad_edge=False)
    for name, justify in (
        ("contender", "left"),
        ("n", "right"),
        ("accuracy", "right"),
        ("against the baseline", "right"),
        ("sees drops from", "right"),
        ("flaky", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify=justify, no_wrap=name != "contender", overflow="fold")  # type: ignore[arg-type]
    for contender in suite.contenders:
        worst = worst_outcome(contender)
        table.add_row(
            Text(contender.id),
            f"{contender.n:,}",
            interval(contender.accuracy),
            difference_of(contender),
            _sees(contender),
            f"{contender.flaky.samples:,}" if contender.flaky else DASH,
            Text(worst if contender.baseline or worst == "fail" else "no baseline", style=_STYLE[worst]),
        )
    return table


def _sees(contender: ContenderCheck) -> str:
    test = drop_test(contender)
    return DASH if test is None or test.visible is None else f"{points(test.visible)} pt"
