"""`evalkit history`: a suite's nights, and what changed when."""

from __future__ import annotations

import sys

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.workflows.history import history


@with_exit_code
def history_command(suite: str, last: int, as_json: bool) -> int:
    """Show the newest `last` runs of a suite (its file, its name, or its folder under runs/). Returns the exit code."""
    found = history(suite, last=last)
    from evalkit.report.history import history_json, show_history

    if as_json:
        print_json(history_json(found))
    else:
        show_history(found, sys.stdout)
    return GOOD
