"""What the vendors' batch APIs have in common: submit bodies, look, collect outcomes by custom id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from evalkit.errors import BatchError
from evalkit.models.failures import ApiError, classify, transport_failure
from evalkit.models.fields import WRONG_SHAPE
from evalkit.models.sdk import SdkModel, Wire
from evalkit.records.completion import Completion, Failure, Timing

BATCHED = Timing(latency_ms=None)  # a batch answers within a day: there is no latency to tell


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One request: its custom id (the request key) and its body as JSON."""

    custom_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class BatchState:
    """Where a batch stands. `succeeded` and `failed` may stay 0 until it has `ended`; `ends_by` is a Unix time."""

    ended: bool
    total: int
    succeeded: int
    failed: int
    ends_by: float | None = None
    problem: str | None = None


class BatchApi(Protocol):
    """One vendor's batch API for one model. All methods raise BatchError."""

    most_requests: int
    most_bytes: int

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


@contextmanager
def sdk_errors(wire: Wire) -> Iterator[None]:
    """What an SDK or a network raises, as BatchError; no reason quotes the key."""
    try:
        yield
    except wire.sdk.APIStatusError as error:
        failure = classify(ApiError(error.status_code, error.body, str(error.message), error.response.headers))
        raise BatchError(wire.access.redact(failure.reason), failure.retryable, error.status_code >= 500) from None
    except wire.sdk.APIError as error:
        raise BatchError(wire.access.redact(transport_failure(error).reason), True, unclear=True) from None
    except WRONG_SHAPE as error:
        raise BatchError(f"the batch API answered in an unknown form: {error}", again=False) from None
    except wire.transport_errors as error:
        raise BatchError(wire.access.redact(transport_failure(error).reason), True, unclear=True) from None


def read_answer(model: SdkModel, data: Any) -> Completion | Failure:
    """The answer that a result holds, as it is read live; a Failure where it is not the API's."""
    try:
        completion = model.wire.reader.whole(data, BATCHED)
    except WRONG_SHAPE:
        completion = None
    if completion is not None:
        return replace(completion, batch=True)
    return Failure("infra", "the batch holds an answer that is not the API's", retryable=True)


def read_error(model: SdkModel, status: int | None, body: Any) -> Failure:
    """The failure of one request in a batch, by the table that holds for live ones."""
    inner = body.get("error") if isinstance(body, dict) else None
    message = inner.get("message") if isinstance(inner, dict) else None
    failure = classify(ApiError(status, body, str(message or "")))
    return Failure(
        failure.kind, model.wire.access.redact(failure.reason), failure.retryable, http_status=failure.http_status
    )


def not_answered(fate: str) -> Failure:
    """A request that the vendor did not get to."""
    return Failure("infra", f"{fate} in the batch, not answered", retryable=True)
