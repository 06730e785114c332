"""A sweep on the screen: a row per rate, and what the highest good rate means for the cost of a machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from evalkit.records.estimate import Estimate
from evalkit.records.plain import finite_json
from evalkit.records.sweep import Sweep, SweepStep
from evalkit.report.console import console, print_table
from evalkit.wording.numbers import count, milliseconds, money
from evalkit.wording.text import DASH, listed, plain

_NAMES = {"latency_p95_ms": "p95 of the latency", "ttft_p95_ms": "p95 of the time to the first token"}


def sweep_json(found: Sweep) -> dict[str, Any]:
    """The sweep as plain data, numbers unrounded; unknown is null, and so is a p95 of calls that got no answer."""
    data = finite_json(found)
    assert isinstance(data, dict)
    return data


def step_line(step: SweepStep) -> str:
    """One rate in a line, for a sweep under way."""
    return f"{step.rate:g}/s: {step.state}, {plain(step.why)} ({count(step.calls, 'call')})"


def show_sweep(found: Sweep, stream: IO[str]) -> None:
    """Print a sweep for a person."""
    out = console(stream)
    print_table(_table(found), out)
    for line in sweep_lines(found):
        out.print(line, markup=False, soft_wrap=True)


def sweep_lines(found: Sweep) -> Iterator[str]:
    """What the table comes to."""
    needs = listed([f"{_NAMES[need.metric]} ≤ {milliseconds(need.limit)}" for need in found.needs])
    lowest = min((step.rate for step in found.steps), default=None)
    if found.capacity_rps is None:
        tried = "no rate was tried" if lowest is None else f"not shown at {lowest:g}/s, the lowest rate that was tried"
        yield f"{plain(found.model)}: {needs}: {tried}."
    else:
        step = next(s for s in reversed(found.steps) if s.rate == found.capacity_rps)
        over = f"; over at {found.over_rps:g}/s" if found.over_rps is not None else ""
        yield f"{plain(found.model)} keeps {needs} at {found.capacity_rps:g} calls a second (95 % sure){over}."
        yield f"There {plain(step.why)}, over {count(step.measured, 'call')}."
    yield f"It ended because {plain(found.ended)}; {count(found.calls, 'call')}" + (
        f", {money(found.spent)} spent." if found.spent is not None else "."
    )
    for note in found.notes:
        yield f"note: {plain(note, 400)}"
    if found.capacity_rps is not None:
        yield from _cost_lines(found, found.capacity_rps)


def _cost_lines(found: Sweep, capacity: float) -> Iterator[str]:
    if found.cost_per_1000_calls is not None:
        cost = f"{money(found.cost_per_1000_calls)} per 1,000 calls"
        yield f"At {money(found.gpu_hour)} an hour and always this busy: {cost}."
    yield "For the suite's economics, where this endpoint is one replica:"
    hour = "…" if found.gpu_hour is None else f"{found.gpu_hour:g}"
    yield f"  economics.gpu.capacity_rps: {capacity:g}"
    yield f"  economics: {{gpu: {{gpu_hour: {hour}, capacity_rps: {capacity:g}}}}}"


def _table(found: Sweep) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    streamed = any(step.ttft_p95_ms is not None for step in found.steps)
    title = f"{plain(found.suite)}: {plain(found.model)} ({plain(found.provider_model)}), 95 % intervals"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    names = ["calls/s", "achieved", "calls", "errors", "latency p50", "latency p95"]
    names += ["TTFT p50", "TTFT p95"] if streamed else []
    for name in [*names, "client late", "state"]:
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=name != "state")
    for step in sorted(found.steps, key=lambda s: s.rate):
        table.add_row(*(Text(cell) for cell in _cells(step, streamed)))
    return table


def _cells(step: SweepStep, streamed: bool) -> Iterator[str]:
    yield f"{step.rate:g}"
    yield DASH if step.achieved is None else f"{step.achieved:.3g}"
    yield f"{step.calls:,}"
    yield f"{step.errors:,}"
    yield from (_with_interval(each) for each in (step.latency_p50_ms, step.latency_p95_ms))
    if streamed:
        yield from (_with_interval(each) for each in (step.ttft_p50_ms, step.ttft_p95_ms))
    yield milliseconds(step.late_p95_ms)
    yield f"{step.state}, cut short" if step.cut_short else step.state


def _with_interval(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return DASH
    return f"{milliseconds(estimate.value)} [{milliseconds(estimate.low)}, {milliseconds(estimate.high)}]"
