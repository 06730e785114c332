"""What the faces print as data: a run as one JSON object, and the JSON Schema of suite files."""

from __future__ import annotations

from typing import Any

from evalkit.records.run import RunResult


def run_json(result: RunResult) -> dict[str, Any]:
    """The object that `run --json` prints and `summary.json` holds; numbers unrounded, unknown is None."""
    from evalkit.store.summary import as_json

    return as_json(result)


def suite_schema() -> dict[str, Any]:
    """The JSON Schema of suite files, for editors."""
    from evalkit.suite.config.json_schema import suite_json_schema

    return suite_json_schema()
