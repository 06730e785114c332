"""`evalkit baseline accept|list|show|diff`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evalkit.cli.exits import GOOD, WRONG_INPUT, with_exit_code
from evalkit.cli.streams import print_json
from evalkit.errors import BaselineError
from evalkit.records.baseline import Baseline
from evalkit.records.comparison import CompareOptions
from evalkit.wording.numbers import points, share
from evalkit.wording.text import plain
from evalkit.workflows.baseline import Accepted, accept, accepted_baselines, diff, open_baseline


@with_exit_code
def accept_command(run: Path, contenders: Sequence[str], as_json: bool) -> int:
    """Accept a run's results as the baselines. Returns the exit code."""
    accepted = accept(run, contenders)
    if as_json:
        rows = [{"path": str(a.path), "contender": a.baseline.contender, "changed": a.changed} for a in accepted]
        print_json({"accepted": rows})
        return GOOD
    for each in accepted:
        print(plain(_accepted(each), 600))
    if any(each.changed for each in accepted):
        print("Review and commit them: git add baselines && git diff --cached --stat")
    return GOOD


@with_exit_code
def list_command(suite: str | None, as_json: bool) -> int:
    """List all baselines, or those of a suite. A file that cannot be read makes the exit code 2."""
    from evalkit.report.baseline import show_baselines

    found = accepted_baselines(suite=suite)
    if as_json:
        print_json({"baselines": [_entry(path, b) for path, b in found]})
    else:
        show_baselines(found, sys.stdout)
    return GOOD if all(isinstance(b, Baseline) for _, b in found) else WRONG_INPUT


@with_exit_code
def show_command(name: str, as_json: bool) -> int:
    """Show one baseline, by its file or as SUITE:CONTENDER. Returns the exit code."""
    from evalkit.report.baseline import baseline_json, show_baseline

    path, baseline = open_baseline(name)
    if as_json:
        print_json(baseline_json(path, baseline))
    else:
        show_baseline(path, baseline, sys.stdout)
    return GOOD


@with_exit_code
def diff_command(first: str, second: str | None, as_json: bool, flips: int) -> int:
    """Compare a baseline with a run or another baseline; a run alone with its suite's baselines."""
    comparison = diff(first, second, CompareOptions(flips=flips))
    from evalkit.report.comparison import comparison_json, show_comparison

    if as_json:
        print_json(comparison_json(comparison))
    else:
        show_comparison(comparison, sys.stdout)
    return GOOD


def _entry(path: Path, found: Baseline | BaselineError) -> dict[str, Any]:
    from evalkit.report.baseline import baseline_json

    return baseline_json(path, found) if isinstance(found, Baseline) else {"path": str(path), "error": str(found)}


def _accepted(each: Accepted) -> str:
    accuracy = each.baseline.metrics.get("accuracy")
    value = accuracy.value if accuracy else None
    if not each.changed:
        return f"{each.path}: unchanged"
    if each.before is None:
        return f"{each.path}: accepted, accuracy {share(value)}"
    old = each.before.metrics.get("accuracy")
    if value is None or old is None or old.value is None:
        return f"{each.path}: replaced"
    moved = points(value - old.value, signed=True)
    return f"{each.path}: replaced, accuracy {share(old.value)} to {share(value)} ({moved} points)"
