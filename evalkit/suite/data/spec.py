"""From `dataset:` of a suite to where its rows are and how to read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from evalkit.errors import SuiteError, SuiteMistake
from evalkit.forms.parsing.alike import tidy
from evalkit.records.output import Output
from evalkit.rows.formats import is_table
from evalkit.suite.config.dataset import FromTrain, Source
from evalkit.suite.config.models import NO_TABLE
from evalkit.suite.data.hub_rows import resolve_revision
from evalkit.suite.data.items import DatasetSpec
from evalkit.suite.data.rows import RowSource
from evalkit.suite.data.target import TargetReader
from evalkit.suite.file.loaded import LoadedSuite


def dataset_spec(loaded: LoadedSuite, inputs: Iterable[str], warnings: list[str]) -> DatasetSpec:
    """The spec of a suite's rows; `inputs` are the variables of its prompts. Raises SuiteMistake."""
    suite, config = loaded.suite, loaded.suite.dataset
    tables = any(is_table(path) for paths in loaded.files.rows.values() for path in paths)
    if config.quoting is not None and not tables:
        raise SuiteMistake(("dataset", "quoting"), NO_TABLE, "a .csv or .tsv file in a split", key=True)
    text = suite.output.facts.target_text(_output(loaded))
    declared = suite.output.labels
    labels: tuple[str, ...] | None = () if declared is None else None
    if isinstance(declared, tuple):
        labels = _labels(declared, text)
    spec = DatasetSpec(
        test=_source(loaded, "test", config.test, warnings),
        target=replace(TargetReader.of(config.target, suite.facts.object_target), text=text),
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


def _output(loaded: LoadedSuite) -> Output:
    """The declared output without its labels, which may come from the rows."""
    config = loaded.suite.output
    return Output(
        loaded.suite.task, config.form, schema=loaded.json_schema, answer=config.answer, pattern=config.pattern
    )


def _labels(declared: tuple[str, ...], text: Callable[[str], str]) -> tuple[str, ...]:
    """The declared labels as targets are compared. Raises SuiteMistake for two that are then one."""
    labels: dict[str, str] = {}
    for i, label in enumerate(declared):
        written = text(tidy(label))
        if not written:
            raise SuiteMistake(("output", "labels", i), "this label shows nothing", "a label that can be seen")
        if written in labels:
            problem = f"the labels {labels[written]!r} and {label!r} are one: they differ in nothing that is compared"
            raise SuiteMistake(("output", "labels", i), problem, "each label once")
        labels[written] = label
    return tuple(labels)


def _source(loaded: LoadedSuite, split: str, source: Source, warnings: list[str]) -> RowSource:
    if source.path is not None:
        return RowSource(tuple(map(str, loaded.files.rows[split])), quoting=loaded.suite.dataset.quoting)
    assert source.hub is not None  # a source has one of the two
    rows = RowSource(hub=source.hub, config=source.config, split=source.split or split, revision=source.revision)
    try:
        revision = resolve_revision(source.hub, source.revision)
    except SuiteError as error:
        raise SuiteMistake(("dataset", split, "hub"), f"{source.hub} {error.problem}") from None
    if source.revision is None and revision is not None:
        warnings.append(f"dataset.{split} is not pinned; add `revision: {revision}` so that its rows stay the same")
    return replace(rows, revision=revision or source.revision)
