"""`evalkit plan` and `evalkit run --dry-run`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.report.plan import plan_as_json, show_plan
from evalkit.workflows.plan import plan_suite


def plan_command(suite: Path, models: tuple[str, ...], as_json: bool) -> int:
    """Show what a run would do. Returns the exit code."""
    try:
        plan = plan_suite(suite, models)
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(plan_as_json(plan), ensure_ascii=False, allow_nan=False))
    else:
        show_plan(plan, sys.stdout)
    return 0
