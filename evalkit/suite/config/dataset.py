"""`dataset:` and the prompts: where rows come from and what is made of them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from evalkit.errors import SuiteMistake
from evalkit.records.request import CacheTtl
from evalkit.suite.config.base import Config, Range, ShortForm, Text, TextOrFile, Within


class Source(Config):
    """Rows: a file (or glob) beside the suite, or a dataset on the Hugging Face hub."""

    looks_like: ClassVar[str] = "a file name, {path: …} or {hub: org/name, revision: …}"
    path: Text | None = Field(
        None, description="A .jsonl, .json, .csv, .tsv or .parquet file or a glob, relative to the suite."
    )
    hub: Text | None = Field(None, description="A dataset on the Hugging Face hub: org/name.")
    config: Text | None = Field(None, description="The hub dataset's configuration.")
    split: Text | None = Field(None, description="The hub dataset's split; default: the name of this key.")
    revision: Text | None = Field(None, description="The hub dataset's commit, so that its rows stay the same.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        return self.require(self._mistakes())

    def _mistakes(self) -> list[SuiteMistake]:
        if self.path is None and self.hub is None:
            return [SuiteMistake((), "neither `path` nor `hub` says where the rows are", expected=self.looks_like)]
        if self.path is not None and self.hub is not None:
            return [SuiteMistake(("hub",), "both `path` and `hub` are given", expected="one of them", key=True)]
        if self.path is None:
            return []
        only_hub = ("config", "split", "revision")
        return [
            SuiteMistake((name,), f"`{name}` belongs to a hub dataset, not to a file", key=True)
            for name in only_hub
            if getattr(self, name) is not None
        ]


class FromTrain(Config):
    """A seeded slice of train whose rows are never examples."""

    from_: Literal["train"] = Field(alias="from", description="The split that the slice is taken from.")
    fraction: float = Field(0.2, gt=0, lt=1, description="The share of train's rows, between 0 and 1.")
    seed: int = Field(7, description="The seed of the slice.")


def _path_from_text(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _dev_kind(value: Any) -> str:
    if isinstance(value, FromTrain):
        return "(from)"
    return "(from)" if isinstance(value, dict) and {"from", "fraction", "seed"} & value.keys() else "(source)"


SourceEntry = Annotated[Source, BeforeValidator(_path_from_text), ShortForm(type="string", minLength=1)]
DevEntry = Annotated[
    Annotated[FromTrain, Tag("(from)")] | Annotated[SourceEntry, Tag("(source)")], Discriminator(_dev_kind)
]
Target = Annotated[
    Annotated[Text, Tag("(a column, or a mapping of field to column)")]
    | Annotated[dict[str, Text], Field(min_length=1), Tag("(fields)")],
    Discriminator(
        lambda value: "(fields)" if isinstance(value, dict) else "(a column, or a mapping of field to column)"
    ),
]


class DatasetConfig(Config):
    """Labelled rows: those that are judged, those to learn from and those to choose prompts on."""

    test: SourceEntry = Field(description="The rows that every contender is judged on.")
    train: SourceEntry | None = Field(
        None,
        description="Rows for few-shot examples, the label count, the learning curve and trained baselines.",
    )
    dev: DevEntry | None = Field(
        default_factory=lambda data: FromTrain.model_validate({"from": "train"}) if data.get("train") else None,
        description="Where prompts are chosen; default: a seeded fifth of train, never examples.",
    )
    target: Target = Field(
        description="The column with the right answer; extract: a mapping field → column, or one of objects."
    )
    id: Text | None = Field(None, description="The column with a unique id; default: a hash of the row's content.")
    leakage: Literal["error", "drop"] = Field(
        "error", description="A train row that is also in test: an error, or dropped from train."
    )
    label_error_share: Annotated[Range | None, Within(at_least=0, at_most=1)] = Field(
        None, description="The known share of wrong labels, a number or [low, high]."
    )
    group: Text | None = Field(None, description="A column whose equal values belong together: clustered errors.")
    limit: int | None = Field(None, ge=1, description="At most so many test rows: a seeded sample by target.")

    quoting: bool | None = Field(
        None,
        description="Whether quotation marks enclose the cells of a table that hold delimiters or line breaks; "
        "default: true for .csv, false for .tsv unless its header is quoted.",
    )

    @model_validator(mode="after")
    def _dev_needs_train(self) -> Self:
        lost = self.train is None and isinstance(self.dev, FromTrain)
        wanted = SuiteMistake(
            ("dev",), "dev is taken from train, and there is no train", expected="`train:` beside `test:`"
        )
        return self.require([wanted] if lost else [])


class Examples(Config):
    """Worked examples in the prefix, from train; never a row that is in test or dev."""

    count: int = Field(ge=0, le=10_000, description="How many examples.")
    pick: Literal["stratified", "random", "first"] = Field(
        "stratified", description="Evenly over the targets or at random, both seeded; or the first rows."
    )
    seed: int = Field(7, description="The seed of the choice.")


class PromptConfig(Config):
    """What is asked: a system text and examples (the cacheable prefix) and a text per row."""

    system: TextOrFile | None = Field(
        None, description="The system prompt, a Jinja2 template that sees `labels`, or {path: file}."
    )
    examples: Examples | None = Field(None, description="Few-shot examples from train.")
    user: TextOrFile = Field(
        description="The text sent for each row, a Jinja2 template that sees every column, or {path: file}."
    )
    null_is: Literal["error", "empty"] = Field(
        "error", description="What a null of the data is where a template shows it: an error, or an empty text."
    )
    cache: CacheTtl = Field("5m", description="Prompt caching at the provider: how long the prefix is kept.")
