"""Which night a check belongs to: what was killed goes on where it stopped, and no night answers from another's."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import time

_LONGEST_SECONDS = 20 * 3600  # under a day: the next night starts at the same time, or an hour earlier by the clock


@dataclass(frozen=True, slots=True)
class OpenNight:
    """A night under way. `id` is the namespace of its answers in the response cache."""

    id: str
    path: Path

    def close(self) -> None:
        """The check is through: the next one is another night."""
        with suppress(OSError):
            self.path.unlink()


def open_night(folder: Path, suites: Sequence[Path]) -> OpenNight:
    """The night of this set of suites that is not through and under 20 hours old, else a new one.

    `folder` keeps a small file per set of suites while a check of it is under way. Raises OSError where it cannot be
    written.
    """
    names = json.dumps(sorted(str(suite.resolve()) for suite in suites))
    path = folder / f"{hashlib.sha256(names.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}.json"
    known = _read(path)
    if known is not None:
        return OpenNight(known, path)
    name = f"{datetime.now(UTC).strftime('%Y-%m-%dT%H-%M-%SZ')}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting = path.with_suffix(f".{secrets.token_hex(4)}")
    waiting.write_text(json.dumps({"night": name, "started": time()}), encoding="utf-8")
    os.replace(waiting, path)
    return OpenNight(name, path)


def _read(path: Path) -> str | None:
    """The open night, or None where there is none, it is too old, or the file is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        name, started = content["night"], float(content["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    young = 0 <= time() - started < _LONGEST_SECONDS
    return name if young and isinstance(name, str) and name else None
