"""One file per command: its options, and how it registers itself.

What a command does is imported inside it, so that `--help` is instant. A new command is a file here, a line below, and
a file `cli/<name>_command.py` with what it does.
"""

from __future__ import annotations

from evalkit.cli.commands import (
    baseline,
    batch,
    breakeven,
    check,
    compare,
    history,
    init,
    ladder,
    plan,
    report,
    run,
    schema,
    scope,
    sweep,
)

# In the order of `evalkit --help`.
COMMANDS = (
    init,
    run,
    report,
    scope,
    compare,
    check,
    history,
    ladder,
    breakeven,
    sweep,
    plan,
    schema,
    baseline,
    batch,
)
