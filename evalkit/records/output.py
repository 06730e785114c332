"""The form that an answer must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Task = Literal["classify", "extract", "answer", "write"]
Form = Literal["label", "json", "regex", "text"]
Enforce = Literal["prompt", "native"]


@dataclass(frozen=True, slots=True)
class Output:
    """The declared output of a suite, with every reference resolved.

    `labels` is the closed vocabulary, empty where there is none. `answer` names the JSON field that
    is the answer. `pattern` is a regular expression with a group `answer`. Where `enforce` is native and
    the form is label, providers are given `{"label": one of labels}` and the answer is read from it.
    """

    task: Task
    form: Form
    labels: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    answer: str | None = None
    pattern: str | None = None
    enforce: Enforce = "prompt"
