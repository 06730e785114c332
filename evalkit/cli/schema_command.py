"""`evalkit schema`."""

from __future__ import annotations

import json

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.workflows.as_data import suite_schema


@with_exit_code
def schema_command() -> int:
    """Print the JSON Schema of suite files."""
    print(json.dumps(suite_schema(), indent=2, ensure_ascii=False))
    return GOOD
