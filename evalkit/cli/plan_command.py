"""`evalkit plan` and `evalkit run --dry-run`."""

from __future__ import annotations

import sys
from pathlib import Path

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.report.plan import plan_as_json, show_plan
from evalkit.workflows.plan import plan_suite


@with_exit_code
def plan_command(suite: Path, models: tuple[str, ...], as_json: bool) -> int:
    """Show what a run would do. Returns the exit code."""
    plan = plan_suite(suite, models)
    if as_json:
        print_json(plan_as_json(plan))
    else:
        show_plan(plan, sys.stdout)
    return GOOD
