"""What all commands that ask models share: an event loop that Ctrl-C ends gently, a display, and a quick end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from evalkit.cli.exits import INTERRUPTED
from evalkit.errors import BatchStoreError, EvalkitError, Incomplete, Interrupted, NoFailure, RunError
from evalkit.report.progress import progress
from evalkit.wording.numbers import count
from evalkit.workflows.run import HowToAsk, Watch

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


def _kept(stop: Interrupted) -> str:
    return f"{stop.kept:,} of {stop.total:,} answers are kept."


@dataclass(frozen=True, slots=True)
class GoingOn:
    """How to go on after an end on the way: `command` to paste; `kept` says what an interruption leaves."""

    command: str
    how: HowToAsk
    kept: Callable[[Interrupted], str] = _kept


def ask(work: Callable[[Watch], Awaitable[T]], going_on: GoingOn, show_progress: bool = True) -> T:
    """Do `work` under an event loop of our own: SIGINT and SIGTERM cancel it, and it then keeps what it has.

    Interrupted, it ends the process. An error that leaves the work incomplete gets a note on how to go on. Whatever is
    printed meanwhile goes to standard error: Ray tells on standard output what happens to its processes.
    """
    try:
        with redirect_stdout(sys.stderr):
            return _asked(work, show_progress)
    except Interrupted as stop:
        _end_now(going_on.kept(stop), going_on)
    except RunError as error:  # a damaged file beside the run: answers are kept all the same
        raise _noted(Incomplete(str(error)), going_on) from error
    except Incomplete as error:
        raise _noted(error, going_on) from None
    except (EvalkitError, NoFailure):
        raise
    except Exception as error:
        raise _noted(error, going_on)  # noqa: B904 (it is the error itself)


def _noted(error: E, going_on: GoingOn) -> E:
    submitted = isinstance(error, BatchStoreError)
    kept = "What was submitted is on record." if submitted else "Everything answered before is kept."
    error.add_note(f"{kept} Go on with: {going_on.command}")
    return error


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


def _end_now(kept: str, going_on: GoingOn) -> NoReturn:
    """End at once, whatever threads still compute; all that was answered is on disk. `kept` says what that is."""
    if going_on.how.batch:
        from evalkit.workflows.batch import under_way

        kept = f"{count(under_way(), 'batch', 'batches')} under way, which go on without us."
    print(f"\nInterrupted: {kept} Go on with: {going_on.command}", file=sys.stderr)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(INTERRUPTED)
