"""`evalkit schema`."""

from __future__ import annotations

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.workflows.as_data import suite_schema


@with_exit_code
def schema_command() -> int:
    """Print the JSON Schema of suite files."""
    print_json(suite_schema(), indent=2)
    return GOOD
