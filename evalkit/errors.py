"""Every exception that one part of evalkit raises and another one catches: one tree, families by exit code.

    EvalkitError
    ├── WrongInput (2)     the suite, its data, a file that is read, or the command is wrong: mend it
    ├── Incomplete (3)     the disk, a server or a vendor did not do its part: start the command again
    └── Interrupted (130)  stopped on the way; what was answered is kept
    NoFailure              what a function says instead of giving a result; always caught

The text of each says what was found and what helps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from evalkit.quote import excerpt, nearest, safe, shortest

SuitePath = tuple[str | int, ...]
Near = tuple[str, Iterable[str]]


class EvalkitError(Exception):
    """Whatever evalkit raises on purpose; `exit_code` is how a command ends that meets it."""

    exit_code: ClassVar[int] = 3


class WrongInput(EvalkitError):
    """What was given is wrong, and asking again changes nothing."""

    exit_code = 2


class UsageError(WrongInput):
    """Options that do not go together; the text names both."""


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file. `line` and `column` count from 1 in characters; `text` is that whole line."""

    file: Path
    line: int | None = None
    column: int | None = None
    text: str | None = None


class SuiteError(WrongInput):
    """The suite or its data is wrong.

    `problem` says what was found, `expected` what would be right, `hint` the nearest right thing to what
    was written, and `more` counts the further problems that are not shown. Instead of the hint, `near` may give a word
    and those to choose from. Text taken from files may be given as it is: `render` escapes it.
    """

    def __init__(
        self,
        problem: str,
        place: Place | None = None,
        *,
        expected: str | None = None,
        hint: str | None = None,
        near: Near | None = None,
        more: int = 0,
    ) -> None:
        super().__init__(problem)
        self.problem, self.place = problem, place
        self.expected, self.hint, self.more = expected, hint, more
        if near is not None:
            self.hint = nearest(*near)

    @property
    def file(self) -> Path | None:
        """The file at fault, where there is one."""
        return self.place.file if self.place else None

    @property
    def line(self) -> int | None:
        """Counted from 1."""
        return self.place.line if self.place else None

    @property
    def column(self) -> int | None:
        """Counted from 1, in characters."""
        return self.place.column if self.place else None

    def __str__(self) -> str:
        """Position and problem on one line."""
        return f"{self._location()}{safe(self.problem)}"

    def render(self, color: bool = False) -> str:
        """The whole message on several lines, safe to print: control characters escaped, keys masked."""
        red, green, bold, off = ("\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m") if color else ("",) * 4
        lines = [f"{bold}{self._location()}{off}{red}{safe(self.problem)}{off}"]
        if self.place and self.place.text is not None and self.place.line and self.place.column:
            source, offset = excerpt(self.place.text, self.place.column)
            gutter = f"{self.place.line:>5} | "
            lines += [gutter + source, " " * (len(gutter) - 2) + "| " + " " * offset + f"{red}^{off}"]
        if self.expected:
            lines.append(f"expected: {safe(self.expected)}")
        if self.hint:
            lines.append(f"did you mean {green}`{safe(self.hint)}`{off}?")
        if self.more:
            lines.append(f"(+{self.more} more problem{'s' if self.more > 1 else ''})")
        return "\n".join(lines)

    def _location(self) -> str:
        if self.place is None:
            return ""
        numbers = [str(n) for n in (self.place.line, self.place.column) if n is not None]
        return safe(":".join([shortest(self.place.file), *numbers])) + ": "


class WrongVariable(SuiteError):
    """A variable of the environment is set to what cannot be used; the text names it and shows no secret."""


class NothingToRun(SuiteError):
    """No contender can be asked, or one that is required cannot."""


@dataclass(eq=False)
class SuiteMistake(WrongInput):
    """Something in the suite is wrong, told by its path in the suite, such as ("dataset", "target").

    Raised by whoever finds it without the file in hand; `evalkit.suite.file.located` makes a SuiteError with file,
    line and column of it. `expected`, `hint` and `near` are as in SuiteError. `key` points at the key instead of the
    value, `line` at a line, from 1, inside a text of the suite; `missing` names a key that is not there.
    """

    path: SuitePath
    problem: str
    expected: str | None = None
    hint: str | None = None
    key: bool = False
    missing: str | None = None
    near: Near | None = None
    line: int | None = None

    def __str__(self) -> str:
        return self.problem

    def of(self, what: str) -> SuiteMistake:
        """The same, told of something, such as a sample."""
        return replace(self, problem=f"{what}: {self.problem}")


