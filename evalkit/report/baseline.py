"""Baselines on the screen and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from evalkit.records.baseline import Baseline
from evalkit.report.console import console, print_table
from evalkit.wording.names import status
from evalkit.wording.needs import figure
from evalkit.wording.numbers import count, milliseconds, money
from evalkit.wording.text import DASH, plain

_SHORT = 12  # digits of a digest


def baseline_json(path: Path, baseline: Baseline) -> dict[str, Any]:
    """A baseline as plain data, but for its samples."""
    data = msgspec.to_builtins(baseline)
    assert isinstance(data, dict)
    del data["samples"]
    return {"path": str(path), **data}


def show_baselines(found: Sequence[tuple[Path, Baseline | Exception]], stream: IO[str]) -> None:
    """A line per baseline; a file that cannot be read is named below with its error."""
    from rich import box
    from rich.table import Table

    out = console(stream)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("suite", "contender", "n", "accuracy", "$/1k calls", "p50", "run of"):
        left = name in ("suite", "contender", "run of")
        table.add_column(name, justify="left" if left else "right", no_wrap=name != "contender", overflow="fold")
    whole = [(path, baseline) for path, baseline in found if isinstance(baseline, Baseline)]
    for _, b in whole:
        table.add_row(
            plain(b.suite),
            plain(b.contender),
            f"{b.n:,}",
            figure("accuracy", b.metrics.get("accuracy")),
            money(b.cost_per_1000_calls),
            milliseconds(b.latency_ms.p50 if b.latency_ms else None),
            plain(_day(b)),
        )
    if whole:
        print_table(table, out)
    for _, error in found:
        if not isinstance(error, Baseline):
            out.print(plain(str(error), 600), markup=False, soft_wrap=True)
    if not found:
        out.print("no baselines yet; one comes from: python -m evalkit baseline accept RUN", markup=False)


def show_baseline(path: Path, baseline: Baseline, stream: IO[str]) -> None:
    """One baseline: its figures, and where they come from."""
    out = console(stream)
    for line in _lines(path, baseline):
        out.print(plain(line, 600), markup=False, soft_wrap=True)


def _lines(path: Path, b: Baseline) -> list[str]:
    answers = ", ".join(f"{n:,} {status(name)}" for name, n in b.status.items() if n)
    served = b.provenance.served_model or "unknown"
    lines = [
        f"{b.contender} of {b.suite} ({path})",
        f"{count(b.n, 'sample')}, {count(b.epochs, 'epoch')}{f', {b.groups:,} groups' if b.groups else ''}: {answers}",
        *(f"{name}: {figure(name, each)}" for name, each in b.metrics.items() if each and each.value is not None),
        f"cost of 1,000 calls: {money(b.cost_per_1000_calls)} (list prices of {b.prices_as_of or 'unknown date'})",
    ]
    if b.latency_ms:
        p95 = figure("latency_p95_ms", b.latency_ms.estimate)
        lines.append(f"latency: {milliseconds(b.latency_ms.p50)} median, {p95} p95")
    p = b.provenance
    lines += [
        f"answered by {served}; asked as {p.provider_model or 'unknown'}",
        f"run {b.run} of {p.created or 'unknown date'}, evalkit {p.version or 'unknown'}",
        f"data {_digest(p.data)}, prompt {p.prompt_name or ''} {_digest(p.prompt)}, scoring {_digest(p.scoring)}",
    ]
    return lines


def _day(b: Baseline) -> str:
    return (b.provenance.created or b.run)[:10]


def _digest(value: str | None) -> str:
    return DASH if value is None else value[:_SHORT]
