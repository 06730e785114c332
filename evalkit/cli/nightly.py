"""The commands of the night: `check`, `history` and `baseline`. `register` adds them to the application."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.how_options import (
    AddressOption,
    BatchOption,
    ClusterOption,
    MaxCostOption,
    NoWaitOption,
    WorkersOption,
    how_to_ask,
)

_Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
_Flips = Annotated[int, typer.Option("--flips", help="How many flips to list each way.", min=0)]

baseline = typer.Typer(
    name="baseline",
    help="Accept a run as what later runs are held against, and look at what was accepted.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(short_help="The nightly run: did anything get worse?")(check)
    app.command(short_help="A suite's nights, and what changed when.")(history)
    app.add_typer(baseline, short_help="Accept a run, list and compare what was accepted.")


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
    json_output: _Json = False,
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


def history(
    suite: Annotated[str, typer.Argument(help="A suite's file or name.", metavar="SUITE")],
    last: Annotated[int, typer.Option("--last", help="How many runs at most.", min=1)] = 60,
    json_output: _Json = False,
) -> None:
    """Show each contender's nights with change points, from the folder of runs."""
    from evalkit.cli.history_command import history_command

    sys.exit(history_command(suite, last, json_output))


@baseline.command("accept", short_help="Accept a run.")
def baseline_accept(
    run: Annotated[Path, typer.Argument(help="A run's folder, or runs/SUITE for its newest run.", metavar="RUN")],
    contender: Annotated[
        list[str] | None, typer.Option("--contender", help="Only this id or model; may be repeated.")
    ] = None,
    json_output: _Json = False,
) -> None:
    """Write baselines/SUITE/MODEL.PROMPT.FORM.json from a run's results on test, to be reviewed and committed."""
    from evalkit.cli.baseline_command import accept_command

    sys.exit(accept_command(run, tuple(contender or ()), json_output))


@baseline.command("list", short_help="List what was accepted.")
def baseline_list(
    suite: Annotated[str | None, typer.Argument(help="Only this suite's.", metavar="SUITE")] = None,
    json_output: _Json = False,
) -> None:
    """List all baselines, or those of one suite."""
    from evalkit.cli.baseline_command import list_command

    sys.exit(list_command(suite, json_output))


@baseline.command("show", short_help="Show one baseline.")
def baseline_show(
    name: Annotated[str, typer.Argument(help="Its file, or SUITE:MODEL/PROMPT/FORM.", metavar="BASELINE")],
    json_output: _Json = False,
) -> None:
    """Show one baseline: its figures, and where they come from."""
    from evalkit.cli.baseline_command import show_command

    sys.exit(show_command(name, json_output))


@baseline.command("diff", short_help="Compare a baseline with a run or another baseline.")
def baseline_diff(
    first: Annotated[str, typer.Argument(help="A baseline; or a run, with its suite's baselines.", metavar="A")],
    second: Annotated[str | None, typer.Argument(help="A run or another baseline.", metavar="B")] = None,
    flips: _Flips = 0,
    json_output: _Json = False,
) -> None:
    """Compare on the same samples: difference, interval and test."""
    from evalkit.cli.baseline_command import diff_command

    sys.exit(diff_command(first, second, json_output, flips))
