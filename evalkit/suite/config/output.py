"""`output:`: the form that an answer must have."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from evalkit.records.output import Enforce
from evalkit.suite.config.base import Config, FileRef, Mistake, Text, TextTuple, mistakes_error

FROM_DATA: Literal["from_data"] = "from_data"
Form = Literal["label", "json", "regex", "text"]
NATIVE_FORMS: tuple[Form, ...] = ("label", "json")

Labels = Annotated[
    Annotated[Literal["from_data"], Tag("(from_data, or a list of labels)")]
    | Annotated[TextTuple, Field(min_length=2), Tag("(list)")],
    Discriminator(lambda value: "(list)" if isinstance(value, list | tuple) else "(from_data, or a list of labels)"),
]


class OutputConfig(Config):
    """The form of an answer and how it is asked for."""

    form: Form = Field("label", description="The exact form of an answer.")
    labels: Labels | None = Field(
        None, description="The closed vocabulary: a list, or from_data (the distinct targets of all splits)."
    )
    schema_: FileRef | None = Field(None, alias="schema", description="Form json: {path: a JSON Schema file}.")
    answer: Text | None = Field(None, description="Form json: the field that is the answer (classify, answer).")
    pattern: Text | None = Field(None, description="Form regex: a pattern with a group named answer.")
    enforce: Enforce = Field(
        "prompt", description="Asked for in words (prompt), or by the provider's structured output (native)."
    )
    max_tokens: int = Field(
        default_factory=lambda data: 64 if data.get("form") == "label" else 1024,
        ge=1,
        description="Room for the visible answer, thinking apart. Default: 64 for labels, else 1024.",
    )

    @field_validator("labels", mode="after")
    @classmethod
    def _distinct(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        labels = value if isinstance(value, tuple) else ()
        error = mistakes_error(
            Mistake((i,), f"the label `{label}` is given twice")
            for i, label in enumerate(labels)
            if label in labels[:i]
        )
        if error:
            raise error
        return value

    @field_validator("pattern", mode="after")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is None:
            return None
        import regex

        problem = None
        try:
            if "answer" not in regex.compile(value).groupindex:
                problem = "the pattern has no group `answer`"
        except regex.error as failure:
            problem = f"not a regular expression: {failure}"
        error = mistakes_error([Mistake((), problem, expected=r"a pattern such as (?P<answer>\d+)")] if problem else [])
        if error:
            raise error
        return value

    @model_validator(mode="after")
    def _fits_form(self) -> Self:
        return self.require([*self._missing(), *self._superfluous()])

    def _missing(self) -> list[Mistake]:
        wanted = {
            "label": ("labels", self.labels, "labels: from_data, or a list of labels"),
            "json": ("schema", self.schema_, "schema: {path: answer.schema.json}"),
            "regex": ("pattern", self.pattern, r'pattern: "^(?P<answer>\\d+)$"'),
        }.get(self.form)
        if wanted is None or wanted[1] is not None:
            return []
        return [Mistake(("form",), f"the form {self.form} needs `{wanted[0]}`", expected=wanted[2])]

    def _superfluous(self) -> list[Mistake]:
        belongs = {
            "schema": ("json", self.schema_),
            "answer": ("json", self.answer),
            "pattern": ("regex", self.pattern),
        }
        found = [
            Mistake((name,), f"`{name}` belongs to the form {form}, not to {self.form}", f"form: {form}", key=True)
            for name, (form, value) in belongs.items()
            if value is not None and form != self.form
        ]
        if self.enforce == "native" and self.form not in NATIVE_FORMS:
            problem = f"no provider can enforce the form {self.form}"
            found.append(Mistake(("enforce",), problem, "enforce: prompt, or the form label or json"))
        return found
