"""`evalkit history`: a suite's nights, and what changed when."""

from __future__ import annotations

import json
import sys

from evalkit.errors import RunError, SuiteError
from evalkit.wording.text import plain
from evalkit.workflows.history import history

GOOD, WRONG_INPUT = 0, 2


def history_command(suite: str, last: int, as_json: bool) -> int:
    """Show the newest `last` runs of a suite (its file, its name, or its folder under runs/). Returns the exit code."""
    try:
        found = history(suite, last=last)
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return WRONG_INPUT
    except RunError as error:
        print(plain(str(error), 600), file=sys.stderr)
        return WRONG_INPUT
    from evalkit.report.history import history_json, show_history

    if as_json:
        print(json.dumps(history_json(found), ensure_ascii=False, allow_nan=False))
    else:
        show_history(found, sys.stdout)
    return GOOD
