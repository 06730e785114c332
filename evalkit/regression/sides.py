"""A run's folder read as sides of a comparison."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalkit.errors import RunError
from evalkit.records.comparison import Provenance, SampleText, Side
from evalkit.records.run import ContenderResult
from evalkit.regression.differences import target_digest
from evalkit.store.read import read_run
from evalkit.store.runs import StoredRun

_INFRA = "infra_error"
_NEEDED = ("contender", "split", "sample_id", "index", "epoch", "group", "target", "status", "correct")
_TEXTS = ("input", "text", "error", "answer")
_PARAMETERS = ("max_tokens", "temperature", "seed", "reasoning", "stop", "revision")


def sides_of_run(path: Path, texts: bool = False) -> list[Side]:
    """One side per contender and split, in the order of the run; `texts` reads inputs and answers too.

    Raises RunError for a folder that is no run or is damaged.
    """
    stored, result = read_run(path)
    folder = stored.folder
    samples = _samples(folder, texts)
    suite = _suite(stored.manifest)
    sides = []
    for contender in result.contenders:
        rows = samples.get((contender.id, contender.split))
        if contender.skipped is None and rows:
            provenance = _provenance(stored, contender, suite)
            sides.append(_side(str(folder), result.suite, contender, rows, provenance))
    return sides


class _Sample:
    """One sample of one contender while its epochs are read."""

    __slots__ = ("answered", "asked", "first", "group", "index", "right", "target", "text")

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.index, self.target, self.group = row["index"], row["target"] or "", row["group"]
        self.asked = self.answered = self.right = 0
        self.first: int | None = None
        self.text: SampleText | None = None

    def add(self, row: Mapping[str, Any]) -> None:
        self.asked += 1
        if row["status"] != _INFRA:
            self.answered += 1
            self.right += bool(row["correct"])
        if "text" in row and (self.first is None or row["epoch"] < self.first):
            self.first = row["epoch"]
            answer = row["text"] if row["text"] is not None else row["error"]
            self.text = SampleText(row["input"], row["target"], answer, row["answer"])

    @property
    def mean(self) -> float | None:
        return self.right / self.answered if self.answered else None


def _samples(folder: Path, texts: bool) -> dict[tuple[str, str], dict[str, _Sample]]:
    """Samples by contender and split, read in batches."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: dict[tuple[str, str], dict[str, _Sample]] = {}
    path = folder / "samples.parquet"
    columns = [*_NEEDED, *(_TEXTS if texts else ())]
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=columns):
                if missing := [name for name in columns if name not in batch.schema.names]:
                    raise RunError(f"{path}: damaged: no column {missing[0]!r}")
                for row in batch.to_pylist():
                    of = found.setdefault((row["contender"], row["split"]), {})
                    sample = of.get(row["sample_id"]) or of.setdefault(row["sample_id"], _Sample(row))
                    sample.add(row)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{path}: cannot be read: {error}") from error
    return found


def _side(
    source: str, suite: str, contender: ContenderResult, rows: Mapping[str, _Sample], provenance: Provenance
) -> Side:
    ordered = sorted(rows.items(), key=lambda item: item[1].index)
    samples = [sample for _, sample in ordered]
    grouped = any(sample.group is not None for sample in samples)
    return Side(
        source=source,
        suite=suite,
        contender=contender.id,
        model=contender.model,
        split=contender.split,
        ids=tuple(sample_id for sample_id, _ in ordered),
        correct=tuple(sample.mean for sample in samples),
        targets=tuple(target_digest(sample.target) for sample in samples),
        groups=tuple(sample.group for sample in samples) if grouped else None,
        epochs=max(sample.asked for sample in samples),
        status=dict(contender.status or {}),
        cost_per_1000_calls=contender.cost.per_1000_calls if contender.cost else None,
        latency_ms=contender.latency_ms,
        provenance=provenance,
        texts={sample_id: sample.text for sample_id, sample in ordered if sample.text is not None},
    )


def _provenance(stored: StoredRun, contender: ContenderResult, suite: Mapping[str, Any] | None) -> Provenance:
    manifest = stored.manifest
    key = _mapping(_mapping(manifest.get("contenders")).get(contender.id))
    data = _mapping(manifest.get("data"))
    split = _mapping(_mapping(data.get("splits")).get(contender.split))
    user = _mapping(_mapping(manifest.get("prompts")).get(contender.prompt)).get("user")
    return Provenance(
        data=split.get("sha256") or data.get("fingerprint"),
        prompt=digest([key.get("prefix"), user]) if key else None,
        scoring=None if suite is None else digest([_scoring(suite), data.get("labels")]),
        needs=None if suite is None else digest(suite.get("good_enough")),
        prompt_name=contender.prompt,
        enforce=contender.enforce,
        provider_model=contender.provider_model,
        served_model=contender.served_model,
        parameters={name: key[name] for name in _PARAMETERS if key.get(name) is not None},
        version=_mapping(manifest.get("versions")).get("evalkit"),
        created=manifest.get("created"),
    )


def _suite(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The suite as it was run, or None where its text does not tell."""
    import yaml

    try:
        return _mapping(yaml.safe_load(str(_mapping(manifest.get("suite")).get("text")))) or None
    except yaml.YAMLError:
        return None


def _scoring(suite: Mapping[str, Any]) -> list[Any]:
    """What decides whether an answer is right; the way of enforcing and the token limit do not."""
    output = {k: v for k, v in _mapping(suite.get("output")).items() if k not in ("enforce", "max_tokens")}
    return [suite.get("task"), output, _mapping(suite.get("dataset")).get("target")]


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of plain data."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
