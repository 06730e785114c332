"""From a loaded suite to its data: sources found, prompts compiled, both checked against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.suite.config.suite import Suite
from evalkit.suite.data.dataset import Dataset
from evalkit.suite.data.spec import dataset_spec
from evalkit.suite.file.loaded import LoadedSuite
from evalkit.suite.prompts.fit import check_fit
from evalkit.suite.prompts.template import PromptTemplates


@dataclass(frozen=True, slots=True)
class OpenSuite:
    """A suite with its checked data and compiled prompts. `warnings` are sentences for the run."""

    loaded: LoadedSuite
    dataset: Dataset
    prompts: Mapping[str, PromptTemplates]
    warnings: tuple[str, ...] = ()

    @property
    def config(self) -> Suite:
        """The suite as it was declared."""
        return self.loaded.suite

    @property
    def given(self) -> dict[str, Any]:
        """What every template sees besides the columns. A column of the same name goes before it in the user part."""
        return {"labels": list(self.dataset.labels), "schema": self.loaded.json_schema}


def open_suite(loaded: LoadedSuite) -> OpenSuite:
    """Compile the prompts, read the data once and check both against each other.

    Raises SuiteError for a row that is wrong, and SuiteMistake for what is wrong in the suite: see `located`.
    """
    declared = loaded.suite.prompts
    prompts = {
        name: PromptTemplates.parse(name, t.system, t.user, declared[name].null_is)
        for name, t in loaded.prompt_texts.items()
    }
    warnings: list[str] = []
    inputs = frozenset[str]().union(*(templates.user.variables for templates in prompts.values()))
    dataset = Dataset(dataset_spec(loaded, inputs, warnings))
    warnings += [_no_evidence(name) for name, model in loaded.suite.models.items() if model.names_no_role]
    warnings += dataset.notes
    warnings += check_fit(loaded, dataset, prompts)
    return OpenSuite(loaded, dataset, prompts, tuple(warnings))


def _no_evidence(name: str) -> str:
    return (
        f"`{name}` names no `role:`, so its answers are shown and compared, but are no evidence of what prompting "
        "gives; if a prompted model gave them, say `role: frontier` or `role: prompted`"
    )
