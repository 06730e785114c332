"""The run on the screen: one table, what was skipped and why, and the answer."""

from __future__ import annotations

from typing import IO, Any

from evalkit.records.estimate import Requirement
from evalkit.records.run import ContenderResult, RunResult
from evalkit.report.answer import amount, answer
from evalkit.report.text import DASH, count, dollars, interval, milliseconds, percent, plain, share

_STATE_STYLE = {"met": "green", "unmet": "red", "undecided": "yellow"}
_PLAIN_WIDTH = 200


def console(stream: IO[str]) -> Any:
    """A rich console; without colour, and wide enough for the table, where the stream is no terminal."""
    from rich.console import Console

    on_terminal = stream.isatty()
    return Console(file=stream, width=None if on_terminal else _PLAIN_WIDTH, highlight=False, soft_wrap=False)


def show_run(result: RunResult, command: str, stream: IO[str], quiet: bool = False) -> None:
    """Print the table, the notes and the answer; `quiet` leaves the answer only."""
    out = console(stream)
    if not quiet:
        out.print(_table(result))
        for line in _details(result):
            out.print(line, markup=False)
        out.print()
    for line in answer(result, command):
        out.print(line, markup=False, soft_wrap=True)
    if not quiet:
        out.print(f"Run: {result.run}", markup=False, soft_wrap=True)


def _table(result: RunResult) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=f"{result.suite}", title_justify="left", pad_edge=False)
    table.add_column("contender", no_wrap=True)
    for name in ("n", "accuracy [95 %]", "format validity [95 %]", "cache read", "$/1k calls", "p50 / p95"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("need: gap, state", no_wrap=True)
    for contender in result.contenders:
        if contender.skipped is not None:
            continue
        needs = [r for r in result.requirements if r.contender == contender.id]
        table.add_row(*_cells(contender), Text("\n").join(_need_text(r) for r in needs) if needs else Text(DASH))
    return table


def _cells(c: ContenderResult) -> list[str]:
    metrics = c.metrics or {}
    latency = c.latency_ms
    times = f"{milliseconds(latency.p50)} / {milliseconds(latency.p95)}" if latency else DASH
    name = f"{c.id}" if c.split == "test" else f"{c.id} ({c.split})"
    return [
        f"{name}\n  {c.role}",
        f"{c.n:,}",
        interval(metrics.get("accuracy")),
        interval(metrics.get("format_validity")),
        percent(c.cache_read_share),
        dollars(c.cost.per_1000_calls) if c.cost else DASH,
        times,
    ]


def _need_text(r: Requirement) -> Any:
    """`accuracy ≥ .920: 4.1 pt short, unmet`."""
    from rich.text import Text

    sign = "≥" if r.need.at_least else "≤"
    limit = share(r.need.threshold) if r.need.at_least else amount(r.need, r.need.threshold)
    text = Text(f"{r.need.metric} {sign} {limit}: {_gap(r)}")
    text.append(r.state, style=_STATE_STYLE[r.state])
    return text


def _gap(r: Requirement) -> str:
    if r.gap.value is None:
        return ""
    word = "short" if r.gap.value > 0 else "clear"
    size = abs(r.gap.value)
    text = f"{100 * size:.1f} pt" if r.need.at_least else amount(r.need, size)
    return f"{text} {word}, "


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
    bad = {k.replace("_", " "): n for k, n in (c.status or {}).items() if n and k != "ok"}
    return ", ".join(f"{n:,} {name}" for name, n in bad.items())


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
    paid = f"spent now {dollars(c.cost.spent)}, cost of a cold run {dollars(c.cost.cold)}"
    return f"{paid} (list prices of {c.cost.prices_as_of})" if c.cost.prices_as_of else paid
