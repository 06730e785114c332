"""One run of a suite for several processes of one session: the first runs it, the others read its result."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import msgspec

from evalkit.errors import (
    Incomplete,
    Interrupted,
    NobodyAsked,
    NothingToRun,
    RunError,
    SharedRunError,
    SuiteError,
)
from evalkit.records.run import RunResult
from evalkit.store.sessions import forget_session, locked, session_folder
from evalkit.workflows.reopen import open_run
from evalkit.workflows.run import RunSettings, run_suite

__all__ = ["forget_session", "shared_run"]


class _Outcome(msgspec.Struct):
    """What the first process leaves: the run's folder, or why there is none."""

    run: str | None = None
    error: str | None = None
    nobody: bool = False


def shared_run(settings: RunSettings, session: str) -> RunResult:
    """The run of a suite with its verdict, made once in a session, whichever process asks first.

    `session` names what belongs together, such as one start of pytest. The others wait for the first one; where that
    one was killed, the next goes on from the response cache. To be called outside an event loop. Raises
    SharedRunError, or NobodyAsked; KeyboardInterrupt when stopped.
    """
    path = _place(settings, session)
    try:
        with locked(path):
            outcome = _read(path)
            if outcome is None:
                outcome = _run(settings)
                path.write_bytes(msgspec.json.encode(outcome))
    except OSError as error:
        raise SharedRunError(f"{error.filename}: cannot be written: {error.strerror}") from error
    if outcome.run is None:
        raise (NobodyAsked if outcome.nobody else SharedRunError)(outcome.error)
    try:
        return open_run(Path(outcome.run))[1]
    except RunError as error:
        raise SharedRunError(str(error)) from error


def _run(settings: RunSettings) -> _Outcome:
    try:
        return _Outcome(run=str(Path(asyncio.run(run_suite(settings)).run).absolute()))
    except NothingToRun as error:
        return _Outcome(error=str(error), nobody=True)
    except SuiteError as error:
        return _Outcome(error=error.render())
    except (Incomplete, RunError) as error:
        return _Outcome(error=f"{error}\nEverything answered before is kept.")
    except Interrupted:
        raise KeyboardInterrupt from None


def _place(settings: RunSettings, session: str) -> Path:
    asked = [str(settings.suite.resolve()), settings.models, str(settings.runs.resolve()), settings.require_all]
    name = hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:32]
    return session_folder(session) / f"{name}.json"


def _read(path: Path) -> _Outcome | None:
    """What an earlier process left; None where it left nothing, or was killed while writing."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Outcome)
    except (OSError, msgspec.DecodeError):
        return None
