"""`recorded`: answers that were collected elsewhere, matched to samples by id."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from evalkit.errors import ModelUnavailable
from evalkit.models.base import ModelContext
from evalkit.models.endings import stop_of
from evalkit.models.recorded.files import Answers, open_answers
from evalkit.records.completion import Completion, Failure, StopReason, Timing, Usage
from evalkit.records.model import ModelSpec
from evalkit.records.request import Request

__all__ = ["RecordedIds", "RecordedModel", "open_model"]

_T = TypeVar("_T")
_UNTIMED = float("nan")  # no latency was recorded: unknown, which is not zero


def open_model(spec: ModelSpec, context: ModelContext) -> RecordedModel:
    """Open a file of answers: one pass that indexes every id.

    Raises ModelUnavailable where there is no such file or its reader is not installed, and RecordedError
    where its content is wrong: a row that cannot be read, without id or without the output field, or an id
    given twice.
    """
    if not spec.path:
        raise ModelUnavailable("recorded answers need `path`")
    path = Path(spec.path)
    if not path.is_file():
        raise ModelUnavailable(f"there is no file {spec.path}")
    answers = open_answers(path, spec.id_field, spec.output_field, spec.quoting)
    return RecordedModel(answers, notes=list(answers.notes))


@dataclass
class RecordedModel:
    """Answers from a file. Rows stay on disk or in Arrow columns; only an index of ids is held.

    Every epoch of a sample gets the same answer. A row may carry `latency_ms` or `latency_s`, and
    `stop_reason` or `finish_reason` in the words of OpenAI or Anthropic; without a latency it is NaN. With
    `input_tokens` and `output_tokens` a call has a usage, so that a declared price gives it a cost.
    """

    answers: Answers
    max_concurrency: int | None = None
    cacheable: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def identity(self) -> Mapping[str, str | None]:
        """The digest of the file and the field that is read from it."""
        return {
            "provider": "recorded",
            "model": self.answers.output_field,
            "digest": self.answers.digest,
        }

    def ids(self) -> RecordedIds:
        """The ids that have a row in the file, as a set that asks the index."""
        return RecordedIds(self.answers)

    async def complete(self, request: Request) -> Completion | Failure:
        """The recorded answer of this sample, or an infra failure that names the id."""
        await asyncio.sleep(0)  # other tasks get their turn: nothing else here waits
        name, sample_id = self.answers.path.name, request.sample_id
        row = self.answers.row(sample_id)
        if row is None:
            return Failure("infra", f'no recorded answer for id "{sample_id}" in {name}')
        value = self.answers.output(row)
        if value is None:
            return Failure("infra", f'the recorded answer for id "{sample_id}" in {name} is null')
        stop = _stop(row)
        if isinstance(stop, Failure):
            return Failure("infra", f'{stop.reason} (id "{sample_id}" in {name})')
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return Completion(text, stop, Timing(_latency_ms(row)), _usage(row))

    async def aclose(self) -> None:
        """Close the file."""
        self.answers.close()


class RecordedIds(Set[str]):
    """The ids of a file of answers: membership by index, iteration by reading the file again."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    @classmethod
    def _from_iterable(cls, it: Iterable[_T]) -> Set[_T]:
        return frozenset(it)  # what `&` and `-` give

    def __contains__(self, sample_id: object) -> bool:
        return isinstance(sample_id, str) and self._answers.row(sample_id) is not None

    def __iter__(self) -> Iterator[str]:
        return self._answers.ids()

    def __len__(self) -> int:
        return len(self._answers)


def _stop(row: Mapping[str, Any]) -> StopReason | Failure:
    """The recorded ending, by the table of live answers; an answer without one was finished."""
    for name in ("stop_reason", "finish_reason"):
        if row.get(name):
            return stop_of(row[name], name)
    return "end"


def _latency_ms(row: Mapping[str, Any]) -> float:
    for name, factor in (("latency_ms", 1.0), ("latency_s", 1000.0)):
        value = row.get(name)
        if isinstance(value, str):
            value = _number(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return float(value) * factor
    return _UNTIMED


def _usage(row: Mapping[str, Any]) -> Usage | None:
    """The tokens of the call, none of them cached; None unless both are given."""
    sent, answered = (_count(row.get(name)) for name in ("input_tokens", "output_tokens"))
    return None if sent is None or answered is None else Usage(input=sent, output=answered)


def _count(value: Any) -> int | None:
    if isinstance(value, str):
        value = _number(value)
    known = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return round(value) if known else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
