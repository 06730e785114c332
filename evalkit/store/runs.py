"""A run's folder: `manifest.json`, `samples.parquet` and `summary.json`.

It is written while answers are scored and gets its name only when it is whole: what stands under `runs/` is
always complete. There is no journal; the response cache is what makes a run go on where it stopped.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

import msgspec

from evalkit.errors import RunNotWritten
from evalkit.records.sample_row import SampleRow
from evalkit.store.manifest import NAME as MANIFEST
from evalkit.store.manifest import Manifest
from evalkit.store.samples import NAME as SAMPLES
from evalkit.store.samples import SampleWriter
from evalkit.store.summary import NAME as SUMMARY

_STALE_SECONDS = 24 * 3600
_UNFINISHED = ".unfinished-"


@dataclass
class RunWriter:
    """Writes one run. `close` names the folder; `discard` removes what an interrupted run left."""

    root: Path
    suite: str
    name: str = field(init=False)

    def __post_init__(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        self.name = f"{stamp}-{secrets.token_hex(3)}"
        self._parent = self.root / self.suite
        self._work = self._parent / f"{_UNFINISHED}{self.name}"
        try:
            self._parent.mkdir(parents=True, exist_ok=True)
            _remove_stale(self._parent)
            self._work.mkdir()
        except OSError as error:
            raise RunNotWritten(f"{error.filename}: cannot write the run here: {error.strerror}") from error
        self._samples = SampleWriter(self._work / SAMPLES)

    @property
    def folder(self) -> Path:
        """Where the run stands when it is complete."""
        return self._parent / self.name

    def add(self, row: SampleRow) -> None:
        """Add one answer's row."""
        self._samples.add(row)

    def close(self, manifest: Manifest | Mapping[str, Any], summary: Any) -> Path:
        """Write what is left and give the folder its name. Returns the folder."""
        self._samples.close()
        try:
            (self._work / MANIFEST).write_bytes(_json(manifest))
            (self._work / SUMMARY).write_bytes(_json(summary))
            self._work.rename(self.folder)
        except OSError as error:
            where = error.filename or self._work
            raise RunNotWritten(f"{where}: cannot write the run: {error.strerror or error}") from error
        return self.folder

    def discard(self) -> None:
        """Remove the unfinished folder; the answers stay in the response cache."""
        self._samples.abandon()
        shutil.rmtree(self._work, ignore_errors=True)


def run_folders(suite: Path) -> list[Path]:
    """All complete runs directly under a suite's folder, the oldest first."""
    manifests = [p for p in suite.glob(f"*/{MANIFEST}") if not p.parent.name.startswith(".")]
    # Names begin with the second of the start; within it the file's own time decides.
    return [p.parent for p in sorted(manifests, key=lambda p: (p.parent.name[:20], p.stat().st_mtime_ns))]


def newest_run(suite: Path) -> Path | None:
    """The newest complete run directly under a suite's folder."""
    runs = run_folders(suite)
    return runs[-1] if runs else None


def _remove_stale(parent: Path) -> None:
    """Leftovers of killed runs; where another process still writes, the folder or a file in it is young."""
    for folder in parent.glob(f"{_UNFINISHED}*"):
        try:
            newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time() - newest > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _json(data: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(data, enc_hook=str), indent=1) + b"\n"
