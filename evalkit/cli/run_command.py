"""`evalkit run`: the workflow with a progress display, and an exit code by contract."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from evalkit.records.run import RunResult
from evalkit.report.progress import progress
from evalkit.report.terminal import show_run
from evalkit.store.cache import CacheError
from evalkit.store.runs import RunError
from evalkit.suite.errors import SuiteError
from evalkit.workflows.run import Interrupted, RunOptions, Watch, run_suite

GOOD, WRONG_INPUT, INCOMPLETE, INTERRUPTED = 0, 2, 3, 130


def run_command(options: RunOptions, as_json: bool, quiet: bool) -> int:
    """Run a suite and show it. Returns the exit code."""
    command = options.command
    try:
        result = _run(options, show_progress=not quiet)
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return WRONG_INPUT
    except Interrupted as stop:
        _end_now(stop, command)
    except (CacheError, RunError) as error:
        print(f"{error}\nEverything answered before is kept. Go on with: {command}", file=sys.stderr)
        return INCOMPLETE
    if as_json:
        import json

        from evalkit.report.as_json import as_json as encode

        print(json.dumps(encode(result), ensure_ascii=False, allow_nan=False))
        if not quiet:
            show_run(result, sys.stderr)
    else:
        show_run(result, sys.stdout, quiet)
    return GOOD if result.complete else INCOMPLETE


def _run(options: RunOptions, show_progress: bool) -> RunResult:
    """Run under an event loop of our own: SIGINT and SIGTERM cancel the run, which then keeps what it has."""
    watch = Watch(on_warning=lambda text: print(f"warning: {text}", file=sys.stderr))

    async def work() -> RunResult:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        if not show_progress:
            return await run_suite(options, watch)
        async with progress(watch.monitors, sys.stderr):
            return await run_suite(options, watch)

    runner = asyncio.Runner()
    result = runner.run(work())
    # Closed only here: after an interruption nobody waits for a thread that still computes.
    runner.close()
    return result


def _end_now(stop: Interrupted, command: str) -> None:
    """End at once, whatever threads still compute; all that was answered is on disk."""
    print(
        f"\nInterrupted: {stop.kept:,} of {stop.total:,} answers are kept. Go on with: {command}",
        file=sys.stderr,
    )
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(INTERRUPTED)
