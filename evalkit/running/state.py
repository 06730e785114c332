"""A run while it is under way: what its way, its rounds and its stages share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from evalkit.engine.key import RequestKey
from evalkit.engine.monitor import Monitor
from evalkit.models.base import Model
from evalkit.records.estimate import Requirement
from evalkit.records.prompts import PromptRank
from evalkit.records.request import Request
from evalkit.records.run import ContenderResult
from evalkit.records.sample import Sample
from evalkit.running.contender_run import ContenderRun
from evalkit.running.prepare import Prepared
from evalkit.running.settings import RunSettings
from evalkit.running.watch import Watch
from evalkit.store.cache import ResponseCache


@dataclass
class RunState:
    """What a run knows so far. Rounds may replace `prepared` by one with more prompts and contenders.

    `runs`, `results` and `requirements` are those of all rounds that were played. `ranks` and `chosen_on_test` say
    how the prompt was chosen.
    """

    prepared: Prepared
    settings: RunSettings
    watch: Watch
    cache: ResponseCache
    warnings: list[str] = field(default_factory=list)
    keys: dict[str, RequestKey] = field(default_factory=dict)
    runs: list[ContenderRun] = field(default_factory=list)
    results: list[ContenderResult] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    ranks: tuple[PromptRank, ...] = ()
    chosen_on_test: bool = False

    def warn(self, warning: str) -> None:
        """Tell the caller, and keep it for the run's table."""
        self.warnings.append(warning)
        self.watch.on_warning(f"{self.watch.label}{warning}")

    def monitor(self, name: str, total: int) -> Monitor:
        """The monitor of one contender, which the progress display shows under `name`."""
        found = self.watch.monitors[f"{self.watch.label}{name}"] = Monitor(total=total)
        return found


@dataclass(frozen=True, slots=True)
class Asking:
    """One contender on one split under way: its model is open, and `run` takes its answers."""

    run: ContenderRun
    model: Model
    keys: RequestKey
    prepared: Prepared

    def work(self) -> Iterator[tuple[Request, Sample]]:
        """Its requests, each with its sample, epoch by epoch; every call starts anew.

        Raises SuiteMistake for a sample that the template cannot render.
        """
        contender = self.run.contender
        for epoch in range(self.prepared.config.run.epochs):
            for sample in self.prepared.suite.dataset.samples(self.run.split, contender.limit):
                yield contender.request(sample, epoch), sample
