"""`evalkit run`: the workflow with a progress display, and an exit code by contract."""

from __future__ import annotations

import sys

from evalkit.cli.asking import GOOD, INCOMPLETE, WRONG_INPUT, ask, end_now
from evalkit.cli.stopped import STOPPED, show_stopped
from evalkit.errors import Interrupted, Submitted, SuiteError
from evalkit.records.run import RunResult
from evalkit.report.terminal import show_run
from evalkit.workflows.run import RunSettings, run_suite


def run_command(settings: RunSettings, as_json: bool, quiet: bool) -> int:
    """Run a suite and show it. Returns the exit code."""
    command = settings.command
    try:
        result = ask(lambda watch: run_suite(settings, watch), show_progress=not quiet)
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return WRONG_INPUT
    except Submitted as waiting:
        from evalkit.cli.batch_command import show_submitted

        return show_submitted(waiting, command, as_json)
    except Interrupted as stop:
        end_now(f"{stop.kept:,} of {stop.total:,} answers are kept.", command, settings.how)
    except STOPPED as error:
        return show_stopped(error, command)
    show_result(result, as_json, quiet)
    return GOOD if result.complete else INCOMPLETE


def show_result(result: RunResult, as_json: bool, quiet: bool) -> None:
    """The run on the screen; with `as_json` as one object on standard output, and the screen on standard error."""
    if not as_json:
        show_run(result, sys.stdout, quiet)
        return
    import json

    from evalkit.store.summary import as_json as encode

    print(json.dumps(encode(result), ensure_ascii=False, allow_nan=False))
    if not quiet:
        show_run(result, sys.stderr)
