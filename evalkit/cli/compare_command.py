"""`evalkit compare`: is one side better than another, on the same samples?"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from evalkit.errors import BaselineError, CompareError, RunError
from evalkit.regression.compare import CompareOptions
from evalkit.wording.text import plain
from evalkit.workflows.compare import compare

GOOD, WRONG_INPUT = 0, 2


def compare_command(arguments: Sequence[str], as_json: bool, margin: float | None, flips: int) -> int:
    """Compare runs, contenders of runs or baselines, and show it. Returns the exit code.

    `margin` is a share (0.02 is 2 points), `flips` how many flips are shown in each direction.
    """
    try:
        if margin is not None and not 0 <= margin < 1:
            raise CompareError(f"--margin is a share between 0 and 1: 0.02 is 2 points, and {margin:g} is too much")
        comparison = compare(arguments, CompareOptions(margin, flips))
    except (CompareError, RunError, BaselineError) as error:
        for line in str(error).splitlines():
            print(plain(line, 600), file=sys.stderr)
        return WRONG_INPUT
    from evalkit.report.comparison import comparison_json, show_comparison

    if as_json:
        print(json.dumps(comparison_json(comparison), ensure_ascii=False, allow_nan=False))
    else:
        show_comparison(comparison, sys.stdout)
    return GOOD
