"""Prompts: sandboxed Jinja2 templates, rendered into a cacheable prefix and a suffix per sample."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
import msgspec
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evalkit.errors import SuiteMistake, SuitePath
from evalkit.records.request import Prefix, Turn
from evalkit.suite.prompts.cells import NullIs, is_null, printable, shown, to_json

GIVEN = frozenset({"labels", "schema"})  # what every template sees besides the columns
_HELPERS = frozenset({"range", "dict", "namespace", "cycler", "joiner"})
_MOST_NUMBERS = 100_000
_LONGEST_TEXT = 10_000_000
_MOST_BITS = 10_000
_FAILURES = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class _Environment(ImmutableSandboxedEnvironment):
    """Text in, text out, always the same, and no sum that does not end."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        # No autoescape: prompts are plain text. Undefined is an error, never an empty place in a prompt.
        super().__init__(undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, finalize=printable)
        self.globals = {name: value for name, value in self.globals.items() if name in _HELPERS}
        self.filters = {name: value for name, value in self.filters.items() if name != "random"}
        self.filters["tojson"] = to_json  # Jinja2's own writes < as \u003c, for HTML
        self.tests = {**self.tests, "none": is_null}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse products of a size that no prompt needs."""
        if isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
            if bits > _MOST_BITS:
                raise OverflowError(f"{operator} gives a number that is too large")
        elif operator == "*":
            for many, times in ((left, right), (right, left)):
                if isinstance(times, int) and hasattr(many, "__len__") and len(many) * times > _LONGEST_TEXT:
                    raise OverflowError(f"* gives more than {_LONGEST_TEXT:,} characters or items")
        return super().call_binop(context, operator, left, right)


class _Range:
    """`range` within one rendering: loops inside loops end too."""

    def __init__(self) -> None:
        self._left = _MOST_NUMBERS

    def __call__(self, *bounds: int) -> range:
        numbers = range(*bounds)
        self._left -= len(numbers)
        if self._left < 0:
            raise OverflowError(f"range() gives more than {_MOST_NUMBERS:,} numbers in one text")
        return numbers


@cache
def _environment() -> _Environment:
    return _Environment()


@dataclass(frozen=True)
class Template:
    """A compiled template. `lines`: each variable that it uses → the line, from 1, on which it is first used.

    `path` is where it stands in the suite; `null_is` what becomes of a null that it shows.
    """

    source: str
    compiled: jinja2.Template
    lines: Mapping[str, int]
    path: SuitePath = ()
    null_is: NullIs = "error"

    @classmethod
    def parse(cls, source: str, path: SuitePath = (), null_is: NullIs = "error") -> Template:
        """Compile. Raises SuiteMistake at `path`, with the line of a syntax error."""
        environment = _environment()
        try:
            tree = environment.parse(source)
            used = meta.find_undeclared_variables(tree)
            first: dict[str, int] = {}
            for node in tree.find_all(nodes.Name):
                if node.name in used:
                    first[node.name] = min(node.lineno, first.get(node.name, node.lineno))
            compiled = environment.from_string(source)
            # Jinja2 keeps them in a chain of mappings and walks it at every rendering, which takes half of its time.
            compiled.globals = dict(compiled.globals)
            return cls(source, compiled, first, path, null_is)
        except jinja2.TemplateSyntaxError as error:
            raise SuiteMistake(path, f"template error: {error.message}", line=error.lineno) from None
        except (RecursionError, MemoryError, SyntaxError):
            raise SuiteMistake(path, "template error: nested too deep") from None

    @property
    def variables(self) -> frozenset[str]:
        """The names that must be given."""
        return frozenset(self.lines)

    def render(self, values: Mapping[str, Any]) -> str:
        """Fill in the values; they are data and are never read as templates.

        Lists and objects stand as JSON, dates as ISO 8601. Raises SuiteMistake, with the line where it can be told.
        """
        given = {name: shown(name, value, self.null_is) for name, value in values.items() if name in self.lines}
        if "range" in self.source:
            given.setdefault("range", _Range())
        try:
            return self.compiled.render(given)
        except _FAILURES as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
            raise SuiteMistake(self.path, f"template error: {reason}", line=_line(error)) from None


@dataclass(frozen=True, slots=True)
class PromptTemplates:
    """A prompt's two templates: the system text sees no column, because all samples share it."""

    system: Template
    user: Template

    @classmethod
    def parse(cls, name: str, system: str, user: str, null_is: NullIs = "error") -> PromptTemplates:
        """Compile both texts of the prompt `name`. Raises SuiteMistake."""
        parts = (("system", system), ("user", user))
        return cls(*(Template.parse(text, ("prompts", name, part), null_is) for part, text in parts))


def make_prefix(system: str, examples: Sequence[Turn]) -> Prefix:
    """A prefix with its digest: SHA-256 of the canonical JSON of system text and examples."""
    parts = [system, [[turn.user, turn.assistant] for turn in examples]]
    return Prefix(system, tuple(examples), hashlib.sha256(msgspec.json.encode(parts)).hexdigest())


def _line(error: BaseException) -> int | None:
    """The line of the template that was being rendered: Jinja2 puts it into the traceback."""
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            line = step.tb_lineno
        step = step.tb_next
    return line
