"""What all commands that ask models share: an event loop that Ctrl-C ends gently, a display, and a quick end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout
from typing import NoReturn, TypeVar

from evalkit.report.progress import progress
from evalkit.wording.numbers import count
from evalkit.workflows.run import HowToAsk, Watch

GOOD, WRONG_INPUT, INCOMPLETE, INTERRUPTED = 0, 2, 3, 130

T = TypeVar("T")


def ask(work: Callable[[Watch], Awaitable[T]], show_progress: bool = True) -> T:
    """Do `work` under an event loop of our own: SIGINT and SIGTERM cancel it, and it then keeps what it has.

    Whatever is printed meanwhile goes to standard error: Ray tells on standard output what happens to its processes.
    """
    with redirect_stdout(sys.stderr):
        return _asked(work, show_progress)


def _asked(work: Callable[[Watch], Awaitable[T]], show_progress: bool) -> T:
    watch = Watch(on_warning=lambda text: print(f"warning: {text}", file=sys.stderr))

    async def shown() -> T:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        if not show_progress:
            return await work(watch)
        async with progress(watch.monitors, sys.stderr):
            return await work(watch)

    runner = asyncio.Runner()
    result = runner.run(shown())
    # Closed only here: after an interruption nobody waits for a thread that still computes.
    runner.close()
    return result


def end_now(kept: str, command: str, how: HowToAsk) -> NoReturn:
    """End at once, whatever threads still compute; all that was answered is on disk. `kept` says what that is."""
    if how.batch:
        from evalkit.workflows.batch import under_way

        kept = f"{count(under_way(), 'batch', 'batches')} under way, which go on without us."
    print(f"\nInterrupted: {kept} Go on with: {command}", file=sys.stderr)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(INTERRUPTED)
