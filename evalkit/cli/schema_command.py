"""`evalkit schema`."""

from __future__ import annotations

import json

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.suite.config.json_schema import suite_json_schema


@with_exit_code
def schema_command() -> int:
    """Print the JSON Schema of suite files."""
    print(json.dumps(suite_json_schema(), indent=2, ensure_ascii=False))
    return GOOD
