"""`evalkit scope`: the scoping conversation."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import typer

from evalkit.cli.exits import GOOD, INTERRUPTED, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.errors import UsageError
from evalkit.quote import visible
from evalkit.records.economics import Span
from evalkit.records.evidence import Vouch
from evalkit.records.run import RunResult
from evalkit.report.run import show_run
from evalkit.workflows.memo import MemoFiles, write_memo
from evalkit.workflows.reopen import open_run
from evalkit.workflows.scope import Question, Scope, answered, open_scope, read_span, save_answers


@dataclass(frozen=True, slots=True)
class ScopeOptions:
    """`given` are answers by field, as typed. `ask` asks on the terminal, `defaults` takes the defaults unasked."""

    where: Path
    given: Mapping[str, str] = field(default_factory=dict)
    vouched: tuple[Vouch, ...] = ()
    ask: bool = True
    defaults: bool = False
    save: bool = False
    as_json: bool = False
    out: Path | None = None
    can_wait: bool | None = None


@with_exit_code
def scope_command(options: ScopeOptions) -> int:
    """Ask for what is open, decide, show, and write the memo. Returns the exit code."""
    try:
        scope = open_scope(options.where)
        answers = _given(options.given)
        asked, assumed = _ask(scope, answers, options)
        result = _answered(scope, answers | asked, assumed, options)
        declared = {k: v for k, v in (answers | asked).items() if k not in assumed}
        if options.save and (declared or options.can_wait is not None):
            save_answers(scope.suite, declared, options.can_wait)
            names = [*declared, *(["can_wait"] if options.can_wait is not None else [])]
            print(f"Saved in {visible(str(scope.suite))}: {', '.join(names)}", file=sys.stderr)
        return _show(result, options)
    except (typer.Abort, KeyboardInterrupt):
        print("\nStopped; nothing was written.", file=sys.stderr)
        return INTERRUPTED


def _answered(scope: Scope, answers: Mapping[str, Span], assumed: tuple[str, ...], options: ScopeOptions) -> RunResult:
    try:
        return answered(scope, answers, options.vouched, assumed, options.can_wait)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _given(given: Mapping[str, str]) -> dict[str, Span]:
    found = {}
    for name, text in given.items():
        try:
            found[name] = read_span(text)
        except ValueError as error:
            raise UsageError(f"--{name.replace('_', '-')}: {error}") from None
    return found


def _ask(scope: Scope, answers: Mapping[str, Span], options: ScopeOptions) -> tuple[dict[str, Span], tuple[str, ...]]:
    """Answers to what is open and not given, and which of them are defaults that nobody confirmed."""
    open_ = [q for q in scope.open_questions if q.field not in answers]
    if options.defaults:
        taken = {q.field: q.default for q in open_ if q.default is not None}
        return taken, tuple(taken)
    if not (options.ask and sys.stdin.isatty() and open_):
        return {}, ()
    print("What the suite does not say (Enter takes the default, `-` leaves it open):", file=sys.stderr)
    found: dict[str, Span] = {}
    assumed: list[str] = []
    for question in open_:
        answer = _asked(question)
        if answer is None:
            continue
        found[question.field] = answer
        if answer == question.default:
            assumed.append(question.field)
    return found, tuple(assumed)


def _asked(question: Question) -> Span | None:
    default = "-" if question.default is None else _typed(question.default)
    while True:
        text = typer.prompt(f"{question.text} ({question.reason})", default=default, err=True)
        if text.strip() == "-":
            return None
        try:
            return read_span(text)
        except ValueError as error:
            print(f"{error}", file=sys.stderr)


def _typed(span: Span) -> str:
    return f"{span.low:,g}" if span.fixed else f"{span.low:g}..{span.high:g}"


def _show(result: RunResult, options: ScopeOptions) -> int:
    if options.as_json:
        from evalkit.workflows.as_data import run_json

        print_json(run_json(result))
        return GOOD
    show_run(result, sys.stdout, quiet=True)
    if not Path(result.run).is_dir():
        print(f"No memo yet: nothing was measured. Run: python -m evalkit run {shlex.quote(visible(result.run))}")
        return GOOD
    written = write_memo(open_run(Path(result.run))[0], result, MemoFiles(options.out, None))
    print(f"Memo: {', '.join(visible(str(path)) for path in written)}")
    return GOOD
