"""`evalkit ladder`: the climb with a progress display, its table, and an exit code by contract."""

from __future__ import annotations

import sys

from evalkit.cli.asking import GoingOn, ask
from evalkit.cli.batch_command import show_submitted
from evalkit.cli.exits import GOOD, INCOMPLETE, with_exit_code
from evalkit.cli.streams import print_document, print_json
from evalkit.errors import Interrupted, Submitted
from evalkit.report.ladder import ladder_json, show_ladder
from evalkit.workflows.ladder.climb import LadderOptions, climb, rung_yaml


@with_exit_code
def ladder_command(options: LadderOptions, as_json: bool = False, show: str | None = None) -> int:
    """Climb a suite's ladder and tell it, or print the rung `show` of the newest climb as YAML. Returns the exit code:
    0 good, whatever the curve says; 2 wrong input; 3 incomplete; 130 interrupted."""
    if show is not None:
        print_document(rung_yaml(options, show))
        return GOOD
    try:
        report = ask(lambda watch: climb(options, watch), GoingOn(options.command, options.how, _kept))
    except Submitted as waiting:
        return show_submitted(waiting, options.command, as_json)
    show_ladder(report, sys.stderr if as_json else sys.stdout)
    if as_json:
        print_json(ladder_json(report))
    return GOOD if report.complete else INCOMPLETE


def _kept(stop: Interrupted) -> str:
    return f"{stop.kept:,} answers of the rungs so far are kept."
