"""An outcome with what it belongs to, and a request on its way there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Request

T = TypeVar("T")


# Neither is frozen: one of each is made per sample, and setting fields around a freeze takes three times as long.
@dataclass(slots=True)
class Answer(Generic[T]):
    """An outcome with what it belongs to. `sent` is False for cached answers and for repeats of a request."""

    context: T
    request: Request
    outcome: Completion | Failure
    key: str
    from_cache: bool = False
    sent: bool = True
    retries: int = 0


@dataclass(slots=True)
class Asked(Generic[T]):
    """A request under way. `refused` counts its refusals, one of an earlier run among them; `refusal` is the last."""

    key: str
    request: Request
    context: T
    refused: int = 0
    refusal: Failure | None = None
    retries: int = 0
