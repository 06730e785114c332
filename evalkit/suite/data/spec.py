"""From `dataset:` of a suite to where its rows are and how to read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from evalkit.errors import SuiteError, SuiteMistake
from evalkit.suite.config.dataset import FromTrain, Source
from evalkit.suite.data.hub_rows import resolve_revision
from evalkit.suite.data.items import DatasetSpec
from evalkit.suite.data.rows import RowSource
from evalkit.suite.data.target import TargetReader
from evalkit.suite.file.loaded import LoadedSuite


def dataset_spec(loaded: LoadedSuite, inputs: Iterable[str], warnings: list[str]) -> DatasetSpec:
    """The spec of a suite's rows; `inputs` are the variables of its prompts. Raises SuiteMistake."""
    suite, config = loaded.suite, loaded.suite.dataset
    declared = suite.output.labels
    labels: tuple[str, ...] | None = () if declared is None else None
    if isinstance(declared, tuple):
        labels = declared
    spec = DatasetSpec(
        test=_source(loaded, "test", config.test, warnings),
        target=TargetReader.of(config.target, suite.facts.object_target),
        inputs=frozenset(inputs),
        dev_fraction=0,
        id=config.id,
        group=config.group,
        leakage=config.leakage,
        labels=labels,
        classes=suite.facts.classes or labels != (),
        limit=config.limit,
        model_limits=frozenset(model.limit for model in suite.models.values() if model.limit is not None),
        seed=suite.run.seed if suite.run.seed is not None else 7,
    )
    if config.train is not None:
        spec = replace(spec, train=_source(loaded, "train", config.train, warnings))
    if isinstance(config.dev, FromTrain):
        return replace(spec, dev_fraction=config.dev.fraction, dev_seed=config.dev.seed)
    if config.dev is not None:
        return replace(spec, dev=_source(loaded, "dev", config.dev, warnings))
    return spec


def _source(loaded: LoadedSuite, split: str, source: Source, warnings: list[str]) -> RowSource:
    if source.path is not None:
        return RowSource(tuple(map(str, loaded.files.rows[split])))
    assert source.hub is not None  # a source has one of the two
    rows = RowSource(hub=source.hub, config=source.config, split=source.split or split, revision=source.revision)
    try:
        revision = resolve_revision(source.hub, source.revision)
    except SuiteError as error:
        raise SuiteMistake(("dataset", split, "hub"), f"{source.hub} {error.problem}") from None
    if source.revision is None and revision is not None:
        warnings.append(f"dataset.{split} is not pinned; add `revision: {revision}` so that its rows stay the same")
    return replace(rows, revision=revision or source.revision)
