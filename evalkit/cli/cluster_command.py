"""`evalkit run --cluster ray`: the run command with workers."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import redirect_stdout

from evalkit.engine.ray_connection import ClusterError
from evalkit.records.run import RunResult
from evalkit.report.progress import progress
from evalkit.report.terminal import show_run
from evalkit.store.cache import CacheError
from evalkit.store.runs import RunError
from evalkit.suite.errors import SuiteError
from evalkit.workflows.cluster import ClusterOptions, run_cluster
from evalkit.workflows.run import Interrupted, Watch

GOOD, WRONG_INPUT, INCOMPLETE, INTERRUPTED = 0, 2, 3, 130


def cluster_run_command(options: ClusterOptions, as_json: bool, quiet: bool) -> int:
    """Run a suite with workers and show it. Returns the exit code."""
    try:
        # Ray prints on standard output what happens to its processes.
        with redirect_stdout(sys.stderr):
            result = _run(options, show_progress=not quiet)
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
    if as_json:
        from evalkit.report.as_json import as_json as encode

        print(json.dumps(encode(result), ensure_ascii=False, allow_nan=False))
        if not quiet:
            show_run(result, sys.stderr)
    else:
        show_run(result, sys.stdout, quiet)
    return GOOD if result.complete else INCOMPLETE


def _run(options: ClusterOptions, show_progress: bool) -> RunResult:
    """Run under an event loop of our own: SIGINT and SIGTERM cancel the run, which then keeps what it has."""
    watch = Watch(on_warning=lambda text: print(f"warning: {text}", file=sys.stderr))

    async def work() -> RunResult:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        if not show_progress:
            return await run_cluster(options, watch)
        async with progress(watch.monitors, sys.stderr):
            return await run_cluster(options, watch)

    return asyncio.run(work())
