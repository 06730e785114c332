"""The nightly check: run every suite, hold it against its baselines, confirm what fell, judge the whole night."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from evalkit.errors import CacheError, Interrupted, Submitted, SuiteError
from evalkit.records.baseline import Baseline
from evalkit.records.check import ContenderCheck, Finding, Flaky, Night, SuiteCheck
from evalkit.records.places import cache_folder
from evalkit.regression.baseline_side import side_of_baseline
from evalkit.regression.baselines import ROOT, accept_command, baseline_files, read_baseline
from evalkit.regression.differences import differences
from evalkit.regression.flaky import flaky_items
from evalkit.regression.gates import NIGHT_LEVEL, Again, FirstLook, Held, first_look, judge_night
from evalkit.running.watch import Watch
from evalkit.running.ways.choice import LIVE, HowToAsk
from evalkit.running.ways.opening import opened_ways
from evalkit.store.nights import open_night
from evalkit.store.runs import run_folders
from evalkit.store.samples import NAME as SAMPLES
from evalkit.store.samples import SampleFile
from evalkit.workflows.night_suite import NightRuns, NightSuite

_NIGHTS_LOOKED_AT = 7  # for flaky answers


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a caller may set. `fresh` asks everything anew, in the night's own cache namespace."""

    suites: tuple[Path, ...]
    fresh: bool = False
    runs: Path = Path("runs")
    baselines: Path = ROOT
    how: HowToAsk = LIVE

    @property
    def command(self) -> str:
        """The command that starts this check again."""
        suites = " ".join(shlex.quote(str(suite)) for suite in self.suites)
        return f"python -m evalkit check {suites}{' --fresh' if self.fresh else ''}{self.how.flags}"


async def check(options: CheckOptions, watch: Watch | None = None) -> Night:
    """Check all suites as one night. `watch.monitors` holds the contenders of the suite under way.

    What is wrong with one suite is in its SuiteCheck, and the others go on. Raises Interrupted when cancelled,
    SuiteError where no suite is given, and Submitted where the night waits for batches and nobody waits for them.
    """
    suites = tuple(dict.fromkeys(options.suites))
    if not suites:
        raise SuiteError("no suite is given", expected="suite files, such as suites/*.yaml")
    try:
        night = open_night(cache_folder() / "nights", suites)
    except OSError as error:
        raise CacheError(f"{error.filename}: cannot be written: {error.strerror}") from error
    opened = [NightSuite.of(path) for path in suites]
    async with opened_ways(options.how) as ways:
        runs = NightRuns(
            night.id,
            options.fresh,
            options.runs,
            options.baselines,
            options.how,
            options.command,
            ways,
            watch or Watch(),
        )
        await _each(runs, [partial(suite.run, runs) for suite in opened])
        _raise_submitted(opened)
        everyone = [held for suite in opened for held in suite.held]
        look = first_look(everyone)
        await _each(runs, [partial(suite.confirm, names, runs) for suite, names in _suspects(opened, look)])
        _raise_submitted(opened)
    found = iter(judge_night(everyone, look, _again(opened)))
    done = Night(night.id, options.fresh, NIGHT_LEVEL, look.tests, tuple(_checked(s, found, options) for s in opened))
    if done.code in (0, 1):
        night.close()
    return done


