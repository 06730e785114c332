"""The run on the screen: one table, what was skipped and why, and the answer."""

from __future__ import annotations

from typing import IO, Any

from evalkit.records.estimate import Requirement
from evalkit.records.run import ContenderResult, RunResult
from evalkit.report.answer import answer
from evalkit.report.console import console, print_table
from evalkit.wording.names import metric, not_ok
from evalkit.wording.needs import distance, ends, figure, need
from evalkit.wording.numbers import count, interval, money, percent, times
from evalkit.wording.text import DASH, listed, plain

_STATE_STYLE = {"met": "green", "unmet": "red", "undecided": "yellow"}
_WIDE = 112  # columns from which a figure and its interval stand on one line


def show_run(result: RunResult, stream: IO[str], quiet: bool = False) -> None:
    """Print the table, the notes and the answer; `quiet` leaves the answer only."""
    print_run(result, console(stream), quiet)


def print_run(result: RunResult, out: Any, quiet: bool = False) -> None:
    """The same on a given rich console."""
    if not quiet:
        print_table(_table(result, narrow=out.width < _WIDE), out)
        out.print(_needs_line(result), markup=False)
        for line in _details(result):
            out.print(line, markup=False)
        out.print(f"Run: {result.run}", markup=False, soft_wrap=True)
        out.print()
    for line in answer(result):
        out.print(line, markup=False, soft_wrap=True)


def _table(result: RunResult, narrow: bool) -> Any:
    """A row per contender that was asked; below each figure, what it means for the need that it concerns."""
    from rich import box
    from rich.table import Table

    title = f"{result.suite}: figures with 95 % intervals"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("contender", overflow="fold")
    table.add_column("n", justify="right", no_wrap=True)
    others = _other_metrics(result)
    names = ("accuracy", "format validity", *map(metric, others), "cache read", "$/1k calls", "p50 / p95")
    for name in names:
        table.add_column(_stacked(name) if narrow else name, justify="right", no_wrap=True)
    for contender in result.contenders:
        if contender.skipped is None:
            table.add_row(*_cells(contender, result, others, narrow))
    return table


def _stacked(words: str) -> str:
    """A word a line; a slash stays with the word before it."""
    return words.replace(" / ", " /\n") if " / " in words else words.replace(" ", "\n")


def _other_metrics(result: RunResult) -> list[str]:
    """Needs on metrics that have no column of their own."""
    shown = ("accuracy", "format_validity", "latency_p95_ms", "cost_per_1000_calls")
    return list(dict.fromkeys(r.need.metric for r in result.requirements if r.need.metric not in shown))


def _cells(c: ContenderResult, result: RunResult, others: list[str], narrow: bool) -> list[Any]:
    from rich.text import Text

    name = c.id if c.split == "test" else f"{c.id} ({c.split})"
    needs = {r.need.metric: r for r in result.requirements if r.contender == c.id and c.split == "test"}

    def cell(text: str, metric: str | None = None) -> Any:
        found = needs.get(metric) if metric else None
        return Text(text) if found is None else Text("\n").join([Text(text), _state(found, narrow)])

    def measured(metric: str) -> Any:
        text = figure(metric, c.figure(metric))
        return cell(text.replace(" [", "\n[") if narrow else text, metric)

    latency, p95 = c.latency_ms, "latency_p95_ms"
    taken = times(latency)
    if p95 in needs:  # a judged figure shows its interval, on a line of its own so that the table stays narrow
        taken += ends(p95, c.figure(p95)).replace(" ", "\n", 1)
    return [
        Text(name.replace("/", "/\n") if narrow else name).append(f"\n{c.role}", style="dim"),
        Text(f"{c.n:,}"),
        measured("accuracy"),
        measured("format_validity"),
        *(measured(name) for name in others),
        cell(percent(c.cache_read_share)),
        cell(money(c.cost.per_1000_calls) if c.cost else DASH, "cost_per_1000_calls"),
        cell(taken.replace(" / ", " /\n") if narrow else taken, p95),
    ]


def _state(r: Requirement, narrow: bool) -> Any:
    """`unmet, −16.1 pt`: the state, and the distance to the need, negative where it falls short."""
    from rich.text import Text

    if r.gap.value is None:
        return Text(r.state, style=_STATE_STYLE[r.state])
    return Text(f"{r.state},{chr(10) if narrow else ' '}{distance(r.need, r.gap)}", style=_STATE_STYLE[r.state])


def _needs_line(result: RunResult) -> str:
    """What is asked for, once for all contenders."""
    needs = dict.fromkeys(r.need for r in result.requirements)
    return f"good enough: {'; '.join(need(wanted) for wanted in needs)}" if needs else ""


def _details(result: RunResult) -> list[str]:
    lines: list[str] = []
    for c in result.contenders:
        if c.skipped is not None:
            lines.append(f"skipped {c.model} ({plain(c.provider_model)}): {plain(c.skipped)}")
            continue
        lines += [f"{c.id}: {line}" for line in (_statuses(c), _lenient(c), _spent(c)) if line]
        lines += [f"{c.id}: {plain(reason)} ({count(n, 'answer')})" for reason, n in c.errors.items()]
        lines += [f"{c.id}: warning: {plain(w)}" for w in c.warnings]
        lines += [f"{c.id}: {plain(n)}" for n in c.notes]
    lines += [f"warning: {plain(w)}" for w in result.warnings]
    return lines


def _statuses(c: ContenderResult) -> str:
    """Everything that is not plainly ok, said with its number."""
    return listed(not_ok(c.status))


def _lenient(c: ContenderResult) -> str:
    """Format and content apart, where they differ."""
    metrics = c.metrics or {}
    strict, lenient = metrics.get("accuracy"), metrics.get("accuracy_lenient")
    if strict is None or lenient is None or strict.value == lenient.value:
        return ""
    valid = metrics.get("accuracy_if_valid")
    words = f"accuracy if the form is forgiven {interval(lenient)}"
    return words + (f", among valid answers {interval(valid)}" if valid and valid.value is not None else "")


def _spent(c: ContenderResult) -> str:
    """Two costs: paid now, and of a cold run."""
    cached = f"{count(c.from_cache, 'answer')} from the response cache" if c.from_cache else ""
    if c.cost is None or c.cost.cold is None:
        return cached
    paid = f"spent now {money(c.cost.spent)}, cost of a cold run {money(c.cost.cold)}"
    return f"{paid} (list prices of {c.cost.prices_as_of})" if c.cost.prices_as_of else paid
