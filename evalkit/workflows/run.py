"""The main job: from a suite's file to its verdict and its folder."""

from __future__ import annotations

from evalkit.errors import Interrupted, NothingToRun
from evalkit.records.run import RunResult
from evalkit.running.execute import execute
from evalkit.running.settings import RunSettings
from evalkit.running.watch import Watch
from evalkit.running.ways.choice import HowToAsk

__all__ = ["HowToAsk", "Interrupted", "NothingToRun", "RunSettings", "Watch", "run_suite"]


async def run_suite(settings: RunSettings, watch: Watch | None = None) -> RunResult:
    """Run a suite from its file to its folder under `runs/`, asked as `settings.how` says.

    Raises SuiteError for a wrong suite, wrong data or a run in which nothing can be asked; Interrupted when
    cancelled; CacheError and RunNotWritten where the disk does not take what must be written. By batch also
    BatchStoreError, and Submitted where batches are under way and nobody waits for them; on a cluster ClusterError.
    """
    return await execute(settings, watch)
