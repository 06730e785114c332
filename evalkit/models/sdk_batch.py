"""What the batch APIs behind SDKs have in common: their errors, and reading results as live answers are read."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from evalkit.errors import BatchError
from evalkit.models.droppable import blamed
from evalkit.models.failures import ApiError, classify, transport_failure
from evalkit.models.fields import WRONG_SHAPE, decode
from evalkit.models.sdk import SdkModel, Wire, read_whole
from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.request import Parameters, Prefix, Request

BATCHED = Timing(latency_ms=None)  # a batch answers within a day: there is no latency to tell


@dataclass
class SdkBatches:
    """What a batch API takes from the model that stands behind it."""

    model: SdkModel

    def body(self, request: Request) -> bytes:
        """What is sent for a request, as JSON."""
        return self.model.encoded(request)

    def dropped(self, parameters: Parameters) -> tuple[str, ...]:
        """Names of sampling parameters that the suite sets and that are not sent."""
        return tuple(sorted(self.model.droppable.told() | self.model.not_sent(parameters)))

    def left_out(self) -> tuple[str, ...]:
        """Names of parameters that the suite may set and that the server refused."""
        return tuple(sorted(self.model.droppable.told()))

    def leave_out(self, names: Iterable[str]) -> None:
        """Make bodies without these parameters: an earlier run learned that the server refuses them."""
        self.model.leave_out(names)

    def adapts(self, failure: Failure, prefix: Prefix, parameters: Parameters) -> bool:
        """Whether a refusal names a parameter that can go: bodies are made without it from now on."""
        body, _ = self.model.encode(prefix, parameters)
        return self.model.droppable.learn(failure, body)


async def lines_in(chunks: AsyncIterable[bytes]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The lines of a file of results, by custom id.

    A line that is blank, no JSON, no object or without a custom id is left out: it costs its own request, which then
    counts as lost and is asked again, and nothing else.
    """
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if (found := _line(line)) is not None:
                yield found
    if (found := _line(rest)) is not None:
        yield found


def _line(line: bytes) -> tuple[str, dict[str, Any]] | None:
    try:
        data = decode(line) if line.strip() else None
    except WRONG_SHAPE:
        return None
    if not isinstance(data, dict):
        return None
    name = data.get("custom_id")
    return (name, data) if isinstance(name, str) and name else None


def outcome_in(line: dict[str, Any], read: Callable[[dict[str, Any]], Completion | Failure]) -> Completion | Failure:
    """What `read` finds in a line; a line of an unknown form is an infra failure of its own request."""
    try:
        return read(line)
    except WRONG_SHAPE:
        return Failure("infra", "a line of an unknown form in the batch, not answered", retryable=True)


@contextmanager
def sdk_errors(wire: Wire) -> Iterator[None]:
    """What an SDK or a network raises, as BatchError; no reason quotes the key."""
    try:
        yield
    except wire.sdk.APIStatusError as error:
        answer = ApiError(error.status_code, error.body, str(error.message), error.response.headers)
        failure = classify(answer, wire.access.redact)
        unclear = error.status_code >= 500
        raise BatchError(failure.reason, failure.retryable, unclear, failure.retry_after_s, failure.cause) from None
    except wire.sdk.APIError as error:
        raise _broken(error, wire) from None
    except WRONG_SHAPE as error:
        raise BatchError(f"the batch API answered in an unknown form: {error}", again=False) from None
    except wire.transport_errors as error:
        raise _broken(error, wire) from None


def _broken(error: BaseException, wire: Wire) -> BatchError:
    failure = transport_failure(error, wire.access.redact)
    return BatchError(failure.reason, again=True, unclear=True, cause=failure.cause)


def read_answer(model: SdkModel, data: Any) -> Completion | Failure:
    """The answer that a result holds, read as it is live; a Failure where it holds none."""
    outcome = read_whole(model.wire.reader, data, BATCHED)
    if isinstance(outcome, Completion):
        return replace(outcome, batch=True)
    return replace(outcome, reason=model.wire.access.redact(f"in the batch: {outcome.reason}"))


def read_error(model: SdkModel, status: int | None, body: Any) -> Failure:
    """The failure of one request in a batch, by the table that holds for live ones."""
    failure = replace(classify(ApiError(status, body, ""), model.wire.access.redact), retry_after_s=None)
    return replace(failure, blames=blamed(body, "", model.droppable.replacements))
