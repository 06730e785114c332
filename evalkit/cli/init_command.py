"""`evalkit init`: a first suite for the user's own rows."""

from __future__ import annotations

import shlex

from evalkit.cli.exits import GOOD, with_exit_code
from evalkit.quote import visible
from evalkit.workflows.init import InitOptions, init_suite


@with_exit_code
def init_command(options: InitOptions) -> int:
    """Write a suite and say what was found, what is doubtful and what to do next. Returns the exit code."""
    result = init_suite(options)
    width = max(len(part) for part, _ in result.found) + 1
    for part, sentence in result.found:
        print(f"{part + ':':<{width}} {sentence}")
    for doubt in result.doubts:
        print(f"{'doubt:':<{width}} {doubt}")
    print(f"{'wrote:':<{width}} {', '.join(visible(str(path)) for path in result.written)}")
    print(f"\nNext: evalkit plan {shlex.quote(visible(str(result.suite)))}")
    return GOOD
