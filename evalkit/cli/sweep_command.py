"""`evalkit sweep`: each rate as it is done, the table, and an exit code by contract."""

from __future__ import annotations

import sys

from evalkit.cli.exits import GOOD, INTERRUPTED, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.report.sweep import show_sweep, step_line, sweep_json
from evalkit.workflows.sweep.sweep import SweepOptions, SweepWatch, run_sweep


@with_exit_code
def sweep_command(options: SweepOptions, as_json: bool = False) -> int:
    """Sweep and show it. Returns the exit code: 0 whatever the rate is; 2 wrong input; 3 where the endpoint does not
    answer; 130 interrupted. No answer is kept, so that there is nothing to go on with."""
    watch = SweepWatch(on_step=lambda step: print(step_line(step), file=sys.stderr, flush=True))
    try:
        found = run_sweep(options, watch)
    except KeyboardInterrupt:
        print("\nInterrupted; the rates above are what was measured.", file=sys.stderr)
        return INTERRUPTED
    show_sweep(found, sys.stderr if as_json else sys.stdout)
    if as_json:
        print_json(sweep_json(found))
    return GOOD
