"""The evidence of ladders: `runs/<suite>/ladder.json`, read by every later verdict on the same question."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import msgspec

from evalkit.errors import RunError, RunNotWritten
from evalkit.records.ladder import KeptLadder

_NAME = "ladder.json"
_FORMAT = 1


class _File(msgspec.Struct):
    format: int
    ladders: list[KeptLadder]


def evidence_file(folder: Path) -> Path:
    """Where a suite's folder under `runs/` keeps the evidence."""
    return folder / _NAME


def read_ladders(folder: Path) -> tuple[KeptLadder, ...]:
    """What is kept for a suite, the newest first; nothing where there is no file, or one of another format.

    Raises RunError for a file that cannot be read or is damaged.
    """
    path = evidence_file(folder)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        if msgspec.json.decode(data).get("format") != _FORMAT:
            return ()
        return tuple(msgspec.json.decode(data, type=_File).ladders)
    except (msgspec.DecodeError, AttributeError, RecursionError) as error:
        raise RunError(f"{path}: damaged: {error}; delete it and climb the ladder again (answers are kept)") from error


def keep_ladders(folder: Path, ladders: Sequence[KeptLadder]) -> Path:
    """Add ladders; one of the same model and mark is replaced, and the file as a whole at once.

    Raises RunNotWritten.
    """
    new = {(each.mark, each.ladder.model) for each in ladders}
    kept = [each for each in read_ladders(folder) if (each.mark, each.ladder.model) not in new]
    path = evidence_file(folder)
    waiting = path.with_name(f".{_NAME}.{secrets.token_hex(4)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = msgspec.json.encode(_File(_FORMAT, [*ladders, *kept]))
        waiting.write_bytes(msgspec.json.format(content, indent=1) + b"\n")
        os.replace(waiting, path)
    except OSError as error:
        raise RunNotWritten(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        waiting.unlink(missing_ok=True)
    return path
