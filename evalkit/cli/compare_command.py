"""`evalkit compare`: is one side better than another, on the same samples?"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.errors import UsageError
from evalkit.records.comparison import CompareOptions
from evalkit.workflows.compare import compare


@with_exit_code
def compare_command(arguments: Sequence[str], as_json: bool, margin: float | None, flips: int) -> int:
    """Compare runs, contenders of runs or baselines, and show it. Returns the exit code.

    `margin` is a share (0.02 is 2 points), `flips` how many flips are shown in each direction.
    """
    if margin is not None and not 0 <= margin < 1:
        raise UsageError(f"--margin is a share between 0 and 1: 0.02 is 2 points, and {margin:g} is too much")
    comparison = compare(arguments, CompareOptions(margin, flips))
    from evalkit.report.comparison import comparison_json, show_comparison

    if as_json:
        print_json(comparison_json(comparison))
    else:
        show_comparison(comparison, sys.stdout)
    return GOOD
