"""One labelled row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Target = str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled row: `fields` are all its columns, `target` the right answer, `group` its cluster.

    `index` is the row's position among the samples of its split, from 0, and is never part of a request key.
    """

    id: str
    fields: Mapping[str, Any]
    target: Target
    group: str | None
    index: int
