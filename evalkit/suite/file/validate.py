"""From a file's plain data to the declaration: variables filled in, every key checked."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from evalkit.errors import SuiteMistakes
from evalkit.suite.config.suite import Suite
from evalkit.suite.file.environment import resolve_variables
from evalkit.suite.file.mistakes import mistakes_of
from evalkit.suite.file.yaml_source import YamlSource


def validated(source: YamlSource, env: Mapping[str, str]) -> Suite:
    """The declaration. Models know which of their variables are not set. Raises SuiteMistakes."""
    resolved = resolve_variables(source.data, env)
    mistakes, suite = resolved.mistakes, None
    try:
        suite = Suite.model_validate(resolved.data)
    except ValidationError as error:
        mistakes += mistakes_of(error.errors(include_url=False), source.data, source.written)
    if mistakes or suite is None:
        raise SuiteMistakes(tuple(mistakes))
    models = {}
    for name, model in suite.models.items():
        unset = list(resolved.missing.get(name, []))
        if model.api_key_env is not None and not env.get(model.api_key_env):
            unset.append(model.api_key_env)
        models[name] = model.with_missing_env(tuple(dict.fromkeys(unset)))
    return suite.model_copy(update={"models": models})
