"""`evalkit run --cluster ray`: the run command with workers."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

from evalkit.cli.asking import GOOD, INCOMPLETE, INTERRUPTED, WRONG_INPUT, ask
from evalkit.cli.run_command import show_result
from evalkit.engine.cluster.ray_connection import ClusterError
from evalkit.store.cache import CacheError
from evalkit.store.runs import RunError
from evalkit.suite.file.errors import SuiteError
from evalkit.workflows.cluster import ClusterOptions, run_cluster
from evalkit.workflows.run import Interrupted


def cluster_run_command(options: ClusterOptions, as_json: bool, quiet: bool) -> int:
    """Run a suite with workers and show it. Returns the exit code."""
    try:
        # Ray prints on standard output what happens to its processes.
        with redirect_stdout(sys.stderr):
            result = ask(lambda watch: run_cluster(options, watch), show_progress=not quiet)
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return WRONG_INPUT
    except Interrupted as stop:
        print(
            f"\nInterrupted: {stop.kept:,} of {stop.total:,} answers are kept. Go on with: {options.command}",
            file=sys.stderr,
        )
        return INTERRUPTED
    except (CacheError, ClusterError, RunError) as error:
        print(f"{error}\nEverything answered before is kept. Go on with: {options.command}", file=sys.stderr)
        return INCOMPLETE
    show_result(result, as_json, quiet)
    return GOOD if result.complete else INCOMPLETE
