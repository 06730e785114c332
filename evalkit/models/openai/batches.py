"""The OpenAI Batch API through the official SDK, and servers that speak it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from evalkit.models.batch import BatchItem, BatchState, not_answered
from evalkit.models.openai.model import OpenAIModel
from evalkit.models.sdk_batch import SdkBatches, lines_in, outcome_in, read_answer, read_error, sdk_errors
from evalkit.records.completion import Completion, Failure

_ENDPOINT = "/v1/chat/completions"
_MARK = "evalkit"
_LOOKED_AT = 100  # newest batches among which a lost one is looked for
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})


class OpenAIBatches(SdkBatches):
    """Batches of one model's requests: up to 50,000 or 200 MB each, answered within 24 hours."""

    most_requests = 50_000
    most_bytes = 200_000_000

    def __init__(self, model: OpenAIModel) -> None:
        super().__init__(model)
        self._batches, self._files = model.wire.client.batches, model.wire.client.files

    async def submit(self, items: Sequence[BatchItem], tag: str) -> str:
        """Upload the requests as a file, then make the batch; the tag is kept in its metadata."""
        lines = b"".join(_line(item) for item in items)
        with sdk_errors(self.model.wire):
            file = await self._files.create(file=(f"{tag}.jsonl", lines), purpose="batch")
            batch = await self._batches.create(
                input_file_id=file.id, endpoint=_ENDPOINT, completion_window="24h", metadata={_MARK: tag}
            )
            return str(batch.id)

    async def find(self, tag: str, created: float, n: int) -> list[str]:
        """Batches with this tag, oldest first."""
        with sdk_errors(self.model.wire):
            page = await self._batches.list(limit=_LOOKED_AT)
            return [str(batch.id) for batch in page.data if (batch.metadata or {}).get(_MARK) == tag][::-1]

    async def status(self, batch_id: str) -> BatchState:
        """Where it stands. A batch that failed as a whole tells why in `problem`."""
        with sdk_errors(self.model.wire):
            batch = await self._batches.retrieve(batch_id)
            counts = batch.request_counts
            total, succeeded, failed = (counts.total, counts.completed, counts.failed) if counts else (0, 0, 0)
            problem = _problem(batch) if batch.status == "failed" else None
            if problem is not None:
                problem = self.model.wire.access.redact(problem)
            ends = float(batch.expires_at) if batch.expires_at else None
            cancelled = batch.status == "cancelled"
            return BatchState(batch.status in _ENDED, total, succeeded, failed, ends, problem, cancelled)

    async def collect(self, batch_id: str) -> AsyncIterator[tuple[str, Completion | Failure]]:
        """All outcomes: those of the file of answers, then those of the file of errors."""
        with sdk_errors(self.model.wire):
            batch = await self._batches.retrieve(batch_id)
            # A file that there is none of is null, or an empty name.
            for name in (batch.output_file_id, batch.error_file_id):
                if name:
                    async for custom_id, line in lines_in(self._content(name, name == batch.error_file_id)):
                        yield custom_id, outcome_in(line, self._outcome)

    async def _content(self, name: str, of_errors: bool) -> AsyncIterator[bytes]:
        """A file. One of errors that is gone costs nothing that was paid for: its requests are asked again."""
        try:
            yield (await self._files.content(name)).content
        except self.model.wire.sdk.NotFoundError:
            if not of_errors:
                raise

    def _outcome(self, line: dict[str, Any]) -> Completion | Failure:
        response, error = line.get("response"), line.get("error")
        if response is None:
            code = str((error or {}).get("code") or "lost")
            return not_answered(code.removeprefix("batch_"))
        status, body = response.get("status_code"), response.get("body")
        if status is None or int(status) == 200:
            return read_answer(self.model, body)
        return read_error(self.model, int(status), body)


def _line(item: BatchItem) -> bytes:
    line = {"custom_id": item.custom_id, "method": "POST", "url": _ENDPOINT, "body": msgspec.Raw(item.body)}
    return msgspec.json.encode(line) + b"\n"


def _problem(batch: Any) -> str:
    errors = (batch.errors.data if batch.errors else None) or []
    told = "; ".join(str(error.message or error.code) for error in errors[:3])
    return told or "the batch failed without a reason"
