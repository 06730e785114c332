"""A finished run read back from its folder: the one way for all that look at runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evalkit.errors import RunError
from evalkit.records.run import RunResult
from evalkit.store.runs import StoredRun, load_run, newest_run
from evalkit.store.summary import from_json


def run_folder(path: Path) -> Path:
    """The run's folder itself, or the newest run of a suite's folder."""
    return path if (path / "manifest.json").is_file() else newest_run(path) or path


def read_run(path: Path) -> tuple[StoredRun, RunResult]:
    """A run and its figures, named by where it is now: the folder may have been moved since it was written.

    Raises RunError for a folder that is no run or is damaged.
    """
    stored = load_run(run_folder(path))
    try:
        result = from_json(stored.summary)
    except ValueError as error:
        raise RunError(f"{stored.folder / 'summary.json'}: damaged: {error}") from error
    return stored, replace(result, run=str(stored.folder))
