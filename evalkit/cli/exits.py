"""How a command ends: the exit codes, and the one block that tells an error and turns it into its code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from evalkit.errors import EvalkitError, Incomplete, Interrupted, SuiteError, WrongInput
from evalkit.wording.fault import fault, wants_trace
from evalkit.wording.text import plain

GOOD = 0
WRONG_INPUT, INCOMPLETE, INTERRUPTED = WrongInput.exit_code, Incomplete.exit_code, Interrupted.exit_code
_LONGEST_LINE = 600

P = ParamSpec("P")


def with_exit_code(command: Callable[P, int]) -> Callable[P, int]:
    """A command that tells every error of evalkit on standard error, and gives the exit code that belongs to it."""

    @wraps(command)
    def ended(*arguments: P.args, **options: P.kwargs) -> int:
        try:
            return command(*arguments, **options)
        except EvalkitError as error:
            tell(error)
            return error.exit_code
        except Exception as error:
            return told_fault(error)

    return ended


def told_fault(error: Exception) -> int:
    """What nobody foresaw, in one line, and its exit code.

    It is 3: nothing says that the suite is wrong (2), no gate has failed (1), and what was paid for is kept.
    """
    if wants_trace():
        import traceback

        traceback.print_exception(error)
    print(fault(error), file=sys.stderr)
    _tell_notes(error)
    return INCOMPLETE


def tell(error: EvalkitError) -> None:
    """The error, then what was noted on its way, such as how to go on."""
    if isinstance(error, SuiteError):
        print(error.render(color=sys.stderr.isatty()), file=sys.stderr)
    else:
        for line in str(error).splitlines():
            print(plain(line, _LONGEST_LINE), file=sys.stderr)
    _tell_notes(error)


def _tell_notes(error: Exception) -> None:
    for note in getattr(error, "__notes__", ()):
        print(note, file=sys.stderr)
