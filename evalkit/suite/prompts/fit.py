"""Whether a suite's prompts and its rows fit each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from evalkit.errors import Place, SuiteError, SuiteMistake
from evalkit.suite.config.suite import Suite
from evalkit.suite.data.dataset import Dataset
from evalkit.suite.data.items import listed
from evalkit.suite.data.target import holds_null
from evalkit.suite.file.loaded import LoadedSuite
from evalkit.suite.prompts.template import GIVEN, PromptTemplates, Template

_NULL = re.compile(r"'([^']+)' is null")


def check_fit(loaded: LoadedSuite, dataset: Dataset, prompts: Mapping[str, PromptTemplates]) -> list[str]:
    """Warnings of what is allowed and yet is hardly meant. Raises SuiteMistake, and SuiteError for a row."""
    given = {"labels": list(dataset.labels), "schema": loaded.json_schema}
    for name, templates in prompts.items():
        _check_columns(templates, frozenset(dataset.columns))
        _check_gaps(name, templates.user, dataset, given)
        _check_nulls(templates.user, dataset, given)
    if len(prompts) > 1 and "dev" in dataset.splits and dataset.splits["dev"].n == 0:
        problem = "the dev split has no rows to choose a prompt on"
        raise SuiteMistake(("dataset", "dev"), problem, "more rows in train")
    return list(_warnings(loaded.suite, dataset, prompts))


def _check_columns(templates: PromptTemplates, columns: frozenset[str]) -> None:
    """Every variable must exist: columns in the user part, only what is given in the system part."""
    for template, known in ((templates.system, GIVEN), (templates.user, GIVEN | columns)):
        for variable in sorted(template.variables - known, key=lambda v: (template.lines[v], v)):
            line = template.lines[variable]
            if template is templates.system and variable in columns:
                problem = f"the system part uses the column {variable!r}, but all samples share it"
                expected = "columns in `user` only: the system part is the prefix that is cached"
                raise SuiteMistake(template.path, problem, expected, line=line)
            problem = f"the template uses {variable!r}, which is not there"
            expected = f"one of {listed(tuple(sorted(known)))}"
            raise SuiteMistake(template.path, problem, expected, near=(variable, known), line=line)


def _check_gaps(name: str, user: Template, dataset: Dataset, given: Mapping[str, object]) -> None:
    """A row may lack a column that others have only where the template says what then."""
    for variable, (place, row) in dataset.lacking.items():
        if variable not in user.variables:
            continue
        try:
            user.render({**given, **row})
        except SuiteMistake as mistake:
            expected = f"the column in every row, or {{{{ {variable} | default('') }}}}"
            raise SuiteError(f"prompt {name}, user part: {mistake.problem}", place, expected=expected) from None


def _check_nulls(user: Template, dataset: Dataset, given: Mapping[str, object]) -> None:
    """A null has no place in a prompt, unless the suite says what stands for it. Told once, with all its rows."""
    nulls = dataset.null_inputs & user.variables
    if not nulls:
        return
    first: tuple[SuiteMistake, Place, frozenset[str]] | None = None
    failed: Counter[str] = Counter()
    for split in dataset.splits:
        for place, sample in dataset.placed_samples(split):
            held = frozenset(name for name in nulls if name in sample.fields and holds_null(sample.fields[name]))
            if not held:
                continue
            try:
                user.render({**given, **sample.fields})
            except SuiteMistake as failure:
                failed[split] += 1
                first = first or (failure, place, held)
    if first is None:
        return
    mistake, place, held = first
    told = _NULL.search(mistake.problem)
    name = told[1] if told else min(held)
    shares = " and ".join(f"{n:,} of {dataset.splits[split].n:,} rows of {split}" for split, n in failed.items())
    what = mistake.problem.removeprefix("template error: ")
    problem = f"the template shows a null: {what} in {shares}, first in {place.file.name}:{place.line}"
    expected = f"{{{{ {name} | default('') }}}}, or `null_is: empty` beside `user` so that null is an empty text"
    raise SuiteMistake(mistake.path, problem, expected, line=mistake.line)


def _warnings(suite: Suite, dataset: Dataset, prompts: Mapping[str, PromptTemplates]) -> Iterator[str]:
    for split, found in dataset.splits.items():
        if found.dropped:
            yield f"dropped from {split}, because they are in test too: {found.dropped:,} rows"
    for name, config in suite.prompts.items():
        if (asked := config.examples) is not None and asked.count:
            examples = dataset.examples(asked.count, asked.pick, asked.seed)
            if len(examples) < asked.count:
                yield f"prompt {name} asks for {asked.count} examples, and train gives {len(examples)}"
        shown = prompts[name].user.variables & set(dataset.spec.target.columns)
        if shown and not suite.facts.open_ended:
            yield f"prompt {name} shows the target column {min(shown)!r}: the answer is given away"
