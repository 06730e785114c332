"""`evalkit plan`: its options."""

from __future__ import annotations

import sys

import typer

from evalkit.cli.options import JsonOption, ModelsOption, SuiteArgument


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(short_help="Check and estimate a run; spends nothing.")(plan)


def plan(suite: SuiteArgument, model: ModelsOption = None, json_output: JsonOption = False) -> None:
    """Check a suite, show a request per prompt, and estimate calls, tokens and cost. Spends nothing."""
    from evalkit.cli.plan_command import plan_command

    sys.exit(plan_command(suite, tuple(model or ()), json_output))
