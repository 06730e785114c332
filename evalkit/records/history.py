"""The nights of a suite, as its runs' folder tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalkit.records.estimate import Estimate

ChangeKind = Literal["accuracy", "model", "data", "prompt", "scoring"]


@dataclass(frozen=True, slots=True)
class Night:
    """One contender in one run, on test. `when` is an ISO time.

    `cached` says that every answer came from the response cache: nothing was measured anew. `data` and `prompt` are
    digests, `scoring` is the version of evalkit; None where unknown.
    """

    run: str
    when: str
    n: int
    complete: bool
    cached: bool
    accuracy: Estimate | None
    format_validity: Estimate | None
    cost_per_1000_calls: float | None
    latency_p50_ms: float | None
    served_model: str | None
    data: str | None
    prompt: str | None
    scoring: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as before, from night `index` on. `p` is given where a test says so."""

    index: int
    kind: ChangeKind
    text: str
    p: float | None = None


@dataclass(frozen=True, slots=True)
class ContenderHistory:
    """All nights of one contender, oldest first, and what changed."""

    id: str
    nights: tuple[Night, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class History:
    """A suite's nights. `notes` name runs that could not be read."""

    suite: str
    contenders: tuple[ContenderHistory, ...]
    notes: tuple[str, ...] = ()
