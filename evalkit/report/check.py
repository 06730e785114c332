"""A night on the screen and as JSON: what failed first, then the table, then what the data cannot judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import msgspec

from evalkit.records.check import ContenderCheck, DropTest, Finding, Night, SuiteCheck
from evalkit.report.terminal import console, print_table
from evalkit.wording.numbers import count, difference, interval, points
from evalkit.wording.text import DASH, plain

GATES: dict[str, str] = {
    "baseline": "baseline",
    "below_good_enough": "good enough",
    "drop": "accuracy",
    "format_validity_drop": "format validity",
    "cost_up": "cost",
    "latency_up": "latency",
    "infra_errors": "infrastructure",
    "served_model_change": "served model",
}
_LONGEST = 600
_WORD = {0: "good", 1: "failed", 2: "wrong", 3: "incomplete"}
_STYLE = {"fail": "red", "note": "yellow", "undecided": "yellow", "pass": "green"}


def night_json(night: Night) -> dict[str, Any]:
    """The night as plain data, numbers unrounded, unknown null, with the exit code of each suite and of all."""
    data = msgspec.to_builtins(night)
    assert isinstance(data, dict)
    for suite, plain_suite in zip(night.suites, data["suites"], strict=True):
        plain_suite["code"] = suite.code
        for contender, plain_contender in zip(suite.contenders, plain_suite["contenders"], strict=True):
            plain_contender["failed"] = contender.failed
    return {"night": data.pop("id"), "code": night.code, **data}


def headline(night: Night) -> str:
    """`1 of 3 suites failed; 6 drop tests, …`."""
    codes = [suite.code for suite in night.suites]
    worst = [f"{codes.count(code)} {_WORD[code]}" for code in (2, 3, 1) if code in codes]
    if not worst:
        return f"{count(len(codes), 'suite')} checked, nothing failed"
    return f"{count(len(codes), 'suite')} checked: {', '.join(worst)}"


def level_line(night: Night) -> str:
    """What the false alarms are held to."""
    tests = count(night.tests, "drop test")
    return f"{tests}, corrected together (Holm): a false alarm on at most 1 night in {1 / night.level:.0f}"


def lines_of(suite: SuiteCheck) -> Iterator[tuple[str, str]]:
    """All that is to be said of a suite, as (outcome, text), the worst first; `error` is an outcome here."""
    if suite.error is not None:
        for line in suite.error.splitlines():
            yield "error", line
    if suite.error is None and not suite.complete:
        yield "error", "incomplete: too many infrastructure errors; start it again, only what is missing is sent"
    for wanted in ("fail", "undecided", "note"):
        for contender in suite.contenders:
            for finding in contender.findings:
                if finding.outcome == wanted and finding.gate != "baseline":
                    yield wanted, f"{contender.id}: {finding.text}"
    for contender in suite.contenders:
        for text in contender.differences:
            yield "note", f"{contender.id}: against the baseline {text}"
    for note in suite.notes:
        yield "note", note


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


def worst_outcome(contender: ContenderCheck) -> str:
    """`fail`, `undecided`, `note` or `pass`, the first that any finding has."""
    outcomes = {finding.outcome for finding in contender.findings}
    return next((outcome for outcome in ("fail", "undecided", "note") if outcome in outcomes), "pass")


def _test(contender: ContenderCheck) -> DropTest | None:
    return next((f.test for f in contender.findings if f.gate == "drop" and f.test), None)


def difference_of(contender: ContenderCheck) -> str:
    """Accuracy against the baseline in points, with its 95 % interval."""
    test = _test(contender)
    if test is None or test.difference.value is None:
        return DASH
    text = f"{points(test.difference.value, signed=True)} pt"
    return text + difference(test.difference).removeprefix(text.removesuffix(" pt"))


def _sees(contender: ContenderCheck) -> str:
    test = _test(contender)
    return DASH if test is None or test.visible is None else f"{points(test.visible)} pt"


def flaky_lines(contender: ContenderCheck) -> Iterator[str]:
    """How many answers change while the request stays the same, and which."""
    flaky = contender.flaky
    if flaky is None or not flaky.samples:
        return
    over = "between epochs" if flaky.nights == 1 else f"over {flaky.nights} runs"
    yield f"{contender.id}: {flaky.samples:,} of {count(flaky.of, 'sample')} flaky {over}"
    shown = [f"{plain(i.sample_id, 60)} ({i.right} of {i.asked} right)" for i in flaky.worst]
    rest = flaky.samples - len(shown)
    # The word in front keeps an id from being taken for a command by what reads the log.
    yield "  flaky: " + ", ".join(shown) + (f" and {rest:,} more" if rest > 0 else "")


def title_of(finding: Finding) -> str:
    """`accuracy`, or the metric of a need."""
    return f"{GATES[finding.gate]}: {finding.metric}" if finding.metric else GATES[finding.gate]
