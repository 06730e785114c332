"""`evalkit compare`: its options."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from evalkit.cli.options import JsonOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="Is B better than A? Runs, contenders or baselines.")(compare)


def compare(
    sides: Annotated[
        list[str], typer.Argument(help="RUN, RUN:contender, runs/SUITE or a baseline.", metavar="A [B …]")
    ],
    margin: Annotated[
        float | None, typer.Option(help="Non-inferiority: 0.02 asks whether B is at most 2 points worse.", min=0, max=1)
    ] = None,
    flips: Annotated[int, typer.Option(help="Samples to show that changed, each way.", min=0)] = 3,
    json_output: JsonOption = False,
) -> None:
    """Compare contenders on the same samples: difference with interval and test, corrected for several pairs."""
    from evalkit.cli.compare_command import compare_command

    sys.exit(compare_command(sides, json_output, margin, flips))
