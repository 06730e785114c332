"""`--batch --no-wait`, `evalkit batch status` and `evalkit batch collect`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from evalkit.cli.exits import GOOD, INCOMPLETE, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.errors import Submitted
from evalkit.wording.numbers import count
from evalkit.wording.text import plain
from evalkit.workflows.batch import BatchLine, collect, status


def show_submitted(waiting: Submitted, command: str, as_json: bool) -> int:
    """What is under way, and how to go on. Returns the exit code."""
    for problem in waiting.problems:
        print(f"{problem}\n", file=sys.stderr)
    if as_json:
        found = {"submitted": [_as_json(line) for line in waiting.lines], "command": command}
        print_json(found)
        return waiting.code
    _show_lines(waiting.lines)
    print(f"Go on with: {command}")
    return waiting.code


@with_exit_code
def batch_status_command(as_json: bool) -> int:
    """Show every batch on record. Returns the exit code."""
    return _about_all(status(), as_json)


@with_exit_code
def batch_collect_command(as_json: bool) -> int:
    """Take the answers of every batch that has ended into the cache. Returns the exit code."""
    return _about_all(collect(lambda text: print(f"warning: {text}", file=sys.stderr)), as_json)


def _about_all(work: Any, as_json: bool) -> int:
    lines: list[BatchLine] = asyncio.run(work)
    if as_json:
        print_json([_as_json(line) for line in lines])
    elif not lines:
        print("No batch is on record. Submit one with: evalkit run SUITE --batch")
    else:
        _show_lines(lines)
        for command in dict.fromkeys(line.record.command for line in lines):
            print(f"Go on with: {command}")
    return INCOMPLETE if any(line.problem for line in lines) else GOOD


def _show_lines(lines: Sequence[BatchLine]) -> None:
    for line in lines:
        record = line.record
        name = record.id or "not submitted"
        since = datetime.fromtimestamp(record.created).strftime("%d %b %H:%M")
        requests = count(len(record.keys), "request")
        print(f"{plain(name)}  {plain(record.contender)}  {requests}  {since}  {_standing(line)}")


def _standing(line: BatchLine) -> str:
    record, state = line.record, line.state
    if line.problem is not None:
        return f"cannot tell: {plain(line.problem)}"
    if record.collected:
        failed = len(record.failures)
        return f"collected, {failed:,} without an answer" if failed else "collected"
    if state is None:
        return "under way"
    ends = f", by {datetime.fromtimestamp(state.ends_by).strftime('%d %b %H:%M')}" if state.ends_by else ""
    if state.ended:
        return f"ended, {state.succeeded:,} answered, {state.failed:,} failed; ready to collect"
    return f"under way{ends}"


def _as_json(line: BatchLine) -> dict[str, Any]:
    record, state = line.record, line.state
    return {
        "id": record.id,
        "provider_model": record.spec.provider_model,
        "contender": record.contender,
        "requests": len(record.keys),
        "created": record.created,
        "collected": record.collected,
        "failures": len(record.failures),
        "ended": state.ended if state else None,
        "succeeded": state.succeeded if state else None,
        "failed": state.failed if state else None,
        "ends_by": state.ends_by if state else None,
        "problem": line.problem,
        "command": record.command,
    }
