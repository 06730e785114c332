"""A suite as it was declared: what reading its file gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.suite.config.suite import Suite
from evalkit.suite.file.yaml_source import YamlSource


@dataclass(frozen=True, slots=True)
class PromptTexts:
    """A prompt's templates as text, read from their files where the suite names files."""

    system: str
    user: str
    system_file: Path | None = None
    user_file: Path | None = None


@dataclass(frozen=True, slots=True)
class SuiteFiles:
    """The files that a suite names: rows by split (not those of the hub), prompts, and the schema of the answers.

    `prompt_texts` has the keys of `suite.prompts`; `json_schema` is the schema of `output.schema`, None where there is
    none.
    """

    rows: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    prompt_texts: Mapping[str, PromptTexts] = field(default_factory=dict)
    json_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class LoadedSuite:
    """A valid suite with what belongs to its declaration. All paths of the suite are relative to its file."""

    suite: Suite
    source: YamlSource
    files: SuiteFiles

    @property
    def directory(self) -> Path:
        """The folder of the suite's file, absolute."""
        return self.source.path.absolute().parent

    @property
    def text(self) -> str:
        """The file as written, where variables stand by name: the snapshot that a run stores."""
        return self.source.text

    @property
    def prompt_texts(self) -> Mapping[str, PromptTexts]:
        """The prompts' templates as text."""
        return self.files.prompt_texts

    @property
    def json_schema(self) -> Mapping[str, Any] | None:
        """The schema of the answers."""
        return self.files.json_schema
