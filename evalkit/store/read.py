"""A finished run read back from its folder: the one way for all that look at runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from evalkit.errors import RunError
from evalkit.records.run import RunResult
from evalkit.store import manifest as manifests
from evalkit.store import samples, summary
from evalkit.store.manifest import Manifest, manifest_of
from evalkit.store.runs import newest_run
from evalkit.store.samples import SampleFile


@dataclass(frozen=True)
class StoredRun:
    """A run read back. What is read or made of it is kept, however many ask for it.

    `manifest` and `summary` are the files as they are; `about` is the manifest with its types, `result` the figures,
    and `answers` gives chosen columns of the samples. The other attributes are pandas DataFrames.
    """

    folder: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]

    @cached_property
    def about(self) -> Manifest:
        """The manifest. Raises RunError where it holds what no evalkit has written."""
        return manifest_of(self.manifest, self.folder / manifests.NAME)

    @cached_property
    def result(self) -> RunResult:
        """The figures, named by where the run is now: the folder may have been moved since it was written.

        Raises RunError where the summary is damaged.
        """
        try:
            return replace(summary.from_json(self.summary), run=str(self.folder))
        except ValueError as error:
            raise RunError(f"{self.folder / summary.NAME}: damaged: {error}") from error

    @cached_property
    def answers(self) -> SampleFile:
        """The samples' columns."""
        return SampleFile(self.folder / samples.NAME)

    @cached_property
    def samples(self) -> Any:
        """All completions with their scores, a row per sample × contender × epoch, in that order."""
        return self.answers.frame()

    @property
    def contenders(self) -> Any:
        """One row per contender: status counts, and every metric with low, high and n as columns."""
        import pandas as pd

        return pd.json_normalize(list(self.summary["contenders"]))

    @property
    def requirements(self) -> Any:
        """One row per contender and need: threshold, gap with its bounds, state and why."""
        import pandas as pd

        return pd.json_normalize(list(self.summary["requirements"]))


def is_run(path: Path) -> bool:
    """Whether a path is a run's folder, or a suite's folder with runs."""
    return (run_folder(path) / manifests.NAME).is_file()


def run_folder(path: Path) -> Path:
    """The run's folder itself, or the newest run of a suite's folder."""
    return path if (path / manifests.NAME).is_file() else newest_run(path) or path


def read_run(path: Path) -> StoredRun:
    """A run, or the newest run of a suite's folder, of which `about` and `result` are sure to be readable.

    Raises RunError for a folder that is no run or is damaged.
    """
    stored = load_run(run_folder(path))
    _ = stored.about, stored.result
    return stored


def load_run(path: str | Path) -> StoredRun:
    """Read a run's folder.

    Raises RunError with what is missing and, where the folder holds runs itself, the newest of them.
    """
    folder = Path(path)
    try:
        plain = msgspec.json.decode((folder / manifests.NAME).read_bytes())
        figures = msgspec.json.decode((folder / summary.NAME).read_bytes())
    except OSError as error:
        newest = newest_run(folder)
        hint = f"; the newest run in it is {newest}" if newest else ""
        raise RunError(f"{folder}: not a run's folder ({error.strerror}: {error.filename}){hint}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise RunError(f"{folder}: damaged: {error}") from error
    if not isinstance(plain, dict) or not isinstance(figures, dict):
        raise RunError(f"{folder}: damaged: manifest and summary must be JSON objects")
    return StoredRun(folder, plain, figures)
