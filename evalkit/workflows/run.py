"""The main job: from a suite's file to its verdict and its folder."""

from __future__ import annotations

from evalkit.records.run import RunResult
from evalkit.running.options import Interrupted, NothingToRun, RunOptions, Watch
from evalkit.running.prepare import prepare
from evalkit.running.suite_run import SuiteRun

__all__ = ["Interrupted", "NothingToRun", "RunOptions", "Watch", "run_suite"]


async def run_suite(options: RunOptions, watch: Watch | None = None) -> RunResult:
    """Run a suite from its file to its folder under `runs/`.

    Raises SuiteError for a wrong suite, wrong data or a run in which nothing can be asked; Interrupted when
    cancelled; CacheError and RunError where the disk does not take what must be written.
    """
    prepared = prepare(options.suite, options.models)
    watch = watch or Watch()
    watch.on_start(prepared)
    return await SuiteRun(prepared, options, watch).execute()
