"""`evalkit run`: the workflow with a progress display, and an exit code by contract."""

from __future__ import annotations

import sys

from evalkit.cli.asking import GoingOn, ask
from evalkit.cli.exits import GOOD, INCOMPLETE, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.errors import Submitted
from evalkit.records.run import RunResult
from evalkit.report.run import show_run
from evalkit.workflows.run import RunSettings, run_suite


@with_exit_code
def run_command(options: RunSettings, as_json: bool, quiet: bool) -> int:
    """Run a suite and show it. Returns the exit code."""
    try:
        result = ask(lambda watch: run_suite(options, watch), GoingOn(options.command, options.how), not quiet)
    except Submitted as waiting:
        from evalkit.cli.batch_command import show_submitted

        return show_submitted(waiting, options.command, as_json)
    show_result(result, as_json, quiet)
    return GOOD if result.complete else INCOMPLETE


def show_result(result: RunResult, as_json: bool, quiet: bool) -> None:
    """The run on the screen; with `as_json` as one object on standard output, and the screen on standard error."""
    if not as_json:
        show_run(result, sys.stdout, quiet)
        return
    from evalkit.workflows.as_data import run_json

    print_json(run_json(result))
    if not quiet:
        show_run(result, sys.stderr)
