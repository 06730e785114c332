"""`evalkit check`: its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.options import (
    AddressOption,
    BatchOption,
    ClusterOption,
    JsonOption,
    MaxCostOption,
    NoWaitOption,
    WorkersOption,
    how_to_ask,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="The nightly run: did anything get worse?")(check)


def check(
    suites: Annotated[list[Path], typer.Argument(help="The suite files of the night.", metavar="SUITE")],
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask everything anew; one that was stopped goes on (within 20 hours).")
    ] = False,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML here.", metavar="FILE")] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Annotations and the job summary for GitHub Actions.")
    ] = False,
    max_cost: MaxCostOption = None,
    batch: BatchOption = False,
    no_wait: NoWaitOption = False,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    json_output: JsonOption = False,
) -> None:
    """Run suites as one night, hold every contender against its baseline and the suite's gates.

    A drop fails only where a fresh run confirms it and chance is ruled out over all tests of the night. Exit codes:
    0 good, 1 a gate failed, 2 a suite, its data or a key is wrong, 3 incomplete, 130 interrupted.
    """
    from evalkit.cli.check_command import CheckOutput, check_command
    from evalkit.workflows.check import CheckOptions

    how = how_to_ask(
        batch=batch, wait=not no_wait, cluster=cluster, workers=workers, address=address, max_cost=max_cost
    )
    sys.exit(check_command(CheckOptions(tuple(suites), fresh, how=how), CheckOutput(json_output, junit, github)))
