"""A run's folder: `manifest.json`, `samples.parquet` and `summary.json`.

It is written while answers are scored and gets its name only when it is whole: what stands under `runs/` is
always complete. There is no journal; the response cache is what makes a run go on where it stopped.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

import msgspec

from evalkit.errors import RunError, RunNotWritten

_ROWS_AT_ONCE = 2048
_BYTES_AT_ONCE = 8 * 2**20
_STALE_SECONDS = 24 * 3600
_UNFINISHED = ".unfinished-"

COLUMNS: dict[str, str] = {
    "contender": "string",
    "split": "string",
    "sample_id": "string",
    "index": "int64",
    "epoch": "int32",
    "group": "string",
    "input": "string",
    "target": "string",
    "text": "string",
    "status": "string",
    "answer": "string",
    "correct": "bool",
    "grade": "float64",
    "lenient_answer": "string",
    "lenient_correct": "bool",
    "lenient_grade": "float64",
    "in_vocabulary": "bool",
    "note": "string",
    "fields": "string",
    "error": "string",
    "stop": "string",
    "served_model": "string",
    "input_tokens": "int64",
    "cache_read_tokens": "int64",
    "cache_write_5m_tokens": "int64",
    "cache_write_1h_tokens": "int64",
    "output_tokens": "int64",
    "thinking_tokens": "int64",
    "cost_usd": "float64",
    "latency_ms": "float64",
    "ttft_ms": "float64",
    "from_cache": "bool",
    "retries": "int32",
    "key": "string",
}


@dataclass
class RunWriter:
    """Writes one run. `close` names the folder; `discard` removes what an interrupted run left."""

    root: Path
    suite: str
    name: str = field(init=False)
    _lines: bytearray = field(default_factory=bytearray)
    _waiting: int = 0
    _writer: Any = None

    def __post_init__(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        self.name = f"{stamp}-{secrets.token_hex(3)}"
        self._encode_into = msgspec.json.Encoder().encode_into
        self._parent = self.root / self.suite
        self._work = self._parent / f"{_UNFINISHED}{self.name}"
        try:
            self._parent.mkdir(parents=True, exist_ok=True)
            _remove_stale(self._parent)
            self._work.mkdir()
        except OSError as error:
            raise RunNotWritten(f"{error.filename}: cannot write the run here: {error.strerror}") from error

    @property
    def folder(self) -> Path:
        """Where the run stands when it is complete."""
        return self._parent / self.name

    def add(self, row: Mapping[str, Any]) -> None:
        """Add one completion's row; missing columns are null. Rows wait as JSON text, which is compact."""
        self._encode_into(row, self._lines, -1)
        self._lines += b"\n"
        self._waiting += 1
        if self._waiting >= _ROWS_AT_ONCE or len(self._lines) >= _BYTES_AT_ONCE:
            self._flush()

    def close(self, manifest: Mapping[str, Any], summary: Any) -> Path:
        """Write what is left and give the folder its name. Returns the folder."""
        self._flush()
        try:
            self._writer.close()
            (self._work / "manifest.json").write_bytes(_json(manifest))
            (self._work / "summary.json").write_bytes(_json(summary))
            self._work.rename(self.folder)
        except OSError as error:
            where = error.filename or self._work
            raise RunNotWritten(f"{where}: cannot write the run: {error.strerror or error}") from error
        return self.folder

    def discard(self) -> None:
        """Remove the unfinished folder; the answers stay in the response cache."""
        if self._writer is not None:
            with suppress(OSError):  # a full disk, which ended the run
                self._writer.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def _flush(self) -> None:
        import pyarrow.parquet as pq

        schema = _schema()
        try:
            if self._writer is None:
                self._writer = pq.ParquetWriter(self._work / "samples.parquet", schema, compression="zstd")
            if self._waiting:
                self._writer.write_table(_table(bytes(self._lines), schema))
        except OSError as error:
            raise RunNotWritten(f"{self._work / 'samples.parquet'}: cannot be written: {error}") from error
        self._lines.clear()
        self._waiting = 0


@dataclass(frozen=True)
class StoredRun:
    """A run read back. `samples` is a pandas DataFrame, one row per sample × contender × epoch."""

    folder: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]

    @property
    def samples(self) -> Any:
        """All completions with their scores, ordered by contender, sample and epoch."""
        import pandas as pd

        try:
            frame = pd.read_parquet(self.folder / "samples.parquet")
            return frame.sort_values(["contender", "index", "epoch"], ignore_index=True)
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"{self.folder / 'samples.parquet'}: cannot be read: {error}") from error

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


def load_run(path: str | Path) -> StoredRun:
    """Read a run's folder.

    Raises RunError with what is missing and, where the folder holds runs itself, the newest of them.
    """
    folder = Path(path)
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes())
        summary = msgspec.json.decode((folder / "summary.json").read_bytes())
    except OSError as error:
        newest = newest_run(folder)
        hint = f"; the newest run in it is {newest}" if newest else ""
        raise RunError(f"{folder}: not a run's folder ({error.strerror}: {error.filename}){hint}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise RunError(f"{folder}: damaged: {error}") from error
    if not isinstance(manifest, dict) or not isinstance(summary, dict):
        raise RunError(f"{folder}: damaged: manifest and summary must be JSON objects")
    return StoredRun(folder, manifest, summary)


def newest_run(folder: Path) -> Path | None:
    """The newest complete run directly under a suite's folder."""
    runs = [p for p in folder.glob("*/manifest.json") if not p.parent.name.startswith(".")]
    # Names begin with the second of the start; within it the file's own time decides.
    return max(runs, key=lambda p: (p.parent.name[:20], p.stat().st_mtime_ns)).parent if runs else None


def _remove_stale(parent: Path) -> None:
    """Leftovers of killed runs; where another process still writes, the folder or a file in it is young."""
    for folder in parent.glob(f"{_UNFINISHED}*"):
        try:
            newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time() - newest > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _schema() -> Any:
    import pyarrow as pa

    kinds = {
        "string": pa.string(),
        "bool": pa.bool_(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "float64": pa.float64(),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])


def _table(lines: bytes, schema: Any) -> Any:
    """Rows from JSON lines: from Python lists pyarrow would import pandas, which costs a quarter of a second."""
    import io

    import pyarrow.json as pj

    reading = pj.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    return pj.read_json(io.BytesIO(lines), reading, pj.ParseOptions(explicit_schema=schema)).select(schema.names)


def _json(data: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(data, enc_hook=str), indent=1) + b"\n"
