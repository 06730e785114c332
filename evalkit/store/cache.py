"""The response cache: what was paid for is kept, keyed by everything that decides the answer.

An entry is `checksum (8 bytes) + JSON`. The checksum covers key and JSON, so that a damaged, truncated or
swapped entry is a miss with a warning; what is read is decoded into a typed record and never executed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from evalkit.errors import CacheError
from evalkit.records.completion import Completion, Failure
from evalkit.store.bytes_disk import BytesDisk, small_values

_CHECKSUM = 8
_LARGEST_IN_ROW = 32 * 1024  # bytes; longer answers get a file of their own
_BUSY_S = 15.0  # how long another process may hold the file before writing is given up
_REFUSALS = ("rejected", "ambiguous")
_WARNINGS = 5  # damaged entries that are told one by one


@dataclass(frozen=True, slots=True)
class Entry:
    """One cached outcome: exactly one of `completion` and `failure` is set.

    A refusal that was `confirmed`, by asking again later in its run, is an outcome. Any other one, and those of
    earlier versions are such, is a mark: this request was refused once, and is asked again, after all others.
    A note, under a key of its own, has neither: it tells which parameters a provider refused, so that they are left
    out.
    """

    completion: Completion | None = None
    failure: Failure | None = None
    confirmed: bool = False
    left_out: tuple[str, ...] = ()

    @property
    def outcome(self) -> Completion | Failure | None:
        """What need not be asked again; None for a mark."""
        kept = self.failure is not None and self.failure.kind == "rejected" and self.confirmed
        return self.failure if kept else self.completion


@dataclass
class ResponseCache:
    """Completions by request key, in one SQLite file that several processes may use at once.

    `namespace` sets a night's fresh answers apart. `warn` is told of damaged entries, of the first few by name.
    """

    folder: Path
    namespace: str = ""
    warn: Callable[[str], None] = lambda _: None
    _cache: Any = field(init=False, repr=False)
    _damaged: int = 0

    def __post_init__(self) -> None:
        import diskcache

        self._decode = msgspec.json.Decoder(Entry).decode
        self._encode = msgspec.json.Encoder().encode
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._cache = diskcache.Cache(
                str(self.folder),
                timeout=_BUSY_S,
                disk=BytesDisk,
                disk_min_file_size=_LARGEST_IN_ROW,
                eviction_policy="none",
                cull_limit=0,
                size_limit=2**50,
                # Flat memory: no mapped file, and a small page cache (rows are read once).
                sqlite_mmap_size=0,
                sqlite_cache_size=1024,
                # Keys are random, so that each commit touches other pages of the index: they are moved into the
                # database (16 MB of them at once) less often than every 4 MB, and many only once.
                sqlite_wal_autocheckpoint=4096,
            )
        except (OSError, sqlite3.Error, diskcache.Timeout, TypeError, ValueError, AttributeError, KeyError) as error:
            # The last four come from a settings table that somebody else wrote.
            raise CacheError(f"response cache {self.folder} cannot be opened: {error}") from error

    def within(self, namespace: str) -> ResponseCache:
        """The same cache seen in another namespace; closing one closes both."""
        if namespace == self.namespace:
            return self
        other = copy(self)
        other.namespace = namespace
        return other

    def get(self, key: str) -> Completion | Failure | None:
        """The cached outcome, or None. A damaged entry is None after a warning."""
        entry = self.entry(key)
        return None if entry is None else entry.outcome

    def entry(self, key: str) -> Entry | None:
        """What is known of a request. A damaged entry is None after a warning."""
        name = self._name(key)
        try:
            value = self._cache.get(name, default=None)
            return None if value is None else _with_known_ending(self._read(name, value))
        except (OSError, sqlite3.Error, ValueError, msgspec.DecodeError, RecursionError) as error:
            self._warn(key, error)
            return None

    def entries(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Entries by key: of short answers, found whole. `entry` may still have what is missing here."""
        by_name = {self._name(key): key for key in keys}
        known: dict[str, Entry] = {}
        with suppress(OSError, sqlite3.Error):
            for name, value in small_values(self._cache, list(by_name)):
                # A damaged one is left to `get`, which tells of it.
                with suppress(ValueError, msgspec.DecodeError, RecursionError):
                    if (entry := _with_known_ending(self._read(name, value))) is not None:
                        known[by_name[name]] = entry
        return known

    def _read(self, name: bytes, value: bytes) -> Entry:
        if value[:_CHECKSUM] != _checksum(name, value[_CHECKSUM:]):
            raise ValueError("its checksum is wrong")
        entry = self._decode(value[_CHECKSUM:])
        refusal = entry.failure
        if (entry.completion is None) == (refusal is None) or (refusal is not None and refusal.kind not in _REFUSALS):
            raise ValueError("it holds neither an answer nor a refusal")
        return entry

    def left_out(self, note: str) -> tuple[str, ...]:
        """The parameters that a provider refused, by the note of earlier runs; empty where there is none."""
        name = self._name(note)
        try:
            value = self._cache.get(name, default=None)
            if value is None or value[:_CHECKSUM] != _checksum(name, value[_CHECKSUM:]):
                return ()
            entry: Entry = self._decode(value[_CHECKSUM:])
            return entry.left_out
        except (OSError, sqlite3.Error, ValueError, msgspec.DecodeError, RecursionError):
            return ()  # the provider refuses them once more

    def note_left_out(self, note: str, names: Iterable[str]) -> None:
        """Keep which parameters a provider refused, before the answers without them. Raises CacheError."""
        self._write([(note, Entry(left_out=tuple(sorted(names))))])

    def _warn(self, key: str, error: Exception) -> None:
        self._damaged += 1
        if self._damaged <= _WARNINGS:
            self.warn(f"cached answer {key[:12]} is damaged ({error}); it is asked again")
        elif self._damaged == _WARNINGS + 1:
            self.warn("more cached answers are damaged; they are asked again")

    def commit(self, outcomes: Iterable[tuple[str, Completion | Failure]]) -> None:
        """Write all outcomes in one transaction; after it returns, a killed process loses none of them.

        A `rejected` failure is kept as an outcome, any other one as a mark. Raises CacheError where they
        cannot be written.
        """
        self._write((key, _entry(outcome)) for key, outcome in outcomes)

    def _write(self, entries: Iterable[tuple[str, Entry]]) -> None:
        import diskcache

        try:
            # Without retry: diskcache would retry a full or a read-only disk for ever.
            with self._cache.transact():
                for key, entry in entries:
                    name, payload = self._name(key), self._encode(entry)
                    self._cache.set(name, _checksum(name, payload) + payload)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            self._drop_transaction()
            reason = "another process holds it, or the disk is full or read-only"
            raise CacheError(f"response cache {self.folder} cannot be written: {str(error) or reason}") from error

    def _drop_transaction(self) -> None:
        """A commit that failed leaves its transaction open, and the next one would fail for that alone."""
        with suppress(OSError, sqlite3.Error):
            self._cache.close()  # opened again by the next use

    def __len__(self) -> int:
        return len(self._cache)

    def close(self) -> None:
        """Close the database."""
        self._cache.close()

    def _name(self, key: str) -> bytes:
        return f"{self.namespace}:{key}".encode() if self.namespace else bytes.fromhex(key)


def _with_known_ending(entry: Entry) -> Entry | None:
    """Earlier versions kept answers whose ending they did not know, errors among them: these are asked again."""
    return None if entry.completion is not None and entry.completion.stop == "other" else entry


def _entry(outcome: Completion | Failure) -> Entry:
    if isinstance(outcome, Completion):
        return Entry(outcome)
    return Entry(None, outcome, confirmed=outcome.kind == "rejected")


def _checksum(name: bytes, payload: bytes) -> bytes:
    return blake2b(payload, key=blake2b(name).digest(), digest_size=_CHECKSUM).digest()
