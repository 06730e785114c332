"""Anthropic's Message Batches through the official SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from evalkit.errors import BatchError
from evalkit.models.anthropic.model import AnthropicModel
from evalkit.models.batch import BatchItem, BatchState, not_answered
from evalkit.models.fields import decode
from evalkit.models.inside import NAMED_STATUS
from evalkit.models.sdk_batch import SdkBatches, lines_in, outcome_in, read_answer, read_error, sdk_errors
from evalkit.records.completion import Completion, Failure

_LOOKED_AT = 100  # newest batches among which a lost one is looked for
_CLOCKS_DIFFER_S = 120.0


class AnthropicBatches(SdkBatches):
    """Batches of one model's requests: up to 100,000 or 256 MB each, answered within 24 hours."""

    most_requests = 100_000
    most_bytes = 256_000_000

    def __init__(self, model: AnthropicModel) -> None:
        super().__init__(model)
        self._api = model.wire.client.messages.batches
        self._headers = {"anthropic-version": model.api_version}

    async def submit(self, items: Sequence[BatchItem], tag: str) -> str:
        """Send a batch. There is no place for the tag."""
        requests = [{"custom_id": item.custom_id, "params": decode(item.body)} for item in items]
        with sdk_errors(self.model.wire):
            batch = await self._api.create(requests=requests, extra_headers=self._headers)
            return str(batch.id)

    async def find(self, tag: str, created: float, n: int) -> list[str]:
        """Batches of as many requests that are not older, oldest first."""
        with sdk_errors(self.model.wire):
            page = await self._api.list(limit=_LOOKED_AT)
            found = [
                str(batch.id)
                for batch in page.data
                if batch.created_at.timestamp() >= created - _CLOCKS_DIFFER_S and sum(_counts(batch)) == n
            ]
        return found[::-1]

    async def status(self, batch_id: str) -> BatchState:
        """Where it stands."""
        with sdk_errors(self.model.wire):
            batch = await self._api.retrieve(batch_id)
            processing, succeeded, *failed = _counts(batch)
            ends = batch.expires_at.timestamp() if isinstance(batch.expires_at, datetime) else None
            ended = batch.processing_status == "ended"
            cancelled = ended and batch.cancel_initiated_at is not None
            total = processing + succeeded + sum(failed)
            return BatchState(ended, total, succeeded, sum(failed), ends, cancelled=cancelled)

    async def collect(self, batch_id: str) -> AsyncIterator[tuple[str, Completion | Failure]]:
        """All outcomes."""
        with sdk_errors(self.model.wire):
            try:
                async with self._api.with_streaming_response.results(batch_id) as response:
                    async for name, line in lines_in(response.iter_bytes()):
                        yield name, outcome_in(line, self._outcome)
            except self.model.wire.sdk.AnthropicError as error:
                if isinstance(error, self.model.wire.sdk.APIError):
                    raise
                raise BatchError(
                    f"batch {batch_id} has no results (any more): they are kept for 29 days", False
                ) from None

    def _outcome(self, line: dict[str, Any]) -> Completion | Failure:
        result = line["result"]
        kind = result.get("type")
        if kind == "succeeded":
            return read_answer(self.model, result.get("message"))
        if kind == "errored":
            body = result.get("error")
            inner = body.get("error") if isinstance(body, dict) else None
            named = str(inner.get("type")) if isinstance(inner, dict) else ""
            return read_error(self.model, NAMED_STATUS.get(named, 500), body)
        return not_answered(str(kind))


def _counts(batch: Any) -> tuple[int, int, int, int, int]:
    """Processing, succeeded, errored, expired, canceled."""
    counts = batch.request_counts
    return counts.processing, counts.succeeded, counts.errored, counts.expired, counts.canceled
