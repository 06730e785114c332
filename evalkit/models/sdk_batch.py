"""What the batch APIs behind SDKs have in common: their errors, and reading results as live answers are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from evalkit.errors import BatchError
from evalkit.models.failures import ApiError, classify, transport_failure
from evalkit.models.fields import WRONG_SHAPE
from evalkit.models.sdk import SdkModel, Wire
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

    def adapts(self, failure: Failure, prefix: Prefix, parameters: Parameters) -> bool:
        """Whether a refusal names a parameter that can go: bodies are made without it from now on."""
        body, _ = self.model.encode(prefix, parameters)
        return self.model.droppable.learn(failure, body)


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
    return replace(classify(ApiError(status, body, ""), model.wire.access.redact), retry_after_s=None)
