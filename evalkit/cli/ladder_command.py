"""`evalkit ladder`: the climb with a progress display, its table, and an exit code by contract."""

from __future__ import annotations

import json
import sys

from evalkit.cli.asking import GOOD, INCOMPLETE, WRONG_INPUT, ask, end_now
from evalkit.cli.batch_command import show_submitted
from evalkit.cli.stopped import STOPPED, show_stopped
from evalkit.errors import Interrupted, RunError, Submitted, SuiteError
from evalkit.report.ladder import ladder_json, show_ladder
from evalkit.workflows.ladder.climb import LadderOptions, climb, rung_yaml


def ladder_command(options: LadderOptions, as_json: bool = False, show: str | None = None) -> int:
    """Climb a suite's ladder and tell it, or print the rung `show` of the newest climb as YAML. Returns the exit code:
    0 good, whatever the curve says; 2 wrong input; 3 incomplete; 130 interrupted."""
    if show is not None:
        return _show(options, show)
    try:
        report = ask(lambda watch: climb(options, watch))
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return WRONG_INPUT
    except Submitted as waiting:
        return show_submitted(waiting, options.command, as_json)
    except Interrupted as stop:
        end_now(f"{stop.kept:,} answers of the rungs so far are kept.", options.command, options.how)
    except STOPPED as error:
        return show_stopped(error, options.command)
    show_ladder(report, sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(ladder_json(report), ensure_ascii=False, allow_nan=False))
    return GOOD if report.complete else INCOMPLETE


def _show(options: LadderOptions, rung: str) -> int:
    try:
        print(rung_yaml(options, rung), end="")
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return WRONG_INPUT
    except RunError as error:
        print(error, file=sys.stderr)
        return WRONG_INPUT
    return GOOD
