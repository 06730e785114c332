"""The response cache: what was paid for is kept, keyed by everything that decides the answer.

An entry is `checksum (8 bytes) + JSON`. The checksum covers key and JSON, so that a damaged, truncated or
swapped entry is a miss with a warning; what is read is decoded into a typed record and never executed.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from evalkit.records.completion import Completion, Failure
from evalkit.store.bytes_disk import BytesDisk

_CHECKSUM = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One cached outcome: exactly one of the two is set. Only `rejected` failures are ever stored."""

    completion: Completion | None = None
    failure: Failure | None = None


class CacheError(Exception):
    """Raised where the cache cannot be opened or written: full disk, no permission, not a database."""


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/evalkit`, else `~/.cache/evalkit`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "evalkit"


@dataclass
class ResponseCache:
    """Completions by request key, in one SQLite file that several processes may use at once.

    `namespace` sets a night's fresh answers apart. `warn` is told once per damaged entry.
    """

    folder: Path
    namespace: str = ""
    warn: Callable[[str], None] = lambda _: None
    _cache: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        import diskcache

        self._decode = msgspec.json.Decoder(Entry).decode
        self._encode = msgspec.json.Encoder().encode
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._cache = diskcache.Cache(
                str(self.folder), disk=BytesDisk, eviction_policy="none", cull_limit=0, size_limit=2**50
            )
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise CacheError(f"response cache {self.folder}: {error}") from error

    def get(self, key: str) -> Completion | Failure | None:
        """The cached outcome, or None. A damaged entry is None after a warning."""
        name = self._name(key)
        try:
            value = self._cache.get(name, default=None)
        except (OSError, sqlite3.Error) as error:
            self.warn(f"cached answer {key[:12]} cannot be read ({error}); it is asked again")
            return None
        if value is None:
            return None
        try:
            if value[:_CHECKSUM] != _checksum(name, value[_CHECKSUM:]):
                raise ValueError("its checksum is wrong")
            entry = self._decode(value[_CHECKSUM:])
        except (ValueError, msgspec.DecodeError) as error:
            self.warn(f"cached answer {key[:12]} is damaged ({error}); it is asked again")
            return None
        return entry.completion or entry.failure

    def commit(self, outcomes: Iterable[tuple[str, Completion | Failure]]) -> None:
        """Write all outcomes in one transaction; after it returns, a killed process loses none of them.

        Raises CacheError where they cannot be written.
        """
        import diskcache

        try:
            with self._cache.transact(retry=True):
                for key, outcome in outcomes:
                    entry = Entry(outcome) if isinstance(outcome, Completion) else Entry(None, outcome)
                    name, payload = self._name(key), self._encode(entry)
                    self._cache.set(name, _checksum(name, payload) + payload)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise CacheError(f"response cache {self.folder} cannot be written: {error}") from error

    def __len__(self) -> int:
        return len(self._cache)

    def close(self) -> None:
        """Close the database."""
        self._cache.close()

    def _name(self, key: str) -> bytes:
        return f"{self.namespace}:{key}".encode() if self.namespace else bytes.fromhex(key)


def _checksum(name: bytes, payload: bytes) -> bytes:
    return blake2b(payload, key=name[:64], digest_size=_CHECKSUM).digest()
