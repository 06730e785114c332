"""What every form says about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

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

    def guide(self, output: Output) -> str | None:
        """What a careful author tells a model about the form, in a system text; None where the labels say it all."""
        return None


def as_json(value: Any) -> str:
    """A value as JSON on one line; dates and the like as text."""
    return msgspec.json.encode(value, enc_hook=str).decode()
