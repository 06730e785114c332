"""The right answer of a row, in canonical form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from evalkit.errors import Place, SuiteError
from evalkit.forms.parsing.alike import tidy
from evalkit.forms.parsing.json_text import canonical as canonical_json
from evalkit.records.sample import Target
from evalkit.rows.cell import is_empty

_encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode


def canonical(value: Any) -> str:
    """A label, answer or id as text: text as it is, numbers and booleans as in JSON, 1.0 as 1, dates as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, float | Decimal) and value % 1 == 0:
        return str(int(value))
    return canonical_json(plain(value))


def plain(value: Any) -> Any:
    """The value as JSON would give it back, so that it can be equal to what a model answers."""
    return msgspec.json.decode(_encode(value))


def holds_null(value: Any) -> bool:
    """Whether a cell is null, or null stands somewhere in it; a number that is none is null too."""
    if isinstance(value, Mapping):
        return any(map(holds_null, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_null, value))
    return value is None or value != value


@dataclass(frozen=True, slots=True)
class TargetReader:
    """Reads the target from its column, or for extraction from one object column or one column per field.

    `text` writes a target that is text as the suite's form compares it.
    """

    column: str | None
    fields: Mapping[str, str]
    extract: bool
    text: Callable[[str], str] = str

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

    def read(self, row: Mapping[str, Any], place: Place | None = None) -> Target:
        """The target of the row at `place`. Raises SuiteError for one that cannot be read."""
        if self.column is None:
            return {name: plain(row[column]) for name, column in self.fields.items()}
        value = row[self.column]
        if is_empty(value) or (isinstance(value, str) and not tidy(value)):
            raise SuiteError(f"the target column {self.column!r} is empty", place)
        if not self.extract:
            return self.text(tidy(value)) if isinstance(value, str) else canonical(value)
        if isinstance(value, str):
            try:
                value = msgspec.json.decode(value)
            except (msgspec.DecodeError, RecursionError):
                raise SuiteError(f"the target column {self.column!r} holds text that is not JSON", place) from None
        if not isinstance(value, dict):
            raise SuiteError(f"the target column {self.column!r} holds no object of fields", place)
        return {str(name): plain(field) for name, field in value.items()}
