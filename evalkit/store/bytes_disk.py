"""A diskcache Disk that stores and reads bytes only.

diskcache serialises what is neither bytes, text nor number as Python objects; whoever can write the cache's
folder could run code that way (CVE-2025-69872). Here that never happens: keys and values are bytes, and a row
that says otherwise raises Tampered. That is no OSError, which diskcache would turn into a silent miss.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import MODE_BINARY, MODE_RAW, UNKNOWN

from evalkit.errors import Tampered


class BytesDisk(diskcache.Disk):  # type: ignore[misc]
    """Keys and values are bytes; anything else raises TypeError on writing and Tampered on reading."""

    def put(self, key: Any) -> tuple[Any, bool]:
        """The database form of a key."""
        if type(key) is not bytes:
            raise TypeError(f"cache keys are bytes, got {type(key).__name__}")
        return sqlite3.Binary(key), True

    def get(self, key: Any, raw: bool) -> bytes:
        """A key from its database form."""
        if not raw:
            raise Tampered("a key of this cache is not plain bytes")
        return bytes(key)

    def store(self, value: Any, read: bool, key: Any = UNKNOWN) -> Any:
        """Store bytes: small ones in the row, large ones in a file."""
        if type(value) is not bytes or read:
            raise TypeError(f"cache values are bytes, got {type(value).__name__}")
        return super().store(value, False, key=key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> bytes:
        """Read bytes back. A row that points outside the folder, or holds another kind, raises Tampered."""
        if mode == MODE_RAW and isinstance(value, bytes):
            return value
        if mode == MODE_BINARY and filename is not None:
            return self._read(filename)
        raise Tampered("it is not plain bytes")

    def remove(self, file_path: Any) -> None:
        """Remove the file of a row that is written anew, never one outside the folder."""
        if self._inside(file_path):
            super().remove(file_path)

    def _inside(self, filename: Any) -> Path | None:
        if not isinstance(filename, str) or "\0" in filename:
            return None
        folder = Path(self._directory).resolve()
        path = (folder / filename).resolve()
        return path if path.is_relative_to(folder) and path.is_file() else None

    def _read(self, filename: str) -> bytes:
        path = self._inside(filename)
        if path is None:
            raise Tampered("its file is missing or lies elsewhere")
        try:
            return path.read_bytes()
        except OSError as error:
            raise Tampered(f"its file cannot be read: {error.strerror}") from error


def small_values(cache: Any, keys: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Keys with their values, of those that a diskcache Cache holds in its rows; not those in files.

    One statement for all: diskcache's own reading takes one for each key, which costs three times as much.
    """
    places = ",".join("?" * len(keys))
    # Without its name SQLite takes the index of expiry, under which all rows are alike.
    select = (
        f"SELECT key, value FROM Cache INDEXED BY Cache_key_raw WHERE key IN ({places}) AND raw = 1"
        " AND expire_time IS NULL AND mode = ? AND filename IS NULL"
    )
    for key, value in cache._sql(select, (*keys, MODE_RAW)).fetchall():
        if type(key) is bytes and type(value) is bytes:
            yield key, value
