"""Parts of a request in the form that several kinds of model take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.records.request import Prefix


def example_turns(prefix: Prefix) -> list[dict[str, Any]]:
    """The worked examples as user and assistant messages."""
    turns: list[dict[str, Any]] = []
    for turn in prefix.examples:
        turns.append({"role": "user", "content": turn.user})
        turns.append({"role": "assistant", "content": turn.assistant})
    return turns


def chat_turns(prefix: Prefix) -> list[dict[str, Any]]:
    """The same after a system message, where there is a system text."""
    system = [{"role": "system", "content": prefix.system}] if prefix.system else []
    return [*system, *example_turns(prefix)]


def label_choices(schema: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The labels, where the schema is `{"label": one of some texts}` and nothing else."""
    properties = schema.get("properties") if schema else None
    if not isinstance(properties, Mapping) or list(properties) != ["label"]:
        return ()
    labels = properties["label"].get("enum") if isinstance(properties["label"], Mapping) else None
    if not isinstance(labels, list | tuple) or not all(isinstance(label, str) and label for label in labels):
        return ()
    return tuple(labels)
