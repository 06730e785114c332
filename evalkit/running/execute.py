"""The one function that makes a run, for every workflow: prepared, told to the watch, asked in its way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from evalkit.records.run import RunResult
from evalkit.running.prepare import Prepared, check_variables, prepare
from evalkit.running.rounds import Rounds
from evalkit.running.settings import RunSettings
from evalkit.running.stages import Stage
from evalkit.running.suite_run import SuiteRun
from evalkit.running.watch import Watch
from evalkit.running.ways.opening import Ways, opened_ways


async def execute(
    settings: RunSettings,
    watch: Watch | None = None,
    *,
    prepared: Prepared | None = None,
    rounds: Rounds | None = None,
    stages: Sequence[Stage] = (),
    ways: Ways | None = None,
) -> RunResult:
    """Run a suite from its file to its folder under `settings.runs`.

    `prepared` is the suite where it was prepared before; `ways` makes the way of asking where several runs share one,
    else `settings.how` says it. Raises what `SuiteRun.execute` raises.
    """
    watch = watch or Watch()
    prepared = prepared or prepare(settings.suite, settings.models)
    check_variables(prepared.contenders)
    watch.on_start(prepared)
    with prepared.located:
        async with nullcontext(ways) if ways is not None else opened_ways(settings.how) as make_way:
            run = SuiteRun(prepared, settings, watch, way=make_way(), rounds=rounds, stages=stages)
            return await run.execute()
