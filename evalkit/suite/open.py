"""From a loaded suite to its data: sources found, columns checked, every mistake with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from evalkit.suite.config_dataset import FromTrain, Source
from evalkit.suite.dataset import Dataset, DatasetSpec, KeyProblem
from evalkit.suite.errors import nearest
from evalkit.suite.load import LoadedSuite
from evalkit.suite.references import matching_files
from evalkit.suite.rows import RowSource, resolve_revision
from evalkit.suite.target import TargetReader
from evalkit.suite.template import Template, TemplateProblem

GIVEN = frozenset({"labels", "schema"})  # what every template sees besides the columns


@dataclass(frozen=True, slots=True)
class PromptTemplates:
    """A prompt's two templates: the system text sees no column, because all samples share it."""

    system: Template
    user: Template


@dataclass(frozen=True, slots=True)
class OpenSuite:
    """A suite with its checked data and compiled prompts. `warnings` are sentences for the run."""

    loaded: LoadedSuite
    dataset: Dataset
    prompts: Mapping[str, PromptTemplates]
    warnings: tuple[str, ...] = ()


def open_suite(loaded: LoadedSuite) -> OpenSuite:
    """Compile the prompts, read the data once and check both against each other. Raises SuiteError."""
    warnings: list[str] = []
    prompts = {name: _templates(loaded, name) for name in loaded.suite.prompts}
    spec = _dataset_spec(loaded, prompts, warnings)
    try:
        dataset = Dataset.open(spec)
    except KeyProblem as problem:
        hint = nearest(*problem.near) if problem.near else None
        raise loaded.fail(problem.key, problem.problem, problem.expected, hint) from None
    _check_columns(loaded, prompts, dataset)
    dropped = {name: split.dropped for name, split in dataset.splits.items() if split.dropped}
    warnings += [f"{n:,} rows of {name} are also in test and were dropped" for name, n in dropped.items()]
    return OpenSuite(loaded, dataset, prompts, tuple(warnings))


def _dataset_spec(loaded: LoadedSuite, prompts: Mapping[str, PromptTemplates], warnings: list[str]) -> DatasetSpec:
    config, suite = loaded.suite.dataset, loaded.suite
    declared = suite.output.labels
    labels: tuple[str, ...] | None = () if declared is None else None
    if isinstance(declared, tuple):
        labels = declared
    spec = DatasetSpec(
        test=_source(loaded, "test", config.test, warnings),
        target=TargetReader.of(config.target, suite.task == "extract"),
        inputs=frozenset().union(*(p.user.variables for p in prompts.values())) - GIVEN,
        id=config.id,
        group=config.group,
        leakage=config.leakage,
        labels=labels,
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
        return RowSource(tuple(str(p) for p in matching_files(loaded.directory, source.path)))
    rows = RowSource(hub=source.hub, config=source.config, split=source.split or split, revision=source.revision)
    revision = resolve_revision(rows)
    if source.revision is None and revision is not None:
        warnings.append(f"dataset.{split} is not pinned; add `revision: {revision}` so that its rows stay the same")
    return replace(rows, revision=revision or source.revision)


def _templates(loaded: LoadedSuite, name: str) -> PromptTemplates:
    texts = loaded.prompt_texts[name]
    parsed: list[Template] = []
    for part, text in (("system", texts.system), ("user", texts.user)):
        try:
            parsed.append(Template.parse(text))
        except TemplateProblem as problem:
            raise loaded.fail(("prompts", name, part), problem.problem, line=problem.line) from None
    return PromptTemplates(*parsed)


def _check_columns(loaded: LoadedSuite, prompts: Mapping[str, PromptTemplates], dataset: Dataset) -> None:
    """Every variable must exist: columns in the user part, only what is given in the system part."""
    columns = frozenset(map(str, next(dataset.samples("test")).fields))
    for name, templates in prompts.items():
        for part, template, known in (
            ("system", templates.system, GIVEN),
            ("user", templates.user, GIVEN | columns),
        ):
            for variable in sorted(template.variables - known):
                problem = f"the template uses {variable!r}, which is not there"
                expected = "one of " + ", ".join(sorted(known))
                if part == "system" and variable in columns:
                    problem = f"the system part uses the column {variable!r}, but all samples share it"
                    expected = "columns in `user` only: the system part is the prefix that is cached"
                hint, line = nearest(variable, known), template.line_of(variable)
                raise loaded.fail(("prompts", name, part), problem, expected, hint, line=line)
