"""`output:`: the form that an answer must have. What each form takes and checks stands in `forms/`, a file per form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from evalkit.errors import SuiteMistake
from evalkit.forms.base import Form
from evalkit.forms.table import FORMS, enforceable, forms_with, keys
from evalkit.records.output import Enforce
from evalkit.suite.config.base import Config, FileRef, Text, TextTuple, YamlPath, mistakes_error

FROM_DATA: Literal["from_data"] = "from_data"

if TYPE_CHECKING:
    FormName = str
else:  # for pydantic and the JSON Schema: one of the names in the table
    FormName = Literal[tuple(FORMS)]

Labels = Annotated[
    Annotated[Literal["from_data"], Tag("(from_data, or a list of labels)")]
    | Annotated[TextTuple, Field(min_length=2), Tag("(list)")],
    Discriminator(lambda value: "(list)" if isinstance(value, list | tuple) else "(from_data, or a list of labels)"),
]


# A key of the suite whose name a pydantic model cannot have.
_FIELD_OF = {"schema": "schema_"}
_KEY_OF = {field: key for key, field in _FIELD_OF.items()}
_TIGHT = [form for form in FORMS.values() if form.max_tokens != Form.max_tokens]
_ROOM_DESCRIPTION = (
    "Room for the visible answer, thinking apart. Default: "
    + "".join(f"{form.max_tokens} for {form.words}, " for form in _TIGHT)
    + f"else {Form.max_tokens}."
)


def _room(data: dict[str, Any]) -> int:
    """The default of `max_tokens`; `data` has no form where that was wrong itself."""
    form = FORMS.get(data.get("form", ""))
    return Form.max_tokens if form is None else form.max_tokens


class OutputConfig(Config):
    """The form of an answer and how it is asked for."""

    form: FormName = Field("label", description="The exact form of an answer.")
    labels: Labels | None = Field(
        None, description="The closed vocabulary: a list, or from_data (the distinct targets of all splits)."
    )
    schema_: FileRef | None = Field(None, alias="schema", description="Form json: {path: a JSON Schema file}.")
    answer: Text | None = Field(None, description="Form json: the field that is the answer (classify, answer).")
    pattern: Text | None = Field(None, description="Form regex: a pattern with a group named answer.")
    enforce: Enforce = Field(
        "prompt", description="Asked for in words (prompt), or by the provider's structured output (native)."
    )
    max_tokens: int = Field(default_factory=_room, ge=1, description=_ROOM_DESCRIPTION)

    @property
    def facts(self) -> Form:
        """The form itself, with all that it is."""
        return FORMS[self.form]

    @field_validator("labels", "schema_", "answer", "pattern", mode="after")
    @classmethod
    def _sound(cls, value: Any, info: ValidationInfo) -> Any:
        """A value that is given must pass its key's own check, whatever the form."""
        if value is not None:
            problems = keys()[_KEY_OF.get(str(info.field_name), str(info.field_name))].check(value)
            error = mistakes_error(SuiteMistake(p.path, p.problem, expected=p.expected) for p in problems)
            if error:
                raise error
        return value

    @model_validator(mode="after")
    def _fits_form(self) -> Self:
        return self.require([*self._missing(), *self._superfluous()])

    def given(self, key: str) -> Any:
        """The value of a key of a form; None where it is not given."""
        return getattr(self, _FIELD_OF.get(key, key))

    def _missing(self) -> Iterator[SuiteMistake]:
        for key in self.facts.keys:
            if key.required and self.given(key.name) is None:
                yield SuiteMistake(("form",), f"the form {self.form} needs `{key.name}`", expected=key.example)

    def _superfluous(self) -> Iterator[SuiteMistake]:
        for key in keys():
            if self.given(key) is not None and self.facts.key(key) is None:
                forms = " or ".join(forms_with(key))
                yield SuiteMistake(
                    (key,), f"`{key}` belongs to the form {forms}, not to {self.form}", f"form: {forms}", key=True
                )
        if self.enforce == "native" and (mistake := unenforceable(self.form, ("enforce",))):
            yield mistake


def unenforceable(form: str, path: YamlPath) -> SuiteMistake | None:
    """The mistake of a suite that wants this form enforced at `path`, where no provider can."""
    if FORMS[form].enforceable:
        return None
    expected = f"enforce: prompt, or the form {' or '.join(enforceable())}"
    return SuiteMistake(path, f"no provider can enforce the form {form}", expected)
