"""`evalkit ladder`: the climb with a progress display, its table, and an exit code by contract."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

from evalkit.records.ladder import LadderReport
from evalkit.report.ladder import ladder_json, show_ladder
from evalkit.report.progress import progress
from evalkit.store.cache import CacheError
from evalkit.store.runs import RunError
from evalkit.suite.errors import SuiteError
from evalkit.workflows.ladder import LadderOptions, climb, rung_yaml
from evalkit.workflows.run import Interrupted, Watch

GOOD, WRONG_INPUT, INCOMPLETE, INTERRUPTED = 0, 2, 3, 130


def ladder_command(options: LadderOptions, as_json: bool = False, show: str | None = None) -> int:
    """Climb a suite's ladder and tell it, or print the rung `show` of the newest climb as YAML. Returns the exit code:
    0 good, whatever the curve says; 2 wrong input; 3 incomplete; 130 interrupted."""
    if show is not None:
        return _show(options, show)
    try:
        report = _climb(options)
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return WRONG_INPUT
    except Interrupted as stop:
        _end_now(stop, options.command)
    except (CacheError, RunError) as error:
        print(f"{error}\nEverything answered before is kept. Go on with: {options.command}", file=sys.stderr)
        return INCOMPLETE
    show_ladder(report, sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(ladder_json(report), ensure_ascii=False, allow_nan=False))
    return GOOD if report.complete else INCOMPLETE


def _show(options: LadderOptions, rung: str) -> int:
    try:
        print(rung_yaml(options, rung), end="")
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return WRONG_INPUT
    except RunError as error:
        print(error, file=sys.stderr)
        return WRONG_INPUT
    return GOOD


def _climb(options: LadderOptions) -> LadderReport:
    """Under an event loop of our own: SIGINT and SIGTERM cancel the climb, which then keeps what it has."""
    watch = Watch(on_warning=lambda text: print(f"warning: {text}", file=sys.stderr))

    async def work() -> LadderReport:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        async with progress(watch.monitors, sys.stderr):
            return await climb(options, watch)

    runner = asyncio.Runner()
    report = runner.run(work())
    # Closed only here: after an interruption nobody waits for a thread that still computes.
    runner.close()
    return report


def _end_now(stop: Interrupted, command: str) -> None:
    print(f"\nInterrupted: {stop.kept:,} answers of the rungs so far are kept. Go on with: {command}", file=sys.stderr)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(INTERRUPTED)
