"""A person's screen: a rich console, and tables without the blanks that only fill the width."""

from __future__ import annotations

from typing import IO, Any

_PLAIN_WIDTH = 200  # columns where nobody looks at a terminal: no table is cut


def console(stream: IO[str]) -> Any:
    """A rich console; without colour, and wide enough for the table, where the stream is no terminal."""
    from rich.console import Console

    on_terminal = stream.isatty()
    return Console(
        file=stream, width=None if on_terminal else _PLAIN_WIDTH, highlight=False, emoji=False, soft_wrap=False
    )


def print_table(table: Any, out: Any) -> None:
    """Print a table; in plain text without the blanks that only fill the width."""
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    for line in captured.get().splitlines():
        out.print(line.rstrip(), markup=False, soft_wrap=True)
