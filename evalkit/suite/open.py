"""From a loaded suite to its data: sources found, columns checked, every mistake with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evalkit.errors import KeyProblem, SuiteError, TemplateProblem
from evalkit.suite.config.dataset import FromTrain, Source
from evalkit.suite.config.suite import Suite
from evalkit.suite.data.dataset import Dataset
from evalkit.suite.data.hub_rows import resolve_revision
from evalkit.suite.data.items import DatasetSpec, listed
from evalkit.suite.data.rows import RowSource
from evalkit.suite.data.target import TargetReader
from evalkit.suite.file.load import LoadedSuite
from evalkit.suite.file.references import matching_files
from evalkit.suite.prompts.template import Template
from evalkit.wording.quote import nearest

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

    @property
    def config(self) -> Suite:
        """What the suite's file says."""
        return self.loaded.suite

    @property
    def given(self) -> dict[str, Any]:
        """The values of GIVEN. A column of the same name goes before them in the user part."""
        return {"labels": list(self.dataset.labels), "schema": self.loaded.json_schema}


def open_suite(loaded: LoadedSuite) -> OpenSuite:
    """Compile the prompts, read the data once and check both against each other. Raises SuiteError."""
    warnings: list[str] = []
    prompts = {name: _templates(loaded, name) for name in loaded.suite.prompts}
    spec = _dataset_spec(loaded, prompts, warnings)
    try:
        dataset = Dataset(spec)
    except KeyProblem as problem:
        hint = nearest(*problem.near) if problem.near else None
        raise loaded.fail(problem.key, problem.problem, problem.expected, hint) from None
    opened = OpenSuite(loaded, dataset, prompts, tuple(warnings))
    for name in prompts:
        _check_columns(opened, name)
        _check_gaps(opened, name)
    if len(prompts) > 1 and "dev" in dataset.splits and dataset.splits["dev"].n == 0:
        raise loaded.fail(("dataset", "dev"), "the dev split has no rows to choose a prompt on", "more rows in train")
    return replace(opened, warnings=(*warnings, *_warnings(opened)))


def _dataset_spec(loaded: LoadedSuite, prompts: Mapping[str, PromptTemplates], warnings: list[str]) -> DatasetSpec:
    config, suite = loaded.suite.dataset, loaded.suite
    declared = suite.output.labels
    labels: tuple[str, ...] | None = () if declared is None else None
    if isinstance(declared, tuple):
        labels = declared
    spec = DatasetSpec(
        test=_source(loaded, "test", config.test, warnings),
        target=TargetReader.of(config.target, suite.facts.object_target),
        inputs=frozenset().union(*(p.user.variables for p in prompts.values())),
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
        return RowSource(tuple(str(p) for p in matching_files(loaded.directory, source.path)))
    rows = RowSource(hub=source.hub, config=source.config, split=source.split or split, revision=source.revision)
    try:
        revision = resolve_revision(rows)
    except SuiteError as error:
        raise loaded.fail(("dataset", split, "hub"), f"{source.hub} {error.problem}") from None
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


def _check_columns(opened: OpenSuite, name: str) -> None:
    """Every variable must exist: columns in the user part, only what is given in the system part."""
    columns = frozenset(opened.dataset.columns)
    templates = opened.prompts[name]
    for part, template, known in (
        ("system", templates.system, GIVEN),
        ("user", templates.user, GIVEN | columns),
    ):
        for variable in sorted(template.variables - known, key=lambda v: (template.lines[v], v)):
            problem = f"the template uses {variable!r}, which is not there"
            expected = f"one of {listed(tuple(sorted(known)))}"
            hint = nearest(variable, known)
            if part == "system" and variable in columns:
                problem = f"the system part uses the column {variable!r}, but all samples share it"
                expected, hint = "columns in `user` only: the system part is the prefix that is cached", None
            line = template.lines[variable]
            raise opened.loaded.fail(("prompts", name, part), problem, expected, hint, line=line)


def _check_gaps(opened: OpenSuite, name: str) -> None:
    """A row may lack a column that others have only where the template says what then."""
    user = opened.prompts[name].user
    for variable, (place, row) in opened.dataset.lacking.items():
        if variable not in user.variables:
            continue
        try:
            user.render({**opened.given, **row})
        except TemplateProblem as problem:
            expected = f"the column in every row, or {{{{ {variable} | default('') }}}}"
            raise SuiteError(f"prompt {name}, user part: {problem.problem}", place, expected=expected) from None


def _warnings(opened: OpenSuite) -> Iterator[str]:
    """What is allowed and yet is hardly meant."""
    suite, splits = opened.loaded.suite, opened.dataset.splits
    for split, found in splits.items():
        if found.dropped:
            yield f"dropped from {split}, because they are in test too: {found.dropped:,} rows"
    for name, config in suite.prompts.items():
        if (asked := config.examples) is not None and asked.count:
            examples = opened.dataset.examples(asked.count, asked.pick, asked.seed)
            if len(examples) < asked.count:
                yield f"prompt {name} asks for {asked.count} examples, and train gives {len(examples)}"
        shown = opened.prompts[name].user.variables & set(opened.dataset.spec.target.columns)
        if shown and not suite.facts.open_ended:
            yield f"prompt {name} shows the target column {min(shown)!r}: the answer is given away"
