"""What a JSON Schema holds against a target, in words that name field, value and the nearest right one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evalkit.forms.parsing.compare import number_key
from evalkit.forms.parsing.json_text import canonical
from evalkit.forms.parsing.misfit import Misfit, listed
from evalkit.forms.parsing.notes import path_of, shown
from evalkit.quote import nearest

_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_TRUTH = {**dict.fromkeys(("1", "yes", "y", "on", "t"), "true"), **dict.fromkeys(("0", "no", "n", "off", "f"), "false")}
_LIMITS = {
    "minimum": "a number of at least {}",
    "maximum": "a number of at most {}",
    "exclusiveMinimum": "a number above {}",
    "exclusiveMaximum": "a number below {}",
    "minLength": "text of at least {} characters",
    "maxLength": "text of at most {} characters",
    "minItems": "a list of at least {} items",
    "maxItems": "a list of at most {} items",
    "pattern": "text that matches {}",
}
_OF_KEYS = ("additionalProperties", "unevaluatedProperties")
_OF_BRANCHES = ("anyOf", "oneOf")


def misfit_of(error: Any) -> Misfit:
    """One error of the schema's library as a misfit."""
    kind, place = error.kind, path_of(list(error.instance_path))
    found = f"the field `{place}` is {_quoted(error.instance)}" if place else f"the target is {_quoted(error.instance)}"
    if kind.name in _OF_KEYS:
        keys = list(kind.unexpected)
        inside = f" inside `{place}`" if place else ""
        many = "keys" if len(keys) > 1 else "key"
        problem = f"the schema forbids the {many} {', '.join(f'`{key}`' for key in keys[:5])}{inside}"
        return Misfit(problem, f"a target without {'them' if len(keys) > 1 else 'it'}, or a schema that has it",
                      kind=f"{place} {keys}")  # fmt: skip
    if kind.name == "required":
        problem = (
            f"the schema requires `{kind.property}`{f' inside `{place}`' if place else ''}, and the target lacks it"
        )
        return Misfit(problem, "a target that has it", kind=problem)
    expected = _expected(error)
    return Misfit(found, expected, _hint(error), kind=f"{kind.name} {_unnumbered(error.instance_path)}")


def concerning(error: Any, field: str) -> Any | None:
    """The part of an error that is about this property; None where it is about what else the value lacks or is."""
    kind = error.kind
    if error.instance_path:
        return error if error.instance_path[0] == field else None
    if kind.name in _OF_KEYS:
        return error if field in list(kind.unexpected) else None
    context = getattr(kind, "context", None) if kind.name in _OF_BRANCHES else None
    if not context:
        return error if kind.name == "type" else None
    inner = [next(filter(None, (concerning(each, field) for each in branch)), None) for branch in context]
    return inner[0] if all(inner) else None


def _expected(error: Any) -> str:
    kind = error.kind
    if kind.name == "type":
        return _either(kind.types)
    if kind.name == "enum":
        return f"one of {listed(_plainly(each) for each in kind.options)}"
    if kind.name == "const":
        return _plainly(kind.expected_value)
    if kind.name == "falseSchema":
        return "nothing here: the schema forbids it"
    if kind.name in _OF_BRANCHES and getattr(kind, "context", None):
        inner = [branch[0] for branch in kind.context if branch]
        return " or ".join(dict.fromkeys(_expected(each) for each in inner if each.kind.name != "required")) or (
            "what one of the schema's alternatives allows"
        )
    if kind.name == "format":
        return f"a text of the format {kind.format}"
    if kind.name in _LIMITS:
        return _LIMITS[kind.name].format(getattr(kind, "pattern", None) or getattr(kind, "limit", ""))
    return f"what the schema allows: {error.message}"


def _hint(error: Any) -> str | None:
    """The nearest value that would be right."""
    value = error.instance
    if isinstance(value, (dict, list)):
        return None
    if options := _options(error):
        return nearest(canonical(value), options)
    types = _types(error)
    if not isinstance(value, str):
        return as_text(value) if "string" in types and value is not None else None
    if "boolean" in types and value.strip().casefold() in _TRUTH:
        return _TRUTH[value.strip().casefold()]
    number = number_key(value) if types & {"number", "integer"} else None
    return number if number != value and ("number" in types or "." not in str(number)) else None


def as_text(value: Any) -> str:
    """The text that a value would be in JSON."""
    return f'"{canonical(value)}"'


def _types(error: Any) -> frozenset[str]:
    """The types that are asked for, in any alternative."""
    if error.kind.name == "type":
        return frozenset(error.kind.types)
    context = getattr(error.kind, "context", None) if error.kind.name in _OF_BRANCHES else None
    return frozenset[str]().union(*(_types(each) for branch in context or () for each in branch))


def _options(error: Any) -> tuple[str, ...]:
    """The values that a closed list allows, as text."""
    kind = error.kind
    if kind.name == "enum":
        return tuple(canonical(option) for option in kind.options)
    if kind.name in _OF_BRANCHES and getattr(kind, "context", None):
        return tuple(option for branch in kind.context for each in branch for option in _options(each))
    return ()


def _either(types: Iterable[str]) -> str:
    return " or ".join(_KINDS.get(name, name) for name in sorted(types))


def _plainly(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)


def _quoted(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {shown(value, 60)}"
    if isinstance(value, Mapping):
        return f"an object with {listed((f'`{key}`' for key in value), 8)}" if value else "an empty object"
    return f"{'the list ' if isinstance(value, list) else ''}{canonical(value)[:60]}"


def _unnumbered(path: Iterable[str | int]) -> str:
    return path_of([step for step in path if isinstance(step, str)])
