"""The JSON Schema for editors: valid, complete, up to date, and of one mind with the loader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from evalkit.suite.config.json_schema import suite_json_schema, suite_json_schema_text
from evalkit.suite.file.yaml_source import YamlSource
from tests.data import ROOT
from tests.suite.example import EXAMPLE


def data(*changes: tuple[str, str]) -> Any:
    text = EXAMPLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return YamlSource(Path("suite.yaml"), text).data


def valid(instance: Any) -> bool:
    return jsonschema_rs.validator_for(suite_json_schema()).is_valid(instance)


def test_it_is_a_schema_of_draft_2020_12() -> None:
    assert suite_json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(suite_json_schema())


def test_the_example_is_valid() -> None:
    assert valid(data())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("accuracy: 0.92", "accuracy: {at_least: 0.92, margin: 0.01}"),
        ("accuracy: 0.92", "ttft_p95_ms: 100"),
        ("build_cost: [15_000, 60_000]", "build_cost: 15_000"),
        ("test:  {path: data/tickets.test.jsonl}", "test: data/*.jsonl"),
        ("test:  {path: data/tickets.test.jsonl}", "test: {hub: org/name, split: test}"),
        ("dev:   {from: train, fraction: 0.2, seed: 7}", "dev: data/dev.jsonl"),
        ("labels: from_data", "labels: [a, b]"),
        ("target: label", "target: {team: team}"),
        ('user: "{{ text }}"', "user: {path: prompts/route.md}"),
        ("prompt:\n", "prompts:\n  a: {user: x}\nx:\n"),
    ],
)
def test_short_and_long_forms_are_valid(old: str, new: str) -> None:
    instance = data((old, new))
    if instance.pop("x", None):
        assert "prompt" not in instance
    assert valid(instance)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("form: label", "fomr: label"),
        ("task: classify", "task: clasify"),
        ("accuracy: 0.92", "accuracy: 1"),
        ("accuracy: 0.92", "accuracy: {at_most: 0.9}"),
        ("tuned_accuracy: [0.90, 0.96]", "tuned_accuracy: [0.90, 96]"),
        ("sonnet: anthropic/claude-sonnet-5-5", "son net: anthropic/claude-sonnet-5-5"),
        ("prompt:\n", "prompts: {a: {user: x}}\nprompt:\n"),
        ("name: support-routing\n", ""),
    ],
)
def test_mistakes_are_seen(old: str, new: str) -> None:
    assert not valid(data((old, new)))


def properties(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        yield from (node.get("properties") or {}).items()
        for inner in node.values():
            yield from properties(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from properties(inner)


def test_every_key_is_explained_on_hover() -> None:
    assert [name for name, schema in properties(suite_json_schema()) if not schema.get("description")] == []


def test_the_committed_file_is_up_to_date() -> None:
    file = ROOT / "suites" / "suite.schema.json"
    assert json.loads(file.read_text(encoding="utf-8")) == suite_json_schema()
    assert file.read_text(encoding="utf-8") == suite_json_schema_text()
