"""pydantic's errors in the user's words: what was found, what is expected, what is near."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from evalkit.errors import SuiteMistake
from evalkit.quote import nearest
from evalkit.suite.config.base import Config, YamlPath, describe
from evalkit.suite.config.suite import Suite

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping (key: value)",
    "string_too_short": "some text",
}
_BOUNDS = {
    "greater_than": ("gt", "not above", "above"),
    "greater_than_equal": ("ge", "below", "at least"),
    "less_than": ("lt", "not below", "below"),
    "less_than_equal": ("le", "above", "at most"),
}
_TRUTH = {**dict.fromkeys(("yes", "on", "y"), "true"), **dict.fromkeys(("no", "off", "n"), "false")}
_KEY_WORDS = ("api_key", "apikey", "key", "token", "secret", "password")
_MOST_KEYS = 12
_KEY_MARK = "[key]"


def mistakes_of(errors: Iterable[ErrorDetails], raw: Any, written: Mapping[YamlPath, str]) -> list[SuiteMistake]:
    """Every error of a failed validation of Suite.

    `raw` is the data as written, before variables are filled in: messages quote it, so that the value of
    a variable is never shown. `written` has the text of what YAML does not read as text.
    """
    found: list[SuiteMistake] = []
    for error in errors:
        path = tuple(step for step in error["loc"] if not (isinstance(step, str) and step.startswith("(")))
        if error["type"] == "default_factory_not_called" or _counts_invalid_entries(error, path, raw):
            continue  # follows from another error
        if error["type"] == "mistakes":
            inner: tuple[SuiteMistake, ...] = error["ctx"]["mistakes"]
            found += [SuiteMistake((*path, *m.path), m.problem, m.expected, m.hint, m.key) for m in inner]
        else:
            found.append(_mistake(error, path, raw, written))
    misspelt = {(m.path[:-1], m.hint) for m in found if m.key and m.hint}
    return [m for m in found if m.missing is None or (m.path, m.missing) not in misspelt]


def _mistake(error: ErrorDetails, path: YamlPath, raw: Any, written: Mapping[YamlPath, str]) -> SuiteMistake:
    kind, name = error["type"], _name(path)
    if kind == "missing":
        return _missing_key(path)
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if path and path[-1] == _KEY_MARK:
        return _bad_name(path[:-1], str(error["input"]), capitals=path[0] == "models", key=True)
    value = _raw_value(raw, path, error["input"])
    if kind in ("string_pattern_mismatch", "string_too_long"):
        return _bad_name(path, str(value), capitals=False, key=False)
    if kind == "literal_error":
        return _not_an_option(path, value, str(error["ctx"]["expected"]), error["loc"])
    if kind in _BOUNDS:
        bound, found, expected = _BOUNDS[kind]
        limit = f"{error['ctx'][bound]:g}"
        return SuiteMistake(path, f"{name} is {value}, which is {found} {limit}", f"a number {expected} {limit}")
    if kind == "too_short":
        least, length = error["ctx"]["min_length"], len(value) if isinstance(value, list | dict) else 0
        return SuiteMistake(path, f"{name} holds {f'only {length}' if length else 'nothing'}", f"at least {least}")
    found = f"{name} has no value" if value is None else f"{name} is {describe(value)}"
    if kind == "string_type":
        expected = _alternative(error["loc"]) or "text"
        text = written.get(path)
        if text and isinstance(value, int | float):
            expected += f': put it in quotes, "{text}"'
            if (read := describe(value)).partition(" ")[0] != text:
                found = f"{name} is `{text}`, which YAML reads as {read}"
        elif text and value is None:
            found, expected = (
                f"{name} is `{text}`, which YAML reads as nothing",
                f'{expected}: put it in quotes, "{text}"',
            )
        return SuiteMistake(path, found, expected)
    if kind in ("model_type", "model_attributes_type"):
        models = list(_models_at(path))
        return SuiteMistake(path, found, " or ".join(model.looks_like for model in models) or None)
    hint = _TRUTH.get(str(value).lower()) if kind == "bool_type" else None
    return SuiteMistake(path, found, _EXPECTED.get(kind, error["msg"]), hint)


def _counts_invalid_entries(error: ErrorDetails, path: YamlPath, raw: Any) -> bool:
    """pydantic counts only the valid entries of a list: too few of those is no mistake of its own."""
    if error["type"] != "too_short":
        return False
    value = _raw_value(raw, path, error["input"])
    return isinstance(value, list | dict) and len(value) >= error["ctx"]["min_length"]


def _missing_key(path: YamlPath) -> SuiteMistake:
    key = str(path[-1])
    fields = [field for model in _models_at(path[:-1]) for name, field in _fields(model).items() if name == key]
    about = (
        f", {fields[0].description[0].lower()}{fields[0].description[1:]}" if fields and fields[0].description else ""
    )
    return SuiteMistake(path[:-1], f"{_name(path[:-1])} has no `{key}`", f"{key}: …{about}", missing=key)


def _unknown_key(path: YamlPath) -> SuiteMistake:
    key, keys = str(path[-1]), [name for model in _models_at(path[:-1]) for name in _fields(model)]
    problem = f"unknown key `{key}`"
    if path[0] == "models" and key.lower().replace("-", "_") in _KEY_WORDS:
        return SuiteMistake(
            path,
            f"{problem}: a suite never holds a key",
            "api_key_env: NAME_OF_A_VARIABLE",
            "api_key_env",
            key=True,
        )
    hint = nearest(key, keys) or _elsewhere(key)
    listed = ", ".join(dict.fromkeys(keys)) if len(keys) <= _MOST_KEYS or not hint else None
    return SuiteMistake(path, f"{problem} in {_name(path[:-1])}", listed and f"one of {listed}", hint, key=True)


def _elsewhere(key: str) -> str | None:
    """The right place of a key that belongs to another part of the suite, such as run.temperature."""
    for part, field in _fields(Suite).items():
        for model in _models_in(field.annotation):
            if part not in ("models", "prompts") and key in _fields(model):
                return f"{part}.{key}"
    return None


def _bad_name(path: YamlPath, name: str, *, capitals: bool, key: bool) -> SuiteMistake:
    if len(name) > 100:
        return SuiteMistake(path, "this name is too long", "at most 100 characters", key=key)
    letters = "letters" if capitals else "small letters"
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name if capitals else name.lower()).strip("-._")
    problem = f"`{name}` cannot be a name" if name else "the name is empty"
    expected = f"{letters}, digits and . _ - after a first letter or digit"
    return SuiteMistake(path, problem, expected, slug or None, key=key)


def _not_an_option(path: YamlPath, value: Any, options: str, loc: tuple[int | str, ...]) -> SuiteMistake:
    words = re.findall(r"'([^']*)'", options)
    found = f"{_name(path)} has no value" if value is None else f"{_name(path)} is {describe(value)}"
    hint = nearest(value, words) if isinstance(value, str) else None
    listed = " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
    return SuiteMistake(path, found, _alternative(loc) or listed, hint)


def _alternative(loc: tuple[int | str, ...]) -> str | None:
    """What a union expects: its tag says it, where the error is about the union itself."""
    return loc[-1][1:-1] if loc and isinstance(loc[-1], str) and loc[-1].startswith("(") else None


def _name(path: YamlPath) -> str:
    if not path:
        return "the suite"
    if isinstance(path[-1], int):
        return f"entry {path[-1] + 1} of {_name(path[:-1])}"
    return f"`{path[-1]}`"


def _raw_value(raw: Any, path: YamlPath, otherwise: Any) -> Any:
    for step in path:
        if isinstance(raw, dict) and step in raw:
            raw = raw[str(step)]
        elif isinstance(raw, list) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
        else:
            return otherwise if not isinstance(raw, str) else raw
    return raw


def _models_at(path: YamlPath) -> Iterator[type[Config]]:
    """The models that may stand at a place of the suite."""
    annotations: list[Any] = [Suite]
    for step in path:
        annotations = [inner for a in annotations for inner in _step(a, step)]
    for annotation in annotations:
        yield from _models_in(annotation)


def _step(annotation: Any, step: str | int) -> Iterator[Any]:
    for leaf in _leaves(annotation):
        if isinstance(leaf, type) and issubclass(leaf, Config):
            if step in _fields(leaf):
                yield _fields(leaf)[str(step)].annotation
        elif get_origin(leaf) is dict:
            yield get_args(leaf)[1]


def _models_in(annotation: Any) -> Iterator[type[Config]]:
    for leaf in _leaves(annotation):
        if isinstance(leaf, type) and issubclass(leaf, Config):
            yield leaf


def _leaves(annotation: Any) -> Iterator[Any]:
    """The members of a union, however deep, without their annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _leaves(member)
    else:
        yield annotation


def _fields(model: type[Config]) -> dict[str, FieldInfo]:
    """A model's fields by the key that a user writes."""
    return {field.alias or name: field for name, field in model.model_fields.items()}
