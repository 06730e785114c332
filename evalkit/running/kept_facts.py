"""What was found out about a suite's rows, kept by a digest of the rows, so that it is found out once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from evalkit.records.places import cache_folder
from evalkit.suite.open import OpenSuite

T = TypeVar("T")


def kept(
    suite: OpenSuite, templates: Sequence[str], kind: type[T], version: int, make: Callable[[], T | None]
) -> T | None:
    """The facts of type `kind` that `make` finds in the suite's rows, as `templates` show them.

    They are read where these rows were looked at before, and kept otherwise. `version` counts up where the same rows
    give other facts.
    """
    spec, target = suite.dataset.spec, suite.config.dataset.target
    parts: list[object] = [kind.__name__, version, list(templates), target, spec.limit, spec.seed]
    parts += [f"{name}:{split.digest}:{split.dropped}" for name, split in suite.dataset.splits.items()]
    digest = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
    path = cache_folder() / "labels" / f"{digest}.json"
    # Not looked at yet, or damaged: looked at again.
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(path.read_bytes(), type=kind)
    found = make()
    if found is not None:
        with suppress(OSError):  # only time is lost
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{secrets.token_hex(4)}")
            partial.write_bytes(msgspec.json.encode(found))
            partial.replace(path)
    return found
