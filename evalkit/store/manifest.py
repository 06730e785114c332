"""manifest.json: what a run must remember to be understood, compared and repeated.

All that is made of it is made here: the digests that say what differs between two runs, and the marks of ladders.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from evalkit.errors import RunError
from evalkit.records.comparison import Provenance
from evalkit.records.run import ContenderResult

NAME = "manifest.json"
FORMAT = 1
_NOT_SCORING = ("enforce", "max_tokens")  # of `output`: they do not decide whether an answer is right
_PARAMETERS = ("max_tokens", "temperature", "seed", "reasoning", "stop", "revision")
_LONG = ("schema", "labels")  # parts of the request key that baselines keep as digests


class SuiteText(msgspec.Struct):
    """The suite as it was run. Variables stand in its text by name, so no secret gets in."""

    path: str = ""
    text: str = ""


class PromptText(msgspec.Struct):
    """A prompt's templates."""

    system: str | None = None
    user: str | None = None


class SplitRows(msgspec.Struct):
    """The rows of a split. `sha256` is over all of them; `by_target` is None where targets are no classes."""

    n: int = 0
    dropped: int = 0
    sha256: str | None = None
    by_target: dict[str, int] | None = None


class DataRows(msgspec.Struct):
    """The data. `labels` is the vocabulary, where there is one."""

    fingerprint: str | None = None
    labels: list[Any] | None = None
    splits: dict[str, SplitRows] = {}


class PriceSource(msgspec.Struct):
    """Where a price comes from."""

    as_of: str | None = None
    source: str | None = None


class Manifest(msgspec.Struct, dict=True):
    """A run's manifest. Files of an older evalkit lack fields: these have their defaults then.

    `contenders` holds the parts of each contender's request key. `versions` are those of packages, `git` the commit
    that the suite's folder stood at.
    """

    format: int = FORMAT
    created: str | None = None
    command: str = ""
    description: str | None = None
    suite: SuiteText = msgspec.field(default_factory=SuiteText)
    prompts: dict[str, PromptText] = {}
    data: DataRows = msgspec.field(default_factory=DataRows)
    contenders: dict[str, dict[str, Any]] = {}
    prices: dict[str, PriceSource] = {}
    versions: dict[str, str] = {}
    git: dict[str, Any] | None = None
    complete: bool = True

    @cached_property
    def declared(self) -> Mapping[str, Any] | None:
        """The suite's text as data, parsed once; None where it does not tell."""
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return _mapping(yaml.load(self.suite.text, Loader=loader)) or None
        except (yaml.YAMLError, ValueError, RecursionError):
            return None

    @property
    def evalkit(self) -> str | None:
        """The version that asked and scored."""
        return self.versions.get("evalkit")

    def digest_of_data(self, split: str) -> str | None:
        """Over the rows of a split, or of all data where the split's is not known."""
        rows = self.data.splits.get(split)
        return (rows.sha256 if rows else None) or self.data.fingerprint

    def digest_of_prompt(self, contender: str, prompt: str) -> str | None:
        """Over the rendered prefix and the template of the user's part."""
        parts = self.contenders.get(contender)
        return digest([parts.get("prefix"), self._user(prompt)]) if parts else None

    @cached_property
    def digest_of_scoring(self) -> str | None:
        """Over what decides whether an answer is right."""
        return None if self.declared is None else digest([_scoring(self.declared), self.data.labels])

    @cached_property
    def digest_of_needs(self) -> str | None:
        """Over the needs."""
        return None if self.declared is None else digest(self.declared.get("good_enough"))

    @cached_property
    def marks(self) -> dict[str, str]:
        """By contender id: a ladder with the same mark asked the same question in the same way."""
        scoring = [] if self.declared is None else _scoring(self.declared)
        return {
            name: digest([self.data.fingerprint, parts, self._user(_prompt_in(name)), scoring])
            for name, parts in self.contenders.items()
        }

    def provenance(self, contender: ContenderResult) -> Provenance:
        """What the figures of a contender come from."""
        parts = self.contenders.get(contender.id, {})
        return Provenance(
            data=self.digest_of_data(contender.split),
            prompt=self.digest_of_prompt(contender.id, contender.prompt),
            scoring=self.digest_of_scoring,
            needs=self.digest_of_needs,
            prompt_name=contender.prompt,
            enforce=contender.enforce,
            provider_model=contender.provider_model,
            served_model=contender.served_model,
            parameters={name: parts[name] for name in _PARAMETERS if parts.get(name) is not None},
            version=self.evalkit,
            created=self.created,
        )

    def request(self, contender: str) -> dict[str, Any]:
        """The parts of a contender's request key, the long ones as digests."""
        parts = self.contenders.get(contender, {})
        return {name: digest(part) if name in _LONG and part else part for name, part in parts.items()}

    def _user(self, prompt: str) -> str | None:
        texts = self.prompts.get(prompt)
        return texts.user if texts else None


def manifest_of(data: Mapping[str, Any], path: Path) -> Manifest:
    """The manifest in plain data that was read from `path`. Null counts as not given.

    Raises RunError for what no evalkit has written.
    """
    given = {name: part for name, part in data.items() if part is not None}
    for section in ("suite", "data"):
        if isinstance(part := given.get(section), Mapping):
            given[section] = {name: each for name, each in part.items() if each is not None}
    try:
        return msgspec.convert(given, Manifest)
    except msgspec.ValidationError as error:
        raise RunError(f"{path}: damaged: {error}") from error


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of plain data."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _scoring(suite: Mapping[str, Any]) -> list[Any]:
    output = {k: v for k, v in _mapping(suite.get("output")).items() if k not in _NOT_SCORING}
    return [suite.get("task"), output, _mapping(suite.get("dataset")).get("target")]


def _prompt_in(contender: str) -> str:
    """The prompt's name in a contender's id, MODEL/PROMPT/FORM."""
    parts = contender.split("/")
    return parts[1] if len(parts) == 3 else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
