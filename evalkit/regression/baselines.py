"""Baselines on disk: `baselines/<suite>/<contender with dots>.json`, one file per contender."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from evalkit.errors import BaselineError
from evalkit.records.baseline import Baseline
from evalkit.regression.baseline_file import decode, encode

ROOT = Path("baselines")
_SUITE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def baseline_path(root: Path, suite: str, contender: str) -> Path:
    """Where the baseline of a contender stands. Names come from runs, which anybody may have written.

    Raises BaselineError for a name that no suite file can give.
    """
    parts = contender.split("/")
    if not _SUITE.fullmatch(suite) or len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise BaselineError(f"{suite!r} with {contender!r} names no baseline: not a suite's name and MODEL/PROMPT/FORM")
    return root / suite / f"{'.'.join(parts)}.json"


def accept_command(run: str, contender: str | None = None) -> str:
    """The command that accepts a run."""
    import shlex

    only = f" --contender {shlex.quote(contender)}" if contender else ""
    return f"python -m evalkit baseline accept {shlex.quote(run)}{only}"


def read_baseline(path: Path) -> Baseline:
    """Read one file. Raises BaselineError, always with the way out."""
    remedy = f"Take it from version control again, or accept a run: {accept_command(f'runs/{path.parent.name}')}"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror}") from error
    return decode(data, str(path), remedy)


def find_baseline(root: Path, suite: str, contender: str) -> tuple[Path, Baseline] | None:
    """The accepted baseline of a contender, or None where there is none.

    Raises BaselineError for a file that is damaged or belongs to another contender.
    """
    path = baseline_path(root, suite, contender)
    if not path.exists():
        return None
    found = read_baseline(path)
    if (found.suite, found.contender) != (suite, contender):
        raise BaselineError(
            f"{path}: holds {found.contender} of {found.suite}, not {contender} of {suite}: it was moved, or two "
            "names differ in dots or letter case only. Move it back, or rename one of the two"
        )
    return path, found


def write_baseline(root: Path, baseline: Baseline) -> tuple[Path, bool]:
    """Write a baseline in one step. Returns its path and whether its bytes are new.

    Raises BaselineError where it cannot be written, or would replace the baseline of another contender.
    """
    path = baseline_path(root, baseline.suite, baseline.contender)
    data = encode(baseline)
    try:
        before = path.read_bytes() if path.exists() else None
        if before == data:
            return path, False
        if before is not None:
            _check_owner(path, before, baseline)
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            waiting.write_bytes(data)
            os.replace(waiting, path)
        finally:
            with suppress(OSError):
                waiting.unlink()
    except OSError as error:
        raise BaselineError(f"{path}: cannot be written: {error.strerror}") from error
    return path, True


def _check_owner(path: Path, data: bytes, baseline: Baseline) -> None:
    """A damaged file may be replaced; a whole one of another contender may not."""
    try:
        there = decode(data, str(path), "")
    except BaselineError:
        return
    if there.contender != baseline.contender:
        raise BaselineError(
            f"{path}: already holds {there.contender}; {baseline.contender} would get the same file name. Rename one"
        )


def baseline_files(root: Path, suite: str | None = None) -> Iterator[Path]:
    """All baseline files below `root`, in the order of their names."""
    folders = [root / suite] if suite else sorted(p for p in root.glob("*") if p.is_dir())
    for folder in folders:
        yield from sorted(p for p in folder.glob("*.json") if not p.name.startswith("."))
