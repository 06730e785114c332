"""A run's folder read as results per contender: the form in which it is accepted, and held against what was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.errors import RunError
from evalkit.records.baseline import Baseline, SampleResult, letter
from evalkit.records.comparison import Side
from evalkit.records.run import ContenderResult
from evalkit.regression.sides import digest, sides_of_run
from evalkit.store.read import read_run
from evalkit.store.runs import StoredRun

_SPLIT = "test"
_LONG = ("schema", "labels")  # parts of the request key that are kept as digests


def rows_of_run(folder: Path, columns: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The rows of a run's answers on test, with some of their columns. Raises RunError for a damaged file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / "samples.parquet"
    wanted = ["split", *columns]
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=wanted):
                if missing := [name for name in wanted if name not in batch.schema.names]:
                    raise RunError(f"{path}: damaged: no column {missing[0]!r}")
                yield from (row for row in batch.to_pylist() if row["split"] == _SPLIT)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{path}: cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class RunResults:
    """A finished run: its folder, whether it is complete, and the results of all contenders asked on test."""

    folder: Path
    suite: str
    complete: bool
    contenders: Mapping[str, ContenderResult]
    baselines: Mapping[str, Baseline]


def results_of_run(path: Path) -> RunResults:
    """Read a run's folder, or the newest run of a suite's folder. Contenders that were not asked are left out.

    Raises RunError for a folder that is no run or is damaged.
    """
    stored, result = read_run(path)
    folder = stored.folder
    sides = {side.contender: side for side in sides_of_run(folder) if side.split == _SPLIT}
    answers = _answers(folder)
    asked = {c.id: c for c in result.contenders if c.split == _SPLIT and c.id in sides}
    made = {name: _baseline(stored, c, sides[name], answers.get(name, {})) for name, c in asked.items()}
    return RunResults(folder, result.suite, result.complete, asked, made)


@dataclass(slots=True)
class _Answers:
    letters: dict[int, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(self.letters[epoch] for epoch in sorted(self.letters))


def _answers(folder: Path) -> dict[str, dict[str, _Answers]]:
    """Letters per contender and sample, in the order of the epochs."""
    found: dict[str, dict[str, _Answers]] = {}
    for row in rows_of_run(folder, ("contender", "sample_id", "epoch", "status", "correct")):
        sample = found.setdefault(row["contender"], {}).setdefault(row["sample_id"], _Answers())
        sample.letters[row["epoch"]] = letter(row["status"], bool(row["correct"]))
    return found


def _baseline(stored: StoredRun, result: ContenderResult, side: Side, answers: Mapping[str, _Answers]) -> Baseline:
    codes = _codes(side)
    samples = [
        SampleResult(sample, answers[sample].text if sample in answers else "", target, codes.get(sample))
        for sample, target in zip(side.ids, side.targets, strict=True)
    ]
    cost = result.cost
    return Baseline(
        suite=side.suite,
        contender=result.id,
        model=result.model,
        role=result.role,
        run=stored.folder.name,
        n=result.n,
        epochs=side.epochs,
        status=dict(result.status or {}),
        metrics=dict(result.metrics or {}),
        cost_per_1000_calls=cost.per_1000_calls if cost else None,
        prices_as_of=cost.prices_as_of if cost else None,
        latency_ms=result.latency_ms,
        ttft_ms=result.ttft_ms,
        provenance=side.provenance,
        request=_request(stored.manifest, result.id),
        samples=tuple(sorted(samples, key=lambda sample: sample.id)),
    )


def _codes(side: Side) -> dict[str, int]:
    """A number per group, in the order of the sample ids: the names of groups stay out of the baseline."""
    if side.groups is None:
        return {}
    known: dict[str, int] = {}
    found: dict[str, int] = {}
    for sample, group in sorted(zip(side.ids, side.groups, strict=True), key=lambda pair: pair[0]):
        if group is not None:
            found[sample] = known.setdefault(group, len(known))
    return found


def _request(manifest: Mapping[str, Any], contender: str) -> dict[str, Any]:
    """The parts of the request key, the long ones as digests."""
    contenders = manifest.get("contenders")
    parts = contenders.get(contender) if isinstance(contenders, Mapping) else None
    if not isinstance(parts, Mapping):
        return {}
    return {name: digest(part) if name in _LONG and part else part for name, part in parts.items()}
