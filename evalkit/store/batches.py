"""Which batches were submitted and are not done with: one small file each, under the cache folder.

A record is written before its batch is sent and again, with the vendor's id, as soon as that is known. It holds
request keys and how the model is reached by name; never an API key, never a text of a sample.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import gethostname
from time import time

import msgspec

from evalkit.errors import BatchStoreError
from evalkit.records.completion import Failure
from evalkit.records.model import ModelSpec

_FORMAT = 1
_SUBMITTING_S = 1800.0  # no upload takes longer


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One batch: `id` is the vendor's, None until the submission is known to have worked.

    `keys` are the request keys, of which its custom ids are made. `dropped` names parameters that were not sent.
    `command` goes on with the run that it belongs to. `round` counts submissions of its requests, from 1. After it
    was `collected`, `failures` has those requests that got no outcome, by key. `host` and `pid` are of the process
    that submits. `namespace` is that of the response cache which its answers go to: a fresh night's are its own.
    When it was sent, `others_answered` says whether some other request of its contender had its answer; `answers` are
    those that it brought. Times are Unix seconds.
    """

    tag: str
    spec: ModelSpec
    contender: str
    command: str
    keys: tuple[str, ...]
    created: float
    dropped: tuple[str, ...] = ()
    round: int = 1
    id: str | None = None
    collected: bool = False
    failures: Mapping[str, Failure] = field(default_factory=dict)
    host: str = field(default_factory=gethostname)
    pid: int = field(default_factory=os.getpid)
    namespace: str = ""
    others_answered: bool = False
    answers: int = 0
    format: int = _FORMAT

    @property
    def being_sent(self) -> bool:
        """Whether the process that submits it may still be at it."""
        if self.id is not None or time() - self.created > _SUBMITTING_S:
            return False
        return self.host != gethostname() or (self.pid != os.getpid() and _is_running(self.pid))


def new_tag() -> str:
    """A name for a record that no other one has."""
    return f"evalkit-{int(time())}-{secrets.token_hex(6)}"


@dataclass(frozen=True)
class BatchStore:
    """The records in one folder. Each is replaced as a whole, so that a killed process leaves the old or the new."""

    folder: Path

    def save(self, record: BatchRecord) -> None:
        """Write a record to the disk; it is there when this returns. Raises BatchStoreError."""
        path = self._path(record.tag)
        fresh = path.with_suffix(".new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(record))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            _sync_folder(self.folder)
        except OSError as error:
            raise BatchStoreError(f"{error.filename or path}: cannot be written: {error.strerror or error}") from error

    def all(self) -> list[BatchRecord]:
        """Every record, oldest first. Raises BatchStoreError for a file that is none."""
        return sorted((self._read(path) for path in self.folder.glob("*.json")), key=lambda r: (r.created, r.tag))

    def remove(self, tag: str) -> None:
        """Forget a batch that is done with."""
        with suppress(FileNotFoundError):
            self._path(tag).unlink()

    def _path(self, tag: str) -> Path:
        return self.folder / f"{tag}.json"

    def _read(self, path: Path) -> BatchRecord:
        try:
            record = msgspec.json.decode(path.read_bytes(), type=BatchRecord)
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            raise BatchStoreError(f"{path}: not a record of a batch: {error}") from error
        if record.format != _FORMAT:
            raise BatchStoreError(f"{path}: written by another version of evalkit (format {record.format})")
        return record


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """The new name too is on the disk, where the system lets a folder be opened."""
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
