"""A run in a cache namespace of its own, whole or of a few contenders only."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.records.estimate import Requirement
from evalkit.records.run import ContenderResult, RunResult
from evalkit.running.options import RunOptions, Watch
from evalkit.running.prepare import prepare
from evalkit.running.suite_run import SuiteRun
from evalkit.store.cache import ResponseCache


@dataclass(frozen=True, slots=True)
class NightOptions:
    """`namespace` sets the answers apart from all others, empty for none. `contenders` (ids) are all that is asked
    where they are given, on test and without a verdict."""

    run: RunOptions
    namespace: str = ""
    contenders: tuple[str, ...] = ()


async def night_run(options: NightOptions, watch: Watch) -> RunResult:
    """As `run_suite`, which says what is raised."""
    prepared = prepare(options.run.suite, options.run.models)
    watch.on_start(prepared)
    run = _NightRun(prepared, options.run, watch)
    run.namespace, run.only = options.namespace, options.contenders
    return await run.execute()


class _NightRun(SuiteRun):
    namespace: str = ""
    only: tuple[str, ...] = ()

    async def _splits(self, cache: ResponseCache) -> tuple[list[ContenderResult], list[Requirement]]:
        cache.namespace = self.namespace
        if not self.only:
            return await super()._splits(cache)
        return await self._compete([c for c in self.prepared.contenders if c.id in self.only], "test", cache)

    def _decided(self, result: RunResult) -> RunResult:
        return result if self.only else super()._decided(result)
