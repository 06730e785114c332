"""`evalkit history`: its options."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from evalkit.cli.options import JsonOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="A suite's nights, and what changed when.")(history)


def history(
    suite: Annotated[str, typer.Argument(help="A suite's file or name.", metavar="SUITE")],
    last: Annotated[int, typer.Option("--last", help="How many runs at most.", min=1)] = 60,
    json_output: JsonOption = False,
) -> None:
    """Show each contender's nights with change points, from the folder of runs."""
    from evalkit.cli.history_command import history_command

    sys.exit(history_command(suite, last, json_output))
