"""evalkit measures what a well-prompted model with prompt caching already does, before a fine-tune is paid for.

From Python: `evalkit.run("suite.yaml")` runs a suite, `evalkit.load_run(path)` reads a run as pandas frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.version import __version__

if TYPE_CHECKING:
    from evalkit.records.run import RunResult
    from evalkit.workflows.reopen import StoredRun

__all__ = ["__version__", "load_run", "run"]


def run(
    suite: str | Path, models: Sequence[str] = (), require_all: bool = False, runs: str | Path = "runs"
) -> RunResult:
    """Run a suite and return its figures; the run's folder is written under `runs`.

    `models` restricts the run to some models of the suite; with `require_all` a model that cannot be asked is an
    error instead of being skipped. To be called outside an event loop.

    Raises:
        evalkit.errors.SuiteError: the suite or its data is wrong, or nothing can be asked.
        evalkit.errors.CacheError: the response cache cannot be read or written.
        evalkit.errors.RunNotWritten: the run's folder cannot be written.
    """
    import asyncio

    from evalkit.workflows.run import RunSettings, run_suite

    settings = RunSettings(Path(suite), tuple(models), require_all, Path(runs))
    return asyncio.run(run_suite(settings))


def load_run(path: str | Path) -> StoredRun:
    """Read a run's folder.

    The result has `manifest` and `summary` as mappings, and as pandas DataFrames `samples` (a row per sample ×
    contender × epoch), `contenders` and `requirements`.

    Raises:
        evalkit.errors.RunError: not a run's folder, or damaged.
    """
    from evalkit.workflows.reopen import load_run as load

    return load(path)
