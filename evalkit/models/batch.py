"""What the vendors' batch APIs have in common: submit bodies, look, collect outcomes by custom id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Parameters, Prefix, Request


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One request: its custom id (the request key) and its body as JSON."""

    custom_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class BatchState:
    """Where a batch stands. `succeeded` and `failed` may stay 0 until it has `ended`; `ends_by` is a Unix time.

    `cancelled`: somebody ended it at the vendor, who keeps what was answered until then.
    """

    ended: bool
    total: int
    succeeded: int
    failed: int
    ends_by: float | None = None
    problem: str | None = None
    cancelled: bool = False


class BatchApi(Protocol):
    """One vendor's batch API for one model. What talks to the vendor raises BatchError."""

    most_requests: int
    most_bytes: int

    def body(self, request: Request) -> bytes:
        """What is sent for a request, as JSON."""
        ...

    def dropped(self, parameters: Parameters) -> tuple[str, ...]:
        """Names of sampling parameters that the suite sets and that are not sent."""
        ...

    def left_out(self) -> tuple[str, ...]:
        """Names of those that the server was seen to refuse."""
        ...

    def leave_out(self, names: Iterable[str]) -> None:
        """Make bodies without these parameters, which an earlier run saw refused."""
        ...

    def adapts(self, failure: Failure, prefix: Prefix, parameters: Parameters) -> bool:
        """Whether a refusal names a parameter that can go: bodies are made without it from now on."""
        ...

    async def submit(self, items: Sequence[BatchItem], tag: str) -> str:
        """Send a batch; `tag` marks it where the vendor can keep a mark. Returns the vendor's id."""
        ...

    async def find(self, tag: str, created: float, n: int) -> list[str]:
        """Ids of batches that may be the one that was submitted with this tag, of `n` requests, after `created`."""
        ...

    async def status(self, batch_id: str) -> BatchState:
        """Where it stands."""
        ...

    def collect(self, batch_id: str) -> AsyncIterator[tuple[str, Completion | Failure]]:
        """(custom id, outcome) of an ended batch, in any order; what expired is a retryable infra failure."""
        ...


CANCELLED = "the batch was cancelled at the provider; the same command submits again what is missing"


def not_answered(fate: str) -> Failure:
    """A request that the vendor did not get to."""
    return Failure("infra", f"{fate} in the batch, not answered", retryable=True)
