"""What ends a command that asks models before it is through, and what is said then."""

from __future__ import annotations

import sys

from evalkit.cli.asking import INCOMPLETE
from evalkit.errors import BatchStoreError, Incomplete, RunError

STOPPED = (Incomplete, RunError)


def show_stopped(error: Exception, command: str) -> int:
    """Say why, what is kept, and how to go on. Returns the exit code."""
    batch = isinstance(error, BatchStoreError)
    kept = "What was submitted is on record." if batch else "Everything answered before is kept."
    print(f"{error}\n{kept} Go on with: {command}", file=sys.stderr)
    return INCOMPLETE
