"""`evalkit plan` and `evalkit run --dry-run`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.report.plan import plan_as_json, show_plan
from evalkit.workflows.plan import plan_suite


@with_exit_code
def plan_command(suite: Path, models: tuple[str, ...], as_json: bool) -> int:
    """Show what a run would do. Returns the exit code."""
    plan = plan_suite(suite, models)
    if as_json:
        print(json.dumps(plan_as_json(plan), ensure_ascii=False, allow_nan=False))
    else:
        show_plan(plan, sys.stdout)
    return GOOD
