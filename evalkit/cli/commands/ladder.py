"""`evalkit ladder`: its options."""

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
    SuiteArgument,
    WorkersOption,
    how_to_ask,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="Do better prompts still help? Tried on dev.")(ladder)


def ladder(
    suite: SuiteArgument,
    model: ModelsOption = None,
    rungs: Annotated[str | None, typer.Option(help="Only these, as zero-shot,4,8; default: all.")] = None,
    show: Annotated[
        str | None, typer.Option(help="Print this rung of the newest climb as YAML.", metavar="RUNG")
    ] = None,
    max_cost: MaxCostOption = None,
    batch: BatchOption = False,
    no_wait: NoWaitOption = False,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    address: AddressOption = None,
    json_output: JsonOption = False,
) -> None:
    """Climb from zero-shot over a label guide and examples to reasoning, on dev, and say whether the curve is flat."""
    from evalkit.cli.ladder_command import ladder_command
    from evalkit.workflows.ladder.climb import LadderOptions

    names = tuple(name.strip() for name in rungs.split(",")) if rungs else ()
    how = how_to_ask(
        batch=batch, wait=not no_wait, cluster=cluster, workers=workers, address=address, max_cost=max_cost
    )
    sys.exit(ladder_command(LadderOptions(suite, tuple(model or ()), names, how=how), json_output, show))
