"""`evalkit init`: a first suite for the user's own rows."""

from __future__ import annotations

import shlex
import sys

from evalkit.errors import SuiteError
from evalkit.quote import visible
from evalkit.workflows.init import InitOptions, init_suite


def init_command(options: InitOptions) -> int:
    """Write a suite and say what was found, what is doubtful and what to do next. Returns the exit code."""
    try:
        result = init_suite(options)
    except SuiteError as error:
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
        return 2
    width = max(len(part) for part, _ in result.found) + 1
    for part, sentence in result.found:
        print(f"{part + ':':<{width}} {sentence}")
    for doubt in result.doubts:
        print(f"{'doubt:':<{width}} {doubt}")
    print(f"{'wrote:':<{width}} {', '.join(visible(str(path)) for path in result.written)}")
    print(f"\nNext: evalkit plan {shlex.quote(visible(str(result.suite)))}")
    return 0
