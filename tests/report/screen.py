"""What is printed on a screen of a fixed width, as text."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, TextIO

from rich.console import Console


def on_terminal(show: Callable[[Any], None], width: int) -> list[str]:
    """The lines that a terminal of so many columns shows, without colour and without blanks at their ends."""
    stream = io.StringIO()
    show(Console(file=stream, width=width, force_terminal=True, color_system=None, highlight=False, emoji=False))
    return lines_of(stream)


def in_file(show: Callable[[TextIO], None]) -> list[str]:
    """The lines that a file or a pipe gets."""
    stream = io.StringIO()
    show(stream)
    return lines_of(stream)


def lines_of(stream: io.StringIO) -> list[str]:
    return [line.rstrip() for line in stream.getvalue().strip("\n").splitlines()]