async def _each(runs: NightRuns, work: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Suite after suite; by batch side by side, so that all batches are under way before the first is waited for."""
    if not runs.how.batch:
        for one in work:
            runs.watch.monitors.clear()
            await one()
        return
    runs.watch.monitors.clear()
    tasks = [asyncio.ensure_future(one()) for one in work]
    try:
        await asyncio.gather(*tasks)
    except (asyncio.CancelledError, Interrupted):
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        stopped = [end for end in ended if isinstance(end, Interrupted)]
        raise Interrupted(sum(each.kept for each in stopped), sum(each.total for each in stopped)) from None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _raise_submitted(opened: Sequence[NightSuite]) -> None:
    """Raises Submitted where suites wait for batches, with what is wrong with others."""
    waiting = [suite.submitted for suite in opened if suite.submitted is not None]
    if waiting:
        lines = {line.record.tag: line for each in waiting for line in each}  # suites may wait for the same batch
        wrong = [suite.check for suite in opened if suite.check.error is not None]
        problems = tuple(str(check.error) for check in wrong)
        raise Submitted(tuple(lines.values()), problems, min((check.code for check in wrong), default=0))


def _suspects(opened: Sequence[NightSuite], look: FirstLook) -> Iterator[tuple[NightSuite, tuple[str, ...]]]:
    """The suites with something to confirm, and what; suspects are numbered through the whole night."""
    start = 0
    for suite in opened:
        names = [held.tonight.contender for held in suite.held]
        if suspects := tuple(name for i, name in enumerate(names, start) if i in look.suspects):
            yield suite, suspects
        start += len(names)


def _again(opened: Sequence[NightSuite]) -> dict[int, Again]:
    """What the second look showed, by the number of the contender in the night."""
    everyone = [(suite, held.tonight.contender) for suite in opened for held in suite.held]
    return {i: suite.again[name] for i, (suite, name) in enumerate(everyone) if name in suite.again}


def _checked(suite: NightSuite, found: Iterator[tuple[Finding, ...]], options: CheckOptions) -> SuiteCheck:
    if suite.results is None:
        return suite.check
    flaky = _flaky(suite, options)
    contenders = tuple(_contender(suite, held, next(found), flaky) for held in suite.held)
    missing = [c.id for c in contenders if c.baseline is None]
    return replace(
        suite.check,
        contenders=contenders,
        notes=(*suite.check.notes, *_notes(suite, missing, options)),
        commands=_commands(suite.check, missing, len(contenders)),
    )


def _contender(
    suite: NightSuite, held: Held, findings: tuple[Finding, ...], flaky: Mapping[str, Flaky]
) -> ContenderCheck:
    tonight = held.tonight
    again = suite.again.get(tonight.contender)
    return ContenderCheck(
        id=tonight.contender,
        model=tonight.model,
        n=tonight.n,
        baseline=suite.files.get(tonight.contender),
        accuracy=tonight.metrics.get("accuracy"),
        served_model=tonight.provenance.served_model,
        findings=(*_baseline_finding(held), *findings),
        differences=_differences(held.baseline, tonight),
        flaky=flaky.get(tonight.contender),
        confirmed_by=str(suite.confirming) if again and again.results and suite.confirming else None,
    )


def _baseline_finding(held: Held) -> Iterator[Finding]:
    if held.baseline is None:
        yield Finding("baseline", "undecided", "no baseline yet: nothing to compare with")


def _differences(before: Baseline | None, now: Baseline) -> tuple[str, ...]:
    """What besides the answers is not the same; another served model has a gate of its own."""
    if before is None:
        return ()
    unserved = (
        replace(side_of_baseline(b, ""), provenance=replace(b.provenance, served_model=None)) for b in (before, now)
    )
    return tuple(each.text for each in differences(*unserved))


def _notes(suite: NightSuite, missing: Sequence[str], options: CheckOptions) -> Iterator[str]:
    if missing:
        yield f"no baseline yet: {', '.join(missing)}"
    asked = {held.tonight.contender for held in suite.held}
    for file in baseline_files(options.baselines, suite.check.suite):
        contender = read_baseline(file).contender
        if contender not in asked:
            yield f"{file}: {contender} was not asked on test tonight"


def _commands(check: SuiteCheck, missing: Sequence[str], everyone: int) -> tuple[str, ...]:
    """What accepts the missing baselines: the whole run where all are missing."""
    if not missing or check.run is None or not check.complete:
        return ()
    if len(missing) == everyone:
        return (accept_command(check.run),)
    return tuple(accept_command(check.run, name) for name in missing)


def _flaky(suite: NightSuite, options: CheckOptions) -> dict[str, Flaky]:
    assert suite.results is not None
    folder = suite.results.folder
    runs = run_folders(options.runs / suite.check.suite)
    before = [run for run in reversed(runs) if run.name < folder.name][:_NIGHTS_LOOKED_AT]
    earlier = [*([suite.confirming] if suite.confirming else []), *before]
    return flaky_items(suite.results.stored.answers, [SampleFile(run / SAMPLES) for run in earlier])
