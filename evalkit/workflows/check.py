"""The nightly check: run every suite, hold it against its baselines, confirm what fell, judge the whole night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evalkit.records.baseline import Baseline
from evalkit.records.check import ContenderCheck, Finding, Flaky, Gates, Night, SuiteCheck
from evalkit.records.places import cache_folder
from evalkit.records.run import RunResult
from evalkit.regression.baseline_file import BaselineError
from evalkit.regression.baseline_side import side_of_baseline
from evalkit.regression.baselines import ROOT, accept_command, baseline_files, find_baseline, read_baseline
from evalkit.regression.differences import differences
from evalkit.regression.flaky import COLUMNS, flaky_items
from evalkit.regression.gates import NIGHT_LEVEL, Again, FirstLook, Held, first_look, judge_night
from evalkit.regression.results import RunResults, results_of_run, rows_of_run
from evalkit.store.cache import CacheError
from evalkit.store.nights import OpenNight, open_night
from evalkit.store.runs import RunError
from evalkit.suite.file.errors import SuiteError
from evalkit.suite.file.load import load_suite
from evalkit.workflows.night_run import NightOptions, night_run
from evalkit.workflows.run import RunOptions, Watch

_NIGHTS_LOOKED_AT = 7  # for flaky answers
CONFIRMING = ".confirming"  # the folder of confirming runs, so that they are not a suite's newest run


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a caller may set. `fresh` asks everything anew, in the night's own cache namespace."""

    suites: tuple[Path, ...]
    fresh: bool = False
    runs: Path = Path("runs")
    baselines: Path = ROOT

    @property
    def command(self) -> str:
        """The command that starts this check again."""
        import shlex

        suites = " ".join(shlex.quote(str(suite)) for suite in self.suites)
        return f"python -m evalkit check {suites}{' --fresh' if self.fresh else ''}"


@dataclass
class _Suite:
    """One suite while the night goes on. Without `results` it could not be run, and `check` says why."""

    path: Path
    check: SuiteCheck
    gates: Gates = field(default_factory=Gates)
    results: RunResults | None = None
    held: list[Held] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    again: dict[str, Again] = field(default_factory=dict)
    confirming: Path | None = None


async def check(options: CheckOptions, watch: Watch | None = None) -> Night:
    """Check all suites as one night. `watch.monitors` holds the contenders of the suite under way.

    What is wrong with one suite is in its SuiteCheck, and the others go on. Raises Interrupted when cancelled, and
    SuiteError where no suite is given.
    """
    watch = watch or Watch()
    suites = tuple(dict.fromkeys(options.suites))
    if not suites:
        raise SuiteError("no suite is given", expected="suite files, such as suites/*.yaml")
    try:
        night = open_night(cache_folder() / "nights", suites)
    except OSError as error:
        raise CacheError(f"{error.filename}: cannot be written: {error.strerror}") from error
    opened = [await _run(path, options, night, watch) for path in suites]
    everyone = [held for suite in opened for held in suite.held]
    look = first_look(everyone)
    again = await _ask_again(opened, look, options, night, watch)
    found = iter(judge_night(everyone, look, again))
    done = Night(night.id, options.fresh, NIGHT_LEVEL, look.tests, tuple(_checked(s, found, options) for s in opened))
    if done.code in (0, 1):
        night.close()
    return done


async def _run(path: Path, options: CheckOptions, night: OpenNight, watch: Watch) -> _Suite:
    """Run one suite and lay its baselines beside it; a damaged baseline is found before money is spent."""
    suite = _Suite(path, SuiteCheck(str(path), path.stem, None, True))
    try:
        declared = load_suite(path).suite
        suite.check = replace(suite.check, suite=declared.name)
        suite.gates = declared.gates.gates()
        for file in baseline_files(options.baselines, declared.name):
            read_baseline(file)
        watch.monitors.clear()
        run = RunOptions(path, require_all=True, runs=options.runs)
        result = await night_run(NightOptions(run, night.id if options.fresh else ""), watch)
        suite.results = results_of_run(Path(result.run))
        _hold(suite, result, options)
        suite.check = replace(suite.check, run=result.run, complete=result.complete, notes=result.warnings)
    except SuiteError as error:
        suite.check = replace(suite.check, error=error.render(), wrong=True)
    except BaselineError as error:
        suite.check = replace(suite.check, error=str(error), wrong=True)
    except (CacheError, RunError) as error:
        suite.check = replace(suite.check, error=f"{error}\nEverything answered before is kept.")
    return suite


