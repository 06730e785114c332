"""Prompts: sandboxed Jinja2 templates, rendered into a cacheable prefix and a suffix per sample."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
import msgspec
from jinja2 import meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evalkit.records.request import Prefix, Turn


class TemplateProblem(Exception):
    """Raised for a template that cannot be used; `line` counts within the template."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        self.problem, self.line = problem, line
        super().__init__(problem)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    """No autoescape: prompts are plain text. Undefined is an error, never an empty place in a prompt."""
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=False, trim_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "ensure_ascii": False}
    return environment


@dataclass(frozen=True)
class Template:
    """A compiled template and the names of the variables that it uses."""

    source: str
    compiled: jinja2.Template
    variables: frozenset[str]

    @classmethod
    def parse(cls, source: str) -> Template:
        """Compile. Raises TemplateProblem with the line of a syntax error."""
        environment = _environment()
        try:
            tree = environment.parse(source)
            return cls(source, environment.from_string(source), frozenset(meta.find_undeclared_variables(tree)))
        except jinja2.TemplateSyntaxError as error:
            raise TemplateProblem(f"template error: {error.message}", error.lineno) from None

    def line_of(self, variable: str) -> int | None:
        """The line (from 1) on which a variable first occurs."""
        for number, line in enumerate(self.source.splitlines(), 1):
            if variable in line:
                return number
        return None

    def render(self, values: Mapping[str, Any]) -> str:
        """Fill in the values; they are data and are never read as templates. Raises TemplateProblem."""
        try:
            return self.compiled.render(values)
        except jinja2.UndefinedError as error:
            raise TemplateProblem(f"template error: {error.message}") from None
        except (jinja2.TemplateError, TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
            raise TemplateProblem(f"template error: {error}") from None


def make_prefix(system: str, examples: Sequence[Turn]) -> Prefix:
    """A prefix with its digest: SHA-256 of the canonical JSON of system text and examples."""
    parts = [system, [[turn.user, turn.assistant] for turn in examples]]
    return Prefix(system, tuple(examples), hashlib.sha256(msgspec.json.encode(parts)).hexdigest())
