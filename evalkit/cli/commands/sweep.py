"""`evalkit sweep`: its options."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from evalkit.cli.options import JsonOption, SuiteArgument


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="How many calls a second a server keeps its need at.")(sweep)


def sweep(
    suite: SuiteArgument,
    model: Annotated[str, typer.Option("--model", "-m", help="The model whose endpoint is measured.")],
    low: Annotated[float, typer.Option("--from", help="Calls a second to start at.", min=0.01)] = 1.0,
    high: Annotated[float, typer.Option("--to", help="Calls a second to end at.", min=0.01)] = 200.0,
    max_calls: Annotated[int, typer.Option("--max-calls", help="Send no more calls than this.", min=70)] = 20_000,
    constant: Annotated[bool, typer.Option("--constant", help="Evenly spaced calls, not at random.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Find the highest rate of calls at which an endpoint keeps the suite's p95 of latency or time to first token."""
    from evalkit.cli.sweep_command import sweep_command
    from evalkit.workflows.sweep.sweep import SweepOptions

    if low > high:
        raise typer.BadParameter(f"--from {low:g} is above --to {high:g}")
    arrivals: Any = "constant" if constant else "poisson"
    sys.exit(sweep_command(SweepOptions(suite, model, low, high, max_calls, arrivals), json_output))