def _hold(suite: _Suite, result: RunResult, options: CheckOptions) -> None:
    assert suite.results is not None
    for name, tonight in suite.results.baselines.items():
        found = find_baseline(options.baselines, suite.check.suite, name)
        if found:
            suite.files[name] = str(found[0])
        needs = tuple(r for r in result.requirements if r.contender == name)
        suite.held.append(Held(tonight, found[1] if found else None, suite.gates, needs))


async def _ask_again(
    opened: Sequence[_Suite], look: FirstLook, options: CheckOptions, night: OpenNight, watch: Watch
) -> dict[int, Again]:
    """A fresh run of every suspect, suite by suite; `{index of the contender in the night: its results}`."""
    found: dict[int, Again] = {}
    start = 0
    for suite in opened:
        names = [held.tonight.contender for held in suite.held]
        suspects = tuple(name for i, name in enumerate(names, start) if i in look.suspects)
        if suspects:
            await _confirm(suite, suspects, options, night, watch)
        found |= {i: suite.again[name] for i, name in enumerate(names, start) if name in suite.again}
        start += len(names)
    return found


async def _confirm(
    suite: _Suite, suspects: tuple[str, ...], options: CheckOptions, night: OpenNight, watch: Watch
) -> None:
    watch.monitors.clear()
    watch.on_warning(f"{suite.check.suite}: asking {', '.join(suspects)} again to confirm what fell")
    run = RunOptions(suite.path, require_all=True, runs=options.runs / CONFIRMING)
    try:
        result = await night_run(NightOptions(run, f"{night.id}+confirming", suspects), watch)
        results = results_of_run(Path(result.run))
    except (SuiteError, CacheError, RunError) as error:
        suite.again = {name: Again(reason=f"the fresh run could not be made: {error}") for name in suspects}
        suite.check = replace(suite.check, complete=False)
        return
    suite.confirming = results.folder
    for name in suspects:
        there = results.baselines.get(name)
        suite.again[name] = Again(there) if there else Again(reason="the fresh run has no answers")
    if not result.complete:
        suite.check = replace(suite.check, complete=False)


def _checked(suite: _Suite, found: Iterator[tuple[Finding, ...]], options: CheckOptions) -> SuiteCheck:
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


def _contender(suite: _Suite, held: Held, findings: tuple[Finding, ...], flaky: Mapping[str, Flaky]) -> ContenderCheck:
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
    found = differences(side_of_baseline(before, ""), side_of_baseline(now, ""))
    return tuple(each.text for each in found if not each.text.startswith("another model answered"))


def _notes(suite: _Suite, missing: Sequence[str], options: CheckOptions) -> Iterator[str]:
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


def _flaky(suite: _Suite, options: CheckOptions) -> dict[str, Flaky]:
    assert suite.results is not None
    folder = suite.results.folder
    others = (p.parent for p in (options.runs / suite.check.suite).glob("*/manifest.json"))
    before = sorted((p for p in others if not p.name.startswith(".") and p.name < folder.name), reverse=True)
    earlier = [*([suite.confirming] if suite.confirming else []), *before[:_NIGHTS_LOOKED_AT]]
    return flaky_items(rows_of_run(folder, COLUMNS), [_rows_if_readable(p) for p in earlier])


def _rows_if_readable(folder: Path) -> Iterator[Any]:
    """A damaged run of an earlier night must not end this one."""
    with suppress(RunError):
        yield from rows_of_run(folder, COLUMNS)
