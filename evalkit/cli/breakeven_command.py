"""`evalkit breakeven`: the calculator."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from evalkit.records.plain import finite_json
from evalkit.report.breakeven import break_even_lines
from evalkit.workflows.breakeven import calculate


def breakeven_command(given: Mapping[str, str], as_json: bool) -> int:
    """Compute and show. Returns the exit code."""
    try:
        found, calculation = calculate(given)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(finite_json(found), allow_nan=False))
        return 0
    for line in break_even_lines(found, calculation.horizon_months):
        print(line)
    return 0
