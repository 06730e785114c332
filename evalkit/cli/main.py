"""The application: nothing but its commands and `--version`."""

from __future__ import annotations

import atexit
import gc
import sys
from typing import Annotated

import typer

from evalkit.cli.commands import COMMANDS
from evalkit.cli.exits import GOOD, INCOMPLETE, INTERRUPTED, WRONG_INPUT, told_fault
from evalkit.cli.streams import flush_streams, prepare_streams
from evalkit.version import __version__

app = typer.Typer(
    name="evalkit",
    help="Measure what prompting already gives, before paying for a fine-tune.",
    epilog="Start with: evalkit init FILE.jsonl, then evalkit run suites/FILE.yaml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in COMMANDS:
    command.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"evalkit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Measure what prompting already gives, before paying for a fine-tune."""


def main() -> None:
    """The entry point of `evalkit` and `python -m evalkit`."""
    # Starting makes many objects and hardly any garbage, and all memory goes with the process at its end: to look for
    # garbage every 700 objects, and once more in the end, costs a fifth of a short command.
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)
    prepare_streams()
    code = _ended()
    if (problem := flush_streams()) is not None:
        print(problem, file=sys.stderr)
        flush_streams()
        code = code or INCOMPLETE
    sys.exit(code)


def _ended() -> int:
    """Run the command; its exit code by the contract, whatever happens. 1 is for `check` alone to give."""
    try:
        ended = app(prog_name="evalkit", standalone_mode=False)
    except SystemExit as end:
        ended = end.code
    except (typer.Abort, KeyboardInterrupt):
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if not hasattr(error, "show"):
            return told_fault(error)
        error.show()  # a call that is wrong: the option, and how the command is used
        return WRONG_INPUT
    return ended if isinstance(ended, int) else GOOD
