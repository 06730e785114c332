"""Read a suite file: YAML, variables, declaration, files; every mistake is one SuiteError with its place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evalkit.errors import Place, SuiteError
from evalkit.suite.config.base import Mistake, YamlPath
from evalkit.suite.config.suite import DEFAULT_PROMPT, Suite
from evalkit.suite.file.environment import resolve_variables
from evalkit.suite.file.mistakes import mistakes_of
from evalkit.suite.file.references import PromptTexts, json_schema, missing_files, prompt_texts
from evalkit.suite.file.text_file import read_text
from evalkit.suite.file.yaml_source import YamlSource
from evalkit.wording.quote import nearest


@dataclass(frozen=True, slots=True)
class LoadedSuite:
    """A valid suite with what belongs to its declaration.

    `directory` is absolute; all paths of the suite are relative to it. `text` is the file as written, where
    variables stand by name: the snapshot that a run stores. `prompt_texts` has the keys of
    `suite.prompts`; `json_schema` is the schema of `output.schema`, None where there is none.
    """

    suite: Suite
    source: YamlSource
    directory: Path
    text: str
    prompt_texts: Mapping[str, PromptTexts]
    json_schema: Mapping[str, Any] | None

    def fail(
        self,
        path: YamlPath,
        problem: str,
        expected: str | None = None,
        hint: str | None = None,
        *,
        key: bool = False,
        line: int | None = None,
    ) -> SuiteError:
        """An error at a place of the suite, such as ("dataset", "target"), for the caller to raise.

        A path that goes on past what the file holds (a default, a short form) ends at the last part
        that is there. A single prompt may be named as ("prompts", "default", …). `key` points at the key
        instead of the value. `line`, from 1, is a line inside a text: of the suite where the text
        stands in it, of the text's own file where it comes from one.
        """
        place = self._place(path, key, line)
        return SuiteError(problem, place, expected=expected, hint=hint)

    def _place(self, path: YamlPath, key: bool, line: int | None) -> Place:
        yaml_path = _in_file(self.source, path)
        if line is None:
            return self.source.place(self.source.position(yaml_path, key))
        file = None
        texts = self.prompt_texts.get(str(path[1])) if len(path) > 2 and path[0] == "prompts" else None
        if texts is not None:
            file = {"system": texts.system_file, "user": texts.user_file}.get(str(path[2]))
        if file is None:
            return self.source.place(self.source.position_inside(yaml_path, line))
        lines = read_text(file).splitlines()
        return Place(file, line, 1, lines[line - 1] if 0 < line <= len(lines) else "")


def load_suite(path: Path | str, env: Mapping[str, str] | None = None) -> LoadedSuite:
    """Read and check a suite file. `env` stands for the environment (default: os.environ).

    A model whose variables are not set is loaded all the same, with their names in `missing_env`.
    Raises SuiteError: the first problem in the order of the file, `more` counting the others.
    """
    path = Path(path)
    env = os.environ if env is None else env
    source = YamlSource.read(path)
    suite = _validated(source, env)
    directory = path.absolute().parent
    missing = list(missing_files(suite, directory))
    if missing:
        raise _error(source, missing)
    schema = None
    if suite.output.schema_ is not None:
        schema = json_schema(directory / suite.output.schema_.path)
        unfit = _answer_mistake(suite, schema)
        if unfit is not None:
            raise _error(source, [unfit])
    texts = {name: prompt_texts(prompt, directory) for name, prompt in suite.prompts.items()}
    return LoadedSuite(suite, source, directory, source.text, texts, schema)


def _validated(source: YamlSource, env: Mapping[str, str]) -> Suite:
    resolved = resolve_variables(source.data, env)
    mistakes, suite = resolved.mistakes, None
    try:
        suite = Suite.model_validate(resolved.data)
    except ValidationError as error:
        mistakes += mistakes_of(error.errors(include_url=False), source.data)
    if mistakes or suite is None:
        raise _error(source, mistakes)
    models = {}
    for name, model in suite.models.items():
        unset = list(resolved.missing.get(name, []))
        if model.api_key_env is not None and not env.get(model.api_key_env):
            unset.append(model.api_key_env)
        models[name] = model.with_missing_env(tuple(dict.fromkeys(unset)))
    return suite.model_copy(update={"models": models})


def _answer_mistake(suite: Suite, schema: Mapping[str, Any]) -> Mistake | None:
    answer, properties = suite.output.answer, schema.get("properties")
    if answer is None or not isinstance(properties, dict) or answer in properties:
        return None
    listed = "one of its properties: " + ", ".join(list(properties)[:12])
    return Mistake(("output", "answer"), f"the schema has no property `{answer}`", listed, nearest(answer, properties))


def _error(source: YamlSource, mistakes: Iterable[Mistake]) -> SuiteError:
    """The first mistake in the order of the file; several at one spot count once."""
    placed: dict[tuple[int, int], Mistake] = {}
    for mistake in mistakes:
        position = source.position(_in_file(source, mistake.path), mistake.key)
        placed.setdefault(position, mistake)
    position, first = min(placed.items(), key=lambda item: item[0])
    return SuiteError(
        first.problem,
        source.place(position),
        expected=first.expected,
        hint=first.hint,
        more=len(placed) - 1,
    )


def _in_file(source: YamlSource, path: YamlPath) -> YamlPath:
    """The path as the file has it: a single prompt stands under `prompt`."""
    if path[:2] == ("prompts", DEFAULT_PROMPT) and "prompts" not in source.data:
        return ("prompt", *path[2:])
    return path
