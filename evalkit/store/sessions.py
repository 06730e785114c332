"""A folder that the processes of one session share, with locks that end with their holder."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evalkit.records.places import cache_folder


def session_folder(session: str) -> Path:
    """Where the session keeps what its processes tell each other."""
    return cache_folder() / "sessions" / hashlib.sha256(session.encode()).hexdigest()[:32]


def forget_session(session: str) -> None:
    """Remove what a finished session left."""
    shutil.rmtree(session_folder(session), ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file in a session's folder; waits for whoever holds it. Raises OSError."""
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
