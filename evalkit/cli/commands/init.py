"""`evalkit init`: its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="Write a first suite for your own rows.")(init)


def init(
    data: Annotated[Path, typer.Argument(help="Your rows: .jsonl, .json, .csv, .tsv or .parquet.", metavar="DATA")],
    train: Annotated[
        Path | None, typer.Option(help="Rows to learn from; otherwise half of DATA.", metavar="FILE")
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column with the right answer.", metavar="COLUMN")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A column to show; may be repeated.", metavar="COLUMN")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The suite to write; default: suites/NAME.yaml.", metavar="SUITE")
    ] = None,
    no_split: Annotated[bool, typer.Option("--no-split", help="All rows are test rows.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Write a first suite for your own rows: guesses the columns, says why, and splits them."""
    from evalkit.cli.init_command import init_command
    from evalkit.workflows.init import InitOptions

    sys.exit(init_command(InitOptions(data, train, target, tuple(text or ()), out, not no_split, force)))
