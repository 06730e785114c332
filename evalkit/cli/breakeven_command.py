"""`evalkit breakeven`: the calculator."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.errors import UsageError
from evalkit.records.plain import finite_json
from evalkit.report.breakeven import break_even_lines
from evalkit.workflows.breakeven import calculate


@with_exit_code
def breakeven_command(given: Mapping[str, str], as_json: bool) -> int:
    """Compute and show. Returns the exit code."""
    try:
        found, calculation = calculate(given)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if as_json:
        print_json(finite_json(found))
        return GOOD
    for line in break_even_lines(found, calculation.horizon_months):
        print(line)
    return GOOD
