"""A stored run as results per contender: the form in which it is accepted, and held against what was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.records.baseline import Baseline, SampleResult
from evalkit.records.run import ContenderResult
from evalkit.regression.answers import ContenderAnswers, RunAnswers
from evalkit.store.read import StoredRun, read_run

_SPLIT = "test"


@dataclass(frozen=True, slots=True)
class RunResults:
    """A finished run with the results of all contenders asked on test, by id."""

    stored: StoredRun
    baselines: Mapping[str, Baseline]

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.stored.folder

    @property
    def complete(self) -> bool:
        """Whether infrastructure lost no more than the suite allows."""
        return self.stored.result.complete


def results_of_run(path: Path) -> RunResults:
    """Read a run's folder, or the newest run of a suite's folder. Contenders that were not asked are left out.

    Raises RunError for a folder that is no run or is damaged.
    """
    stored = read_run(path)
    answers = RunAnswers(stored.answers)
    baselines = {}
    for contender in stored.result.contenders:
        if contender.split == _SPLIT and contender.skipped is None:
            there = answers.of(contender.id, _SPLIT)
            if there is not None:
                baselines[contender.id] = _baseline(stored, contender, there)
    return RunResults(stored, baselines)


def _baseline(stored: StoredRun, result: ContenderResult, answers: ContenderAnswers) -> Baseline:
    codes = _codes(answers.ids, answers.groups)
    samples = zip(answers.ids, answers.letters, answers.targets, strict=True)
    cost = result.cost
    return Baseline(
        suite=stored.result.suite,
        contender=result.id,
        model=result.model,
        role=result.role,
        run=stored.folder.name,
        n=result.n,
        epochs=answers.epochs,
        status=dict(result.status or {}),
        metrics=dict(result.metrics or {}),
        cost_per_1000_calls=cost.per_1000_calls if cost else None,
        prices_as_of=cost.prices_as_of if cost else None,
        latency_ms=result.latency_ms,
        ttft_ms=result.ttft_ms,
        provenance=stored.about.provenance(result),
        request=stored.about.request(result.id),
        samples=tuple(SampleResult(name, said, target, codes.get(name)) for name, said, target in sorted(samples)),
    )


def _codes(ids: Sequence[str], groups: Sequence[str | None] | None) -> dict[str, int]:
    """A number per group, in the order of the sample ids: the names of groups stay out of the baseline."""
    if groups is None:
        return {}
    known: dict[str, int] = {}
    codes: dict[str, int] = {}
    for sample, group in sorted(zip(ids, groups, strict=True), key=lambda pair: pair[0]):
        if group is not None:
            codes[sample] = known.setdefault(group, len(known))
    return codes
