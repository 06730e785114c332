"""`${NAME}` in a suite: filled in from the environment, a name that is not set kept and told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.errors import SuiteMistake
from evalkit.models.address import EXPECTED, clean, holds_password, shown, url_problem
from evalkit.suite.config.base import YamlPath

_VARIABLE = re.compile(r"\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(slots=True)
class Resolved:
    """`data` with its variables filled in.

    `missing` lists, by model, the variables that a model names and that are not set (the model is skipped);
    `mistakes` those of all other places. An empty variable counts as not set, `$${` stands for `${`.
    """

    data: Any = None
    missing: dict[str, list[str]] = field(default_factory=dict)
    mistakes: list[SuiteMistake] = field(default_factory=list)


def resolve_variables(data: Any, env: Mapping[str, str]) -> Resolved:
    """Fill in the variables of all texts. What cannot be filled in stays as written."""
    result = Resolved()
    result.data = _resolve(data, (), env, result)
    return result


def _resolve(value: Any, path: YamlPath, env: Mapping[str, str], result: Resolved) -> Any:
    if isinstance(value, dict):
        return {key: _resolve(inner, (*path, key), env, result) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolve(inner, (*path, i), env, result) for i, inner in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    names = [m[2] for m in _VARIABLE.finditer(value) if m[2]]
    if path[-1] == "api_key_env":
        problem = "`api_key_env` takes the variable's name; its value must not come into the suite"
        result.mistakes.append(SuiteMistake(path, problem, f"api_key_env: {(names or ['TUNED_API_KEY'])[0]}"))
        return value
    # A URL holds nothing hidden: what stands around the value of its variable was left there by a shell or an editor.
    is_url = path[0] == "models" and path[-1] == "base_url"
    known_values = {name: clean(env.get(name, "")) if is_url else env.get(name, "") for name in names}
    unset = [name for name in known_values if not known_values[name]]
    if not unset:
        filled = _VARIABLE.sub(lambda m: m[1] or known_values[m[2]], value)
        why = url_problem(filled) if is_url and not holds_password(filled) else None
        if why is None:
            return filled
        problem = f"{' with '.join(known_values)} is not a URL: {why} ({shown(filled)!r})"
        result.mistakes.append(SuiteMistake(path, problem, EXPECTED))
        return value
    if path[0] == "models" and len(path) > 1:
        known = result.missing.setdefault(str(path[1]), [])
        known += [name for name in unset if name not in known]
    else:
        expected = f"a variable that is set, or $${{{unset[0]}}} for this very text"
        result.mistakes.append(SuiteMistake(path, f"the variable {unset[0]} is not set", expected))
    return value
