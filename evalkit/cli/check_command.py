"""`evalkit check`: the night with a progress display, its reports, and an exit code by contract."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from evalkit.cli.asking import GoingOn, ask
from evalkit.cli.batch_command import show_submitted
from evalkit.cli.exits import WRONG_INPUT, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.errors import EvalkitError, Interrupted, Submitted, SuiteError, WrongInput
from evalkit.records.check import Night, SuiteCheck
from evalkit.report.check import show_night
from evalkit.report.night_words import night_json
from evalkit.wording.fault import fault
from evalkit.workflows.check import CheckOptions, check
from evalkit.workflows.run import Watch


@dataclass(frozen=True, slots=True)
class CheckOutput:
    """How the night is told. `junit` is a file to write; `github` writes annotations and the job summary."""

    as_json: bool = False
    junit: Path | None = None
    github: bool = False


@with_exit_code
def check_command(options: CheckOptions, output: CheckOutput) -> int:
    """Check suites as one night and tell it. Returns the exit code.

    The JUnit file says from the start that the night did not end, so that a night that is killed leaves neither no
    file nor the file of the night before.
    """
    if not _write_junit(_untold(options, "the night did not come to its end"), output.junit):
        return WRONG_INPUT
    try:
        night = ask(lambda watch: _night(options, watch), GoingOn(options.command, options.how, _kept))
    except Submitted as waiting:
        if output.junit is not None:
            output.junit.unlink(missing_ok=True)  # nothing is judged yet
        return _show_submitted(waiting, options, output.as_json)
    except Exception as error:
        _tell_failed(options, output, error)
        raise
    written = _write_junit(night, output.junit)  # before the screen, which may fail
    show_night(night, sys.stderr if output.as_json else sys.stdout)
    if output.as_json:
        print_json(night_json(night))
    if output.github:
        written = _write_github(night, output.as_json) and written
    return night.code if written else WRONG_INPUT


def _tell_failed(options: CheckOptions, output: CheckOutput, error: Exception) -> None:
    """A night without a result, to whoever reads files and annotations."""
    wrong = isinstance(error, WrongInput)
    text = error.render() if isinstance(error, SuiteError) else str(error)
    night = _untold(options, text if isinstance(error, EvalkitError) else fault(error), wrong)
    _write_junit(night, output.junit)
    if output.github:
        _write_github(night, output.as_json)


def _untold(options: CheckOptions, why: str, wrong: bool = False) -> Night:
    suites = (SuiteCheck(str(path), path.stem, None, False, error=why, wrong=wrong) for path in options.suites)
    return Night("", options.fresh, 0.0, 0, tuple(suites))


def _kept(stop: Interrupted) -> str:
    if not stop.total:
        return "all answers are kept."
    return f"of the suite under way {stop.kept:,} of {stop.total:,} answers are kept."


def _show_submitted(waiting: Submitted, options: CheckOptions, as_json: bool) -> int:
    """The batches, and that the night is not judged yet."""
    within = " within 20 hours of its start" if options.fresh else ""
    screen = sys.stderr if as_json else sys.stdout
    print(f"The night is judged when its batches have ended. Go on with it{within}:", file=screen)
    return show_submitted(waiting, options.command, as_json)


async def _night(options: CheckOptions, watch: Watch) -> Night:
    """The night; stopped between two suites it says so like one that is stopped within a suite."""
    try:
        return await check(options, watch)
    except asyncio.CancelledError:
        raise Interrupted(0, 0) from None


def _write_junit(night: Night, path: Path | None) -> bool:
    if path is None:
        return True
    from evalkit.report.junit import junit_xml

    return _write(path, junit_xml(night), "w")


def _write_github(night: Night, as_json: bool) -> bool:
    """Annotations go to the log, the summary to the file that GitHub names, else to the log too."""
    from evalkit.report.github import annotation_lines, summary

    log = sys.stderr if as_json else sys.stdout
    for line in annotation_lines(night):
        print(line, file=log)
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if target:
        return _write(Path(target), summary(night), "a")
    print(f"\n{summary(night)}", file=log)
    return True


def _write(path: Path, text: str, mode: str) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        print(f"{path}: cannot be written: {error.strerror}", file=sys.stderr)
        return False
    return True
