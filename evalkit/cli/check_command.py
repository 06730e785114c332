"""`evalkit check`: the night with a progress display, its reports, and an exit code by contract."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from evalkit.records.check import Night
from evalkit.report.check import night_json, show_night
from evalkit.report.progress import progress
from evalkit.store.cache import CacheError
from evalkit.suite.errors import SuiteError
from evalkit.workflows.check import CheckOptions, check
from evalkit.workflows.run import Interrupted, Watch

WRONG_INPUT, INCOMPLETE, INTERRUPTED = 2, 3, 130


@dataclass(frozen=True, slots=True)
class CheckOutput:
    """How the night is told. `junit` is a file to write; `github` writes annotations and the job summary."""

    as_json: bool = False
    junit: Path | None = None
    github: bool = False


def check_command(options: CheckOptions, output: CheckOutput) -> int:
    """Check suites as one night and tell it. Returns the exit code."""
    try:
        night = _check(options)
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return WRONG_INPUT
    except Interrupted as stop:
        _end_now(stop, options.command)
    except CacheError as error:
        print(f"{error}\nEverything answered before is kept. Go on with: {options.command}", file=sys.stderr)
        return INCOMPLETE
    screen = sys.stderr if output.as_json else sys.stdout
    show_night(night, screen)
    if output.as_json:
        print(json.dumps(night_json(night), ensure_ascii=False, allow_nan=False))
    written = _write_junit(night, output.junit)
    if output.github:
        written = _write_github(night, output.as_json) and written
    return night.code if written else WRONG_INPUT


def _check(options: CheckOptions) -> Night:
    """Under an event loop of our own: SIGINT and SIGTERM cancel the night, which then keeps what it has."""
    watch = Watch(on_warning=lambda text: print(f"warning: {text}", file=sys.stderr))

    async def work() -> Night:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        async with progress(watch.monitors, sys.stderr):
            return await check(options, watch)

    runner = asyncio.Runner()
    try:
        night = runner.run(work())
    except asyncio.CancelledError:
        raise Interrupted(0, 0) from None
    # Closed only here: after an interruption nobody waits for a thread that still computes.
    runner.close()
    return night


def _end_now(stop: Interrupted, command: str) -> None:
    kept = f" of the suite under way {stop.kept:,} of {stop.total:,} answers are kept." if stop.total else ""
    print(f"\nInterrupted:{kept or ' all answers are kept.'} Go on with: {command}", file=sys.stderr)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(INTERRUPTED)


def _write_junit(night: Night, path: Path | None) -> bool:
    if path is None:
        return True
    from evalkit.report.junit import junit_xml

    return _write(path, junit_xml(night), "w")


def _write_github(night: Night, as_json: bool) -> bool:
    """Annotations go to the log, the summary to the file that GitHub names, else to the log too."""
    from evalkit.report.github import annotation_lines, summary

    log = sys.stderr if as_json else sys.stdout
    for line in annotation_lines(night):
        print(line, file=log)
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if target:
        return _write(Path(target), summary(night), "a")
    print(f"\n{summary(night)}", file=log)
    return True


def _write(path: Path, text: str, mode: str) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        print(f"{path}: cannot be written: {error.strerror}", file=sys.stderr)
        return False
    return True
