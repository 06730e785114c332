"""The right answer of a row, in canonical form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from evalkit.records.sample import Target


class TargetProblem(Exception):
    """Raised for a row whose target cannot be read; the text says what was found."""


def canonical(value: Any) -> str:
    """A label or answer as text: text as it is, numbers and booleans in their JSON form."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return msgspec.json.encode(value, enc_hook=str).decode()


@dataclass(frozen=True, slots=True)
class TargetReader:
    """Reads the target from its column, or for extraction from one object column or one column per field."""

    column: str | None
    fields: Mapping[str, str]
    extract: bool

    @classmethod
    def of(cls, target: str | Mapping[str, str], extract: bool) -> TargetReader:
        """A reader for the suite's `dataset.target`."""
        if isinstance(target, str):
            return cls(target, {}, extract)
        return cls(None, dict(target), extract)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that must be there."""
        return (self.column,) if self.column is not None else tuple(self.fields.values())

    def read(self, row: Mapping[str, Any]) -> Target:
        """The target of one row. Raises TargetProblem."""
        if self.column is None:
            return {name: row[column] for name, column in self.fields.items()}
        value = row[self.column]
        if not self.extract:
            if value is None or value == "":
                raise TargetProblem(f"the target column {self.column!r} is empty")
            return canonical(value)
        if isinstance(value, str):
            try:
                value = msgspec.json.decode(value)
            except msgspec.DecodeError:
                raise TargetProblem(f"the target column {self.column!r} holds text that is not JSON") from None
        if not isinstance(value, dict):
            raise TargetProblem(f"the target column {self.column!r} holds no object of fields")
        return value
