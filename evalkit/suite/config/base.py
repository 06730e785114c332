"""What all parts of the declaration share: strict frozen models, mistakes with a place, short forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    StringConstraints,
    Tag,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from evalkit.errors import SuiteMistake, SuitePath

YamlPath = SuitePath
_LARGEST = 1e300


def mistakes_error(mistakes: Iterable[SuiteMistake]) -> PydanticCustomError | None:
    """The mistakes as one error that a pydantic validator can raise, or None where there are none."""
    found = tuple(mistakes)
    return PydanticCustomError("mistakes", "see the context", {"mistakes": found}) if found else None


class Config(BaseModel):
    """Base of all declarations: frozen, no unknown keys, no silent conversion between types.

    `looks_like` tells the user what belongs in the place of a value that is not a mapping.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)
    looks_like: ClassVar[str] = "a mapping (key: value)"

    def require(self, mistakes: Iterable[SuiteMistake]) -> Self:
        """Raise the mistakes, if any, from inside a validator; otherwise give the model back."""
        error = mistakes_error(mistakes)
        if error:
            raise error
        return self


class ShortForm:
    """Annotation that adds a short form, which a before-validator accepts, to the JSON Schema."""

    def __init__(self, **schema: Any) -> None:
        self.schema = schema

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [dict(self.schema), handler(core)]}


TextTuple = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Strict(False)]
Text = Annotated[str, Field(min_length=1)]
SafeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)]
ModelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


class FileRef(Config):
    """A file beside the suite."""

    looks_like: ClassVar[str] = "{path: file}"
    path: Text = Field(description="A file, relative to the suite's folder.")


# The tags of unions start with a bracket, so that they can be told from keys in an error's location.
TextOrFile = Annotated[
    Annotated[str, Tag("(text or {path: file})")] | Annotated[FileRef, Tag("(file)")],
    Discriminator(lambda value: "(file)" if isinstance(value, dict | FileRef) else "(text or {path: file})"),
]


class Range(Config):
    """A figure that is known to lie between two bounds; a single number has `low` equal to `high`."""

    looks_like: ClassVar[str] = "a number or a range [low, high]"
    low: float = Field(description="The lower bound.")
    high: float = Field(description="The upper bound.")


@dataclass(frozen=True, slots=True)
class Within:
    """Annotation of a Range field: reads a number or a pair, and holds both bounds to the limits."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        limits = {"minimum": self.at_least, "exclusiveMinimum": self.above, "maximum": self.at_most}
        number = {"type": "number", **{name: limit for name, limit in limits.items() if limit is not None}}
        pair = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
        return {"anyOf": [number, pair, {"type": "null"}]}

    def _read(self, value: Any) -> Any:
        """The fields of Range; anything that is not a number or a pair is one clear mistake."""
        if value is None or isinstance(value, Range):
            return value
        bounds = value if isinstance(value, list) else [value, value]
        numbers = [b for b in bounds if isinstance(b, int | float) and not isinstance(b, bool)]
        if len(numbers) != len(bounds) or len(bounds) != 2:
            problem: str | None = f"found {describe(value)}"
        else:
            problem = self._outside(numbers[0], numbers[1])
        error = mistakes_error([SuiteMistake((), problem, expected=Range.looks_like)] if problem else [])
        if error:
            raise error
        return {"low": float(numbers[0]), "high": float(numbers[1])}

    def _outside(self, low: float, high: float) -> str | None:
        if not (-_LARGEST < low < _LARGEST and -_LARGEST < high < _LARGEST):
            return "found a number without end"
        if low > high:
            return f"the lower bound {low} stands above the upper bound {high}"
        if self.at_least is not None and low < self.at_least:
            return f"{low} is below {self.at_least:g}"
        if self.above is not None and low <= self.above:
            return f"{low} is not above {self.above:g}"
        if self.at_most is not None and high > self.at_most:
            return f"{high} is above {self.at_most:g}"
        return None


def describe(value: Any) -> str:
    """What a value is, in the words of an error message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        text = f"{value}" if abs(value) < 10**20 else "a very large number"
        return f"{text} (a whole number)"
    if isinstance(value, float):
        return f"{value} (a number)"
    if isinstance(value, str):
        return f"the text `{value[:60]}{'…' if len(value) > 60 else ''}`" if value else "an empty text"
    return "a list" if isinstance(value, list | tuple) else "a mapping"
