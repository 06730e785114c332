"""Small suites made of rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from evalkit.suite.data.dataset import Dataset
from evalkit.suite.data.items import DatasetSpec
from evalkit.suite.data.rows import RowSource
from evalkit.suite.data.target import TargetReader
from evalkit.suite.file.load import load_suite
from evalkit.suite.file.located import located
from evalkit.suite.open import OpenSuite, open_suite

Rows = Iterable[Mapping[str, Any]]

SUITE = """\
name: made
task: classify
dataset:
  test: test.jsonl
  target: label
prompt:
  user: "{{ text }}"
output:
  form: label
  labels: from_data
models:
  sonnet: anthropic/claude-sonnet-5-5
good_enough: {accuracy: 0.9}
"""


def jsonl(path: Path, rows: Rows) -> Path:
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(i: int, label: str = "a", **more: Any) -> dict[str, Any]:
    """A row unlike any with another number."""
    return {"text": f"question {i}", "label": label, **more}


def dataset(folder: Path, test: Rows, train: Rows | None = None, dev: Rows | None = None, **spec: Any) -> Dataset:
    """A data set over rows; target is `label`, and prompts show `text`."""
    for name, rows in (("train", train), ("dev", dev)):
        if rows is not None:
            spec[name] = RowSource((str(jsonl(folder / f"{name}.jsonl", rows)),))
    defaults = {"target": TargetReader.of("label", extract=False), "inputs": frozenset({"text"})}
    path = jsonl(folder / "test.jsonl", test)
    return Dataset(DatasetSpec(RowSource((str(path),)), **{**defaults, **spec}))


def suite_text(*changes: tuple[str, str]) -> str:
    """SUITE with pieces of it replaced."""
    text = SUITE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def opened(folder: Path, *changes: tuple[str, str], **splits: Rows) -> OpenSuite:
    """Open SUITE with changes over rows; each split but test is added to the declaration."""
    for name, rows in splits.items():
        jsonl(folder / f"{name}.jsonl", rows)
    text = suite_text(*changes)
    for name in splits.keys() - {"test"}:
        text = text.replace("  test: test.jsonl\n", f"  test: test.jsonl\n  {name}: {name}.jsonl\n")
    (folder / "suite.yaml").write_text(text, encoding="utf-8")
    loaded = load_suite(folder / "suite.yaml", env={})
    with located(loaded.source, loaded.prompt_texts):
        return open_suite(loaded)
