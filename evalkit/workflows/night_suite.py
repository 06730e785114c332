"""One suite of a night: run it, hold it against its baselines, ask again what fell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evalkit.errors import (
    BaselineError,
    EvalkitError,
    Incomplete,
    NoFailure,
    RunError,
    Submitted,
    SuiteError,
)
from evalkit.records.baseline import Baseline
from evalkit.records.check import Gates, SuiteCheck
from evalkit.records.run import RunResult
from evalkit.regression.baselines import baseline_files, find_baseline, read_baseline
from evalkit.regression.earlier import earlier_nights
from evalkit.regression.gates import Again, Held
from evalkit.regression.results import RunResults, results_of_run
from evalkit.running.execute import execute
from evalkit.running.rounds import OnlyThese
from evalkit.running.settings import RunSettings
from evalkit.running.watch import Watch
from evalkit.running.ways.batch import BatchLine
from evalkit.running.ways.choice import HowToAsk
from evalkit.running.ways.opening import Ways
from evalkit.suite.file.load import load_suite
from evalkit.wording.fault import fault, wants_trace

CONFIRMING = ".confirming"  # the folder of confirming runs, so that they are not a suite's newest run
_STOPPED = (Incomplete, RunError)


@dataclass(frozen=True, slots=True)
class NightRuns:
    """What all runs of a night share. `night` names it; with `fresh` its answers are its own."""

    night: str
    fresh: bool
    runs: Path
    baselines: Path
    how: HowToAsk
    command: str
    ways: Ways
    watch: Watch

    def settings(self, suite: Path) -> RunSettings:
        """Of the first look at a suite."""
        namespace = self.night if self.fresh else ""
        return RunSettings(suite, (), True, self.runs, how=self.how, namespace=namespace, resume=self.command)

    def confirming(self, suite: Path) -> RunSettings:
        """Of the second look, whose answers are nobody else's."""
        return replace(self.settings(suite), runs=self.runs / CONFIRMING, namespace=f"{self.night}+confirming")

    def watch_of(self, suite: str) -> Watch:
        """The suite's own, under its name where suites are asked side by side."""
        return replace(self.watch, label=f"{suite}: ") if self.how.batch else self.watch


@dataclass
class NightSuite:
    """One suite while the night goes on. Without `results` it could not be run, and `check` says why.

    `submitted` are batches that it waits for, where nobody waits for them now.
    """

    path: Path
    check: SuiteCheck
    gates: Gates = field(default_factory=Gates)
    results: RunResults | None = None
    held: list[Held] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    again: dict[str, Again] = field(default_factory=dict)
    confirming: Path | None = None
    submitted: tuple[BatchLine, ...] | None = None

    @classmethod
    def of(cls, path: Path) -> NightSuite:
        """A suite that was not looked at yet."""
        return cls(path, SuiteCheck(str(path), path.stem, None, True))

    async def run(self, night: NightRuns) -> None:
        """Run the suite and lay its baselines beside it; a damaged baseline is found before money is spent."""
        try:
            declared = load_suite(self.path).suite
            self.check = replace(self.check, suite=declared.name)
            self.gates = declared.gates.gates()
            for file in baseline_files(night.baselines, declared.name):
                read_baseline(file)
            result = await execute(night.settings(self.path), night.watch_of(declared.name), ways=night.ways)
            self.results = results_of_run(Path(result.run))
            self._hold(result, night.baselines)
            self.check = replace(self.check, run=result.run, complete=result.complete, notes=result.warnings)
        except Submitted as waiting:
            self.submitted = waiting.lines
        except SuiteError as error:
            self.check = replace(self.check, error=error.render(), wrong=True)
        except BaselineError as error:
            self.check = replace(self.check, error=str(error), wrong=True)
        except _STOPPED as error:
            self.check = replace(self.check, error=f"{error}\nEverything answered before is kept.")
        except (EvalkitError, NoFailure):
            raise
        except Exception as error:  # the other suites are checked all the same
            if wants_trace():
                raise
            self.check = replace(self.check, error=f"{fault(error)}\nEverything answered before is kept.")

    def _hold(self, result: RunResult, baselines: Path) -> None:
        assert self.results is not None
        for name, tonight in self.results.baselines.items():
            found = find_baseline(baselines, self.check.suite, name)
            if found:
                self.files[name] = str(found[0])
            needs = tuple(r for r in result.requirements if r.contender == name)
            self.held.append(Held(tonight, found[1] if found else None, self.gates, needs))

    async def confirm(self, suspects: Sequence[str], night: NightRuns) -> None:
        """Ask suspects (ids) anew, in a namespace that nothing was ever answered in before this night."""
        night.watch.on_warning(f"{self.check.suite}: asking {', '.join(suspects)} again to confirm what fell")
        rounds = OnlyThese(tuple(suspects))
        try:
            watch = night.watch_of(self.check.suite)
            result = await execute(night.confirming(self.path), watch, rounds=rounds, ways=night.ways)
            results = results_of_run(Path(result.run))
        except Submitted as waiting:
            self.submitted = waiting.lines
            return
        except (SuiteError, *_STOPPED) as error:
            self.again = {name: Again(reason=f"the fresh run could not be made: {error}") for name in suspects}
            self.check = replace(self.check, complete=False)
            return
        self.confirming = results.folder
        earlier = self._earlier(suspects, night.runs)
        for name in suspects:
            there = results.baselines.get(name)
            self.again[name] = (
                Again(there, earlier=earlier.get(name, ())) if there else Again(reason="the fresh run has no answers")
            )
        if not result.complete:
            self.check = replace(self.check, complete=False)

    def _earlier(self, suspects: Sequence[str], runs: Path) -> dict[str, tuple[Baseline, ...]]:
        """The nights that tell how much one differs from another, for those in question."""
        assert self.results is not None
        accepted = {h.tonight.contender: h.baseline for h in self.held if h.baseline is not None}
        wanted = {name: accepted[name] for name in suspects if name in accepted}
        return earlier_nights(runs / self.check.suite, self.results.folder.name, wanted)
