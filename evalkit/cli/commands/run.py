"""`evalkit run`: its options."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from evalkit.cli.options import (
    AddressOption,
    BatchOption,
    ClusterOption,
    JsonOption,
    MaxCostOption,
    ModelsOption,
    NoWaitOption,
    QuietOption,
    RequireOption,
    SuiteArgument,
    VouchOption,
    WorkersOption,
    how_to_ask,
    vouched,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="Ask every model; give the verdict.")(run)


def run(
    suite: SuiteArgument,
    model: ModelsOption = None,
    require_all: RequireOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and estimate only, as `plan`.")] = False,
    vouch: VouchOption = None,
    max_cost: MaxCostOption = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="Ask a server at this many calls a second, whether it keeps up or not.", min=0.001),
    ] = None,
    constant: Annotated[bool, typer.Option("--constant", help="With --rate: evenly spaced, not at random.")] = False,
    batch: BatchOption = False,
    no_wait: NoWaitOption = False,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a suite: ask every model, score, hold each against good enough, and give the verdict on a fine-tune."""
    from evalkit.cli.run_command import run_command
    from evalkit.workflows.run import RunSettings

    if dry_run:
        from evalkit.cli.plan_command import plan_command

        sys.exit(plan_command(suite, tuple(model or ()), json_output))
    how = how_to_ask(
        batch=batch,
        wait=not no_wait,
        rate=rate,
        constant=constant,
        cluster=cluster,
        workers=workers,
        address=address,
        max_cost=max_cost,
    )
    settings = RunSettings(suite, tuple(model or ()), require_all, vouched=vouched(vouch), how=how)
    sys.exit(run_command(settings, json_output, quiet))
