"""What every form says about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from evalkit.forms.parsing.misfit import Misfit
from evalkit.forms.parsing.notes import shown
from evalkit.forms.reading import NoAnswer, Reader
from evalkit.records.output import Output
from evalkit.records.sample import Target


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """What is wrong with the value of a key; `path` leads to it from the value."""

    problem: str
    expected: str | None = None
    path: tuple[int, ...] = ()


def no_problems(value: Any) -> Iterable[KeyProblem]:
    """The check of a key whose every value is right."""
    return ()


@dataclass(frozen=True, slots=True)
class Key:
    """A key under `output:` that a form takes. `example` shows one, `check` finds what is wrong with a value."""

    name: str
    example: str
    required: bool = False
    check: Callable[[Any], Iterable[KeyProblem]] = no_problems


_encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode

TargetText = Callable[[str], str]
TargetCheck = Callable[[Target, Any], Misfit | str | None]
"""A Misfit where no answer of the form can be the target; else a whole answer that is right, to be scored, or None
where the target alone does not make one."""


class Form(ABC):
    """One form of answers: how it is declared, asked for, shown and read.

    `words` says what its answers are, in the plural. `max_tokens` is the room for an answer where the suite sets
    none. `enforceable`: providers can enforce it, and `native_schema` is what they are given. `free_text`: the strict
    reading takes any text, so that decoration around an answer is still in it.
    """

    name: ClassVar[str]
    words: ClassVar[str]
    keys: ClassVar[tuple[Key, ...]] = ()
    max_tokens: ClassVar[int] = 1024
    enforceable: ClassVar[bool] = False
    free_text: ClassVar[bool] = False

    def key(self, name: str) -> Key | None:
        """The key of this name under `output:`, None where it does not belong to the form."""
        return next((key for key in self.keys if key.name == name), None)

    @abstractmethod
    def strict(self, output: Output) -> Reader:
        """The reader of the exact form, without repair of any kind.

        Raises ValueError where the output lacks something or is wrong in itself.
        """

    def lenient(self, output: Output) -> Reader:
        """The forgiving reader, for texts that the strict one does not take; `output` is one that it took."""
        return NoAnswer()

    def native_schema(self, output: Output) -> Mapping[str, Any] | None:
        """The JSON Schema that a provider enforces; None where no provider can."""
        return None

    def stop(self, output: Output) -> tuple[str, ...]:
        """Texts at which an answer is over."""
        return ()

    def example(self, output: Output, target: Target, cell: Any) -> str:
        """The right answer in the exact form, for a worked example. `cell` is the target as its row holds it."""
        return target if isinstance(target, str) else as_json(target)

    def target_text(self, output: Output) -> TargetText:
        """How the text of a target is written where answers of this form are compared with it."""
        return _as_it_is

    def target_check(self, output: Output) -> TargetCheck:
        """Makes of a target and its cell, as in `example`, the answer that is right: see `TargetCheck`."""
        reader = self.strict(output)

        def check(target: Target, cell: Any) -> Misfit | str | None:
            if isinstance(target, str) and (several := no_single_value(target, cell)):
                return several
            answer = self.example(output, target, cell)
            reading = reader.read(answer)
            if reading.problem is None:
                return answer
            found = f"the target {shown(str(target), 60)} does not have the form {self.name} ({reading.problem})"
            return Misfit(found, kind=reading.problem)

        return check

    def guide(self, output: Output) -> str | None:
        """What a careful author tells a model about the form, in a system text; None where the labels say it all."""
        return None


def as_json(value: Any) -> str:
    """A value as JSON on one line; dates and the like as text."""
    return msgspec.json.encode(value, enc_hook=str).decode()


def plain(value: Any) -> Any:
    """The value as JSON would give it back."""
    return msgspec.json.decode(_encode(value))


def no_single_value(target: str, cell: Any) -> Misfit | None:
    """What is wrong with a target that is several values where one is asked for."""
    expected = "one right answer in each row; of several that are right, keep one"
    if isinstance(cell, (list, tuple, Mapping)):
        what = "an object" if isinstance(cell, Mapping) else "a list"
        return Misfit(f"the target is {what}, {shown(target, 60)}, and no answer is {what}", expected, kind=what)
    if target[:1] == "[" and target[-1:] == "]" and isinstance(_json(target), list):
        problem = f"the target is the text of a list, {shown(target, 60)}, which no answer is likely to be"
        return Misfit(problem, expected, kind="text of a list", likely=True)
    return None


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _as_it_is(text: str) -> str:
    return text
