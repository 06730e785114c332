"""`evalkit batch status|collect`: their options."""

from __future__ import annotations

import sys

import typer

from evalkit.cli.options import JsonOption

batch = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What runs by batch are waiting for.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(batch, name="batch", short_help="Batches under way: status, collect.")


@batch.command(name="status")
def batch_status(json_output: JsonOption = False) -> None:
    """Show every batch on record, as its vendor tells it."""
    from evalkit.cli.batch_command import batch_status_command

    sys.exit(batch_status_command(json_output))


@batch.command(name="collect")
def batch_collect(json_output: JsonOption = False) -> None:
    """Take the answers of every batch that has ended into the response cache."""
    from evalkit.cli.batch_command import batch_collect_command

    sys.exit(batch_collect_command(json_output))
