"""`evalkit baseline accept|list|show|diff`: their options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.options import FlipsOption, JsonOption

baseline = typer.Typer(
    name="baseline",
    help="Accept a run as what later runs are held against, and look at what was accepted.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(baseline, short_help="Accept a run, list and compare what was accepted.")


@baseline.command("accept", short_help="Accept a run.")
def baseline_accept(
    run: Annotated[Path, typer.Argument(help="A run's folder, or runs/SUITE for its newest run.", metavar="RUN")],
    contender: Annotated[
        list[str] | None, typer.Option("--contender", help="Only this id or model; may be repeated.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Write baselines/SUITE/MODEL.PROMPT.FORM.json from a run's results on test, to be reviewed and committed."""
    from evalkit.cli.baseline_command import accept_command

    sys.exit(accept_command(run, tuple(contender or ()), json_output))


@baseline.command("list", short_help="List what was accepted.")
def baseline_list(
    suite: Annotated[str | None, typer.Argument(help="Only this suite's.", metavar="SUITE")] = None,
    json_output: JsonOption = False,
) -> None:
    """List all baselines, or those of one suite."""
    from evalkit.cli.baseline_command import list_command

    sys.exit(list_command(suite, json_output))


@baseline.command("show", short_help="Show one baseline.")
def baseline_show(
    name: Annotated[str, typer.Argument(help="Its file, or SUITE:MODEL/PROMPT/FORM.", metavar="BASELINE")],
    json_output: JsonOption = False,
) -> None:
    """Show one baseline: its figures, and where they come from."""
    from evalkit.cli.baseline_command import show_command

    sys.exit(show_command(name, json_output))


@baseline.command("diff", short_help="Compare a baseline with a run or another baseline.")
def baseline_diff(
    first: Annotated[str, typer.Argument(help="A baseline; or a run, with its suite's baselines.", metavar="A")],
    second: Annotated[str | None, typer.Argument(help="A run or another baseline.", metavar="B")] = None,
    flips: FlipsOption = 0,
    json_output: JsonOption = False,
) -> None:
    """Compare on the same samples: difference, interval and test."""
    from evalkit.cli.baseline_command import diff_command

    sys.exit(diff_command(first, second, json_output, flips))
