"""`evalkit schema`."""

from __future__ import annotations

import sys

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(schema)


def schema() -> None:
    """Print the JSON Schema of suite files, for editors."""
    from evalkit.cli.schema_command import schema_command

    sys.exit(schema_command())
