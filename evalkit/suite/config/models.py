"""`models:`: who is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    field_validator,
    model_validator,
)

from evalkit.errors import SuiteMistake
from evalkit.models.address import EXPECTED, holds_password, url_problem
from evalkit.models.registry import BUILT_IN, facts, is_known, name_in_suite, providers
from evalkit.quote import nearest
from evalkit.records.model import ModelSpec, Rates, Role
from evalkit.records.output import Enforce
from evalkit.records.provider import ProviderFacts
from evalkit.records.request import Reasoning
from evalkit.rows.formats import is_table
from evalkit.suite.config.base import Config, ShortForm, Text, mistakes_error

NO_TABLE = "`quoting` has no meaning here: only .csv and .tsv files have cells in quotation marks"
_USUAL_ROLE: Role = "prompted"
_PROVIDER_KEYS = ("path", "id", "output", "quoting")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _default_roles() -> str:
    """The default roles of the built-in providers, in words."""
    by_role: dict[Role, list[str]] = {}
    for name in BUILT_IN:
        role = facts(name).default_role
        if role is not None and role != _USUAL_ROLE:
            by_role.setdefault(role, []).append(f"{name}/")
    return ", ".join(f"{role} for {' and '.join(names)}" for role, names in by_role.items())


class PriceConfig(Config):
    """A user's own price: rates per million tokens, or a dedicated machine by the hour."""

    looks_like: ClassVar[str] = "{input: …, output: …} in dollars per million tokens, or {gpu_hour: …}"
    input: float | None = Field(None, ge=0, description="US dollars per million fresh input tokens.")
    output: float | None = Field(None, ge=0, description="US dollars per million output tokens, thinking included.")
    cache_read: float | None = Field(None, ge=0, description="US dollars per million tokens read from cache.")
    cache_write_5m: float | None = Field(
        None, ge=0, description="US dollars per million tokens written to the 5-minute cache."
    )
    cache_write_1h: float | None = Field(
        None, ge=0, description="US dollars per million tokens written to the 1-hour cache."
    )
    gpu_hour: float | None = Field(None, ge=0, description="US dollars per hour of a dedicated machine.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        return self.require(self._mistakes())

    def _mistakes(self) -> list[SuiteMistake]:
        by_token = any(getattr(self, n) is not None for n in type(self).model_fields if n != "gpu_hour")
        if self.gpu_hour is not None:
            mixed = "a machine by the hour and rates per token exclude each other"
            return [SuiteMistake(("gpu_hour",), mixed, expected=self.looks_like, key=True)] if by_token else []
        return [
            SuiteMistake((), f"the price has no `{name}`", expected=self.looks_like)
            for name in ("input", "output")
            if getattr(self, name) is None
        ]

    def to_rates(self) -> Rates:
        """The same as a record."""
        return Rates(**self.model_dump())


class ModelConfig(Config):
    """One model: what is asked, where, and in which role."""

    looks_like: ClassVar[str] = "provider/model, or a mapping with `model:`"
    model: Text = Field(description="provider/model, such as anthropic/claude-haiku-5-5, or `recorded`.")
    base_url: Text | None = Field(None, description="An OpenAI- or Anthropic-compatible server; may be ${NAME}.")
    api_key_env: Text | None = Field(
        None, description="The environment variable that holds the key; never the key itself."
    )
    role: Role | None = Field(
        None,
        description=f"Default: {_default_roles()}, else {_USUAL_ROLE}; "
        "required where base_url is set or the id starts with ft.",
    )
    revision: Text | None = Field(None, description="What is deployed behind an unchanging name.")
    price: PriceConfig | None = Field(None, description="Your own price, instead of the list price.")
    enforce: Enforce | None = Field(None, description="How the form is asked for; default: output.enforce.")
    reasoning: Reasoning | None = Field(None, description="Thinking effort; not sent where unset.")
    path: Text | None = Field(None, description="For recorded: the file with the answers.")
    id: Text | None = Field(None, description="For recorded: the column with the sample's id; default: id.")
    output: Text | None = Field(None, description="For recorded: the column with the answer; default: output.")
    quoting: bool | None = Field(
        None, description="For recorded: whether quotation marks enclose cells, as in dataset.quoting."
    )
    max_tokens: int | None = Field(None, ge=1, description="Default: output.max_tokens.")
    temperature: float | None = Field(None, ge=0, le=2, description="Default: run.temperature.")
    limit: int | None = Field(None, ge=1, description="At most so many of the test rows for this model.")
    concurrency: int | None = Field(None, ge=1, le=10_000, description="Default: run.concurrency.")
    _missing_env: tuple[str, ...] = PrivateAttr(())
    _names_no_role: bool = PrivateAttr(False)

    @property
    def names_no_role(self) -> bool:
        """Whether the role was left to the default though the answers may be anybody's: it is worth a word."""
        return self._names_no_role

    @property
    def missing_env(self) -> tuple[str, ...]:
        """Variables that this model names and that are not set: it is skipped, with them as the reason."""
        return self._missing_env

    def with_missing_env(self, names: tuple[str, ...]) -> ModelConfig:
        """A copy that knows which of its variables are not set."""
        copy = self.model_copy()
        copy._missing_env = names
        return copy

    @property
    def provider(self) -> str:
        """The part of `model` before the first slash."""
        return self.model.partition("/")[0]

    @property
    def facts(self) -> ProviderFacts:
        """What the provider is."""
        return facts(self.provider)

    def to_spec(self, name: str, suite_dir: Path) -> ModelSpec:
        """The record that a provider's factory takes; paths are resolved relative to the suite's folder."""
        assert self.role is not None  # filled or refused by validation
        return ModelSpec(
            name=name,
            provider_model=name_in_suite(self.model, suite_dir),
            role=self.role,
            base_url=self.base_url,
            api_key_env=self.api_key_env,
            revision=self.revision,
            price=self.price.to_rates() if self.price else None,
            path=str(suite_dir / self.path) if self.path else None,
            id_field=self.id or "id",
            output_field=self.output or "output",
            quoting=self.quoting,
        )

    @model_validator(mode="before")
    @classmethod
    def _fill_defaults(cls, value: Any) -> Any:
        """Role and key follow from the provider, but a vendor's key never goes to a foreign server."""
        if not isinstance(value, dict) or not isinstance(value.get("model"), str):
            return value
        provider, filled = facts(value["model"].partition("/")[0]), dict(value)
        if value.get("base_url") is None:
            if value.get("api_key_env") is None and provider.key_env is not None:
                filled["api_key_env"] = provider.key_env
            if value.get("role") is None and not _is_tuned_name(value["model"]):
                filled["role"] = provider.default_role
        return filled

    @model_validator(mode="wrap")
    @classmethod
    def _remember_role(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        found = handler(value)
        named = isinstance(value, Mapping) and value.get("role") is not None
        found._names_no_role = not named and found.role == "reference"
        return found

    @field_validator("api_key_env", mode="before")
    @classmethod
    def _names_a_variable(cls, value: Any) -> Any:
        """The value is not repeated in the message: it may be a key."""
        if value is not None and not (isinstance(value, str) and _VARIABLE_NAME.fullmatch(value)):
            error = mistakes_error(
                [SuiteMistake((), "this is not the name of an environment variable", "a name such as TUNED_API_KEY")]
            )
            assert error is not None
            raise error
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        return self.require([*self._model_mistakes(), *self._server_mistakes(), *self._key_mistakes()])

    def _model_mistakes(self) -> list[SuiteMistake]:
        name, slash, model = self.model.partition("/")
        if "${" in self.model or (not slash and not self.facts.takes_name):
            return []
        if not self.facts.takes_name:
            return [SuiteMistake(("model",), f"`{name}` takes no name", hint=name)]
        if slash and model and is_known(name):
            return []
        known = providers()
        if not slash or not model:
            guesses = (p for p in known if self.model.startswith(facts(p).name_starts))
            hint = next((f"{p}/{self.model}" for p in guesses), None)
            found = f"`{self.model}` names no {'model' if slash else 'provider'}"
            return [SuiteMistake(("model",), found, "provider/model", hint or nearest(self.model, known))]
        hint = nearest(name, known)
        expected = "a provider: " + ", ".join(p for p in known if facts(p).takes_name)
        return [SuiteMistake(("model",), f"unknown provider `{name}`", expected, hint and f"{hint}/{model}")]

    def _server_mistakes(self) -> list[SuiteMistake]:
        found: list[SuiteMistake] = []
        if not self.facts.hosted and is_known(self.provider):
            found += [
                SuiteMistake((name,), f"`{name}` has no meaning for {self.provider}, which asks no server", key=True)
                for name in ("base_url", "api_key_env")
                if getattr(self, name) is not None
            ]
        elif self.base_url and self.facts.hosted and not self.facts.takes_server:
            problem = f"`base_url` has no meaning for {self.provider}, which asks no other server"
            found.append(SuiteMistake(("base_url",), problem, key=True))
        elif self.base_url and "${" not in self.base_url and (why := url_problem(self.base_url.strip())):
            found.append(SuiteMistake(("base_url",), f"this is not a URL: {why}", EXPECTED))
        if self.base_url and "${" not in self.base_url and holds_password(self.base_url):
            found.append(
                SuiteMistake(("base_url",), "the URL holds a user or a password", "a URL without; use api_key_env")
            )
        if self.role is None:
            found.append(self._no_role())
        return found

    def _no_role(self) -> SuiteMistake:
        why = "`base_url` is set" if self.base_url else "its id starts with `ft`"
        expected = "role: fine_tuned, prompted, frontier or floor"
        return SuiteMistake((), f"this model needs a `role`, because {why}", expected)

    def _key_mistakes(self) -> list[SuiteMistake]:
        """Keys that belong to some providers only: needed there, refused elsewhere."""
        own = {key.name: key for key in self.facts.entry_keys}
        found = [
            SuiteMistake((), f"{self.provider} answers need a `{key.name}`", expected=f"{key.name}: {key.example}")
            for key in own.values()
            if key.needed and not getattr(self, key.name)
        ]
        for name in _PROVIDER_KEYS:
            if getattr(self, name) is not None and name not in own:
                owners = [p for p in BUILT_IN if name in (key.name for key in facts(p).entry_keys)]
                problem = f"`{name}` belongs to {' and '.join(owners)} answers only"
                found.append(SuiteMistake((name,), problem, expected=f"model: {owners[0]}", key=True))
        if self.quoting is not None and self.path and "${" not in self.path and not is_table(PurePath(self.path)):
            found.append(SuiteMistake(("quoting",), NO_TABLE, expected="a .csv or .tsv file", key=True))
        return found


def _is_tuned_name(model: str) -> bool:
    return model.partition("/")[2].startswith("ft")


def _model_from_text(value: Any) -> Any:
    return {"model": value} if isinstance(value, str) else value


ModelEntry = Annotated[ModelConfig, BeforeValidator(_model_from_text), ShortForm(type="string", minLength=1)]