@dataclass(eq=False)
class SuiteMistakes(WrongInput):
    """Several things in a suite file are wrong at once; the first in the order of the file is shown."""

    mistakes: tuple[SuiteMistake, ...]

    def __str__(self) -> str:
        return "; ".join(each.problem for each in self.mistakes)


class PriceError(WrongInput):
    """A price file cannot be read; the text names the file, the entry and what was expected."""


class RecordedError(WrongInput):
    """A file of recorded answers is wrong; the text names file, place and id."""


class RunError(WrongInput):
    """A run's folder, or what lies beside it, is none or is damaged; the text says which file and why."""


class BaselineError(WrongInput):
    """A baseline cannot be read, written or used."""


class CompareError(WrongInput):
    """There is nothing to compare."""


class MemoFailed(WrongInput):
    """A memo cannot be written; the text says what is missing and how to get it."""


class ChartsMissing(MemoFailed):
    """The charts' libraries are not installed."""


class ChromiumMissing(MemoFailed):
    """No chromium was found on the PATH."""


class PdfFailed(MemoFailed):
    """Chromium ran and wrote no PDF; the message ends with its last words."""


class Incomplete(EvalkitError):
    """Something outside did not do its part; what was answered is kept, and the same command goes on."""


class RunNotWritten(Incomplete):
    """A run's folder, or what lies beside it, cannot be written; the text says which file and why."""


class CacheError(Incomplete):
    """The response cache cannot be opened or written: full disk, no permission, not a database."""


class BatchStoreError(Incomplete):
    """A batch's record cannot be written or read; the text says which file and why."""


class BatchError(Incomplete):
    """A batch API did not do what it was asked. `again` says whether asking later may help.

    `unclear` says that the request may have arrived all the same. `wait_s` is the vendor's own wish, and `cause` what
    is behind it where that is known, as in a Failure.
    """

    def __init__(
        self, reason: str, again: bool, unclear: bool = False, wait_s: float | None = None, cause: str | None = None
    ) -> None:
        self.again, self.unclear, self.wait_s, self.cause = again, unclear, wait_s, cause
        super().__init__(reason)


class ClusterError(Incomplete):
    """Ray is not installed or not to be reached, no worker comes, or the workers cannot be used."""


class EndpointDown(Incomplete):
    """The endpoint does not answer a single call."""


class SharedRunError(EvalkitError):
    """A run that test processes share could not be made, in every process of the session alike."""


class NobodyAsked(SharedRunError):
    """No model of the suite can be asked here."""


class Interrupted(EvalkitError):
    """The run was stopped; `kept` of `total` answers are in the response cache."""

    exit_code = 130

    def __init__(self, kept: int, total: int) -> None:
        self.kept, self.total = kept, total
        super().__init__(f"{kept} of {total} answers are kept")


class NoFailure(Exception):
    """What a function says instead of giving a result."""


class ModelUnavailable(NoFailure):
    """The model cannot be asked here; the text is the reason in the table."""


class Submitted(NoFailure):
    """A run waits for batches and was told not to; `lines` are those under way.

    `problems` tell what is wrong with other suites of a night, and `code` is the exit code for them.
    """

    def __init__(self, lines: tuple[Any, ...], problems: tuple[str, ...] = (), code: int = 0) -> None:
        self.lines, self.problems, self.code = lines, problems, code
        super().__init__(f"{len(lines)} batches under way")


class NotJson(NoFailure, ValueError):
    """A text is not one strict JSON value; the message is the note of its score."""


class TooMuchWork(NoFailure):
    """So many texts share their 5-grams that comparing them would take too long."""


class Tampered(NoFailure, ValueError):
    """A row of the cache that evalkit cannot have written, or whose file is gone."""
