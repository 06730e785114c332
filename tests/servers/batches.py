"""The vendors' batch APIs as fakes: a batch ends after a number of looks at it, its answers are those of live requests.

A fault with a status fails its request, one of kind `expired` lets it expire; both count as they do live.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from time import time
from typing import Any, Literal

from aiohttp import BodyPartReader, web

from tests.servers.config import Config
from tests.servers.wire import Body, Problem, decode, encode

Fate = Literal["succeeded", "errored", "expired", "canceled"]
_DAY_S = 86400


@dataclass(frozen=True)
class Line:
    """One request's result: the answer's body, or the vendor's error body with its status."""

    custom_id: str
    fate: Fate
    body: Body
    status: int = 200


@dataclass
class Batch:
    """A batch on the server: it ends after `looks` more looks."""

    id: str
    requests: list[tuple[str, Body]]
    headers: Mapping[str, str]
    looks: int
    created: float
    metadata: Mapping[str, str] = field(default_factory=dict)
    input_file: str = ""
    lines: list[Line] | None = None
    cancelled: bool = False

    def counted(self, fate: Fate) -> int:
        """How many requests have this fate."""
        return sum(line.fate == fate for line in self.lines or ())


Answering = Callable[[Body, Mapping[str, str]], tuple[Fate, int, Body]]


class BatchApi(ABC):
    """One vendor's batch endpoints; `answer` is what the server says to a single request."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.config = Config()
        self.forget()

    def forget(self) -> None:
        """No batches, no files."""
        self.batches: dict[str, Batch] = {}
        self.files: dict[str, bytes] = {}
        self._numbers = count(1)

    def report(self) -> list[dict[str, Any]]:
        """What was submitted: id, custom ids, bodies."""
        return [
            {"id": b.id, "custom_ids": [i for i, _ in b.requests], "bodies": [body for _, body in b.requests]}
            for b in self.batches.values()
        ]

    async def handle(self, request: web.BaseRequest) -> web.Response | None:
        """Answer one request, None where the path is none of a batch API."""
        version, *parts = [part for part in request.path.split("/") if part] or [""]
        found = await self.route(request, request.method, parts) if version == "v1" else None
        if found is None or isinstance(found, web.Response):
            return found
        return web.Response(body=encode(found), content_type="application/json")

    @abstractmethod
    async def route(self, request: web.BaseRequest, method: str, parts: list[str]) -> Body | web.Response | None:
        """The vendor's paths, without the version."""

    def look(self, batch: Batch) -> None:
        """A look at a batch, which may end it."""
        if batch.lines is None:
            if batch.looks > 0 and not self.config.batch_end:
                batch.looks -= 1
                return
            batch.lines = [self._line(custom_id, body, batch.headers) for custom_id, body in reversed(batch.requests)]
            if self.config.batch_cancelled:
                batch.cancelled = True
                batch.lines[1:] = [Line(line.custom_id, "canceled", {}) for line in batch.lines[1:]]

    def jsonl(self, lines: list[Body]) -> bytes:
        """A file of results, with the noise that the config asks for between them."""
        noise = [each.encode() for each in self.config.batch_noise]
        found = [part for line in lines for part in (*noise, encode(line))]
        return b"\n".join([*found, b""])

    def _line(self, custom_id: str, body: Body, headers: Mapping[str, str]) -> Line:
        fate, status, answer = self.answer(body, headers)
        return Line(custom_id, fate, answer, status)

    def add(self, kind: str, requests: list[tuple[str, Body]], headers: Mapping[str, str], **more: Any) -> Batch:
        """A new batch."""
        batch = Batch(f"{kind}_{next(self._numbers):06d}", requests, headers, self.config.batch_looks, time(), **more)
        self.batches[batch.id] = batch
        return batch

    def number(self) -> int:
        """A number that was not given yet."""
        return next(self._numbers)

    def newest_first(self) -> list[Batch]:
        """As the vendors list them."""
        return list(self.batches.values())[::-1]


class AnthropicBatches(BatchApi):
    """`/v1/messages/batches`."""

    async def route(self, request: web.BaseRequest, method: str, parts: list[str]) -> Body | web.Response | None:
        if parts[:2] != ["messages", "batches"]:
            return None
        if method == "POST" and len(parts) == 2:
            raw = decode(await request.content.read())
            if problem := self._refusal(raw):
                return _problem({"type": "error", "error": {"type": problem.type, "message": problem.message}}, 400)
            asked = [(each["custom_id"], each["params"]) for each in raw["requests"]]
            return self._shown(request, self.add("msgbatch", asked, request.headers))
        if method == "GET" and len(parts) == 2:
            found = [self._shown(request, batch) for batch in self.newest_first()]
            return {"data": found, "has_more": False, "first_id": None, "last_id": None}
        batch = self.batches.get(parts[2]) if len(parts) > 2 else None
        if batch is None:
            return _problem({"type": "error", "error": {"type": "not_found_error", "message": "no such batch"}}, 404)
        if parts[3:] == ["results"]:
            lines: list[Body] = [{"custom_id": each.custom_id, "result": _result(each)} for each in batch.lines or ()]
            return web.Response(body=self.jsonl(lines), content_type="application/x-jsonl")
        self.look(batch)
        return self._shown(request, batch)

    def _refusal(self, raw: Body) -> Problem | None:
        ids = [each["custom_id"] for each in raw["requests"]]
        if len(ids) != len(set(ids)) or not ids:
            return Problem(400, "invalid_request_error", "requests: custom_id must be unique")
        if len(ids) > self.config.batch_most:
            return Problem(400, "invalid_request_error", "requests: too many")
        for custom_id in ids:
            if not 1 <= len(custom_id) <= 64 or not custom_id.replace("_", "").replace("-", "").isalnum():
                return Problem(400, "invalid_request_error", "custom_id: String should match '^[a-zA-Z0-9_-]{1,64}$'")
        return None

    def _shown(self, request: web.BaseRequest, batch: Batch) -> Body:
        ended = batch.lines is not None
        fates: tuple[Fate, ...] = ("succeeded", "errored", "expired", "canceled")
        counts = {fate: batch.counted(fate) for fate in fates}
        host = f"http://{request.headers['Host']}"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": {"processing": 0 if ended else len(batch.requests), **counts},
            "created_at": _date(batch.created),
            "expires_at": _date(batch.created + _DAY_S),
            "ended_at": _date(time()) if ended else None,
            "results_url": f"{host}/v1/messages/batches/{batch.id}/results" if ended else None,
            "archived_at": None,
            "cancel_initiated_at": _date(time()) if batch.cancelled else None,
        }


class OpenAIBatches(BatchApi):
    """`/v1/files` and `/v1/batches`."""

    async def route(self, request: web.BaseRequest, method: str, parts: list[str]) -> Body | web.Response | None:
        if parts[:1] == ["files"]:
            return await self._file(request, method, parts)
        if parts[:1] != ["batches"]:
            return None
        if method == "POST" and len(parts) == 1:
            return self._create(json.loads(await request.content.read()), request.headers)
        if method == "GET" and len(parts) == 1:
            return {"object": "list", "data": [self._shown(b) for b in self.newest_first()], "has_more": False}
        batch = self.batches.get(parts[1])
        if batch is None:
            return _problem({"error": {"message": "No such batch", "type": "invalid_request_error"}}, 404)
        self.look(batch)
        return self._shown(batch)

    async def _file(self, request: web.BaseRequest, method: str, parts: list[str]) -> Body | web.Response:
        if method == "POST" and len(parts) == 1:
            content, purpose = b"", ""
            async for part in await request.multipart():
                assert isinstance(part, BodyPartReader)
                value = bytes(await part.read())
                if part.name == "file":
                    content = value
                elif part.name == "purpose":
                    purpose = value.decode()
            if purpose != "batch":
                return _problem({"error": {"message": "purpose", "type": "invalid_request_error"}}, 400)
            name = f"file-{self.number():06d}"
            self.files[name] = content
            return {
                "id": name,
                "object": "file",
                "bytes": len(content),
                "created_at": 1,
                "filename": "b.jsonl",
                "purpose": "batch",
                "status": "processed",
            }
        name = parts[1] if len(parts) > 1 else ""
        if name not in self.files:
            return _problem({"error": {"message": "No such file", "type": "invalid_request_error"}}, 404)
        if method == "DELETE":
            del self.files[name]
            return {"id": name, "object": "file", "deleted": True}
        return web.Response(body=self.files[name], content_type="application/octet-stream")

    def _create(self, body: Body, headers: Mapping[str, str]) -> Body | web.Response:
        lines = [decode(line) for line in self.files.get(body["input_file_id"], b"").splitlines()]
        urls = {line["url"] for line in lines}
        wrong = not lines or urls != {body["endpoint"]} or body["completion_window"] != "24h"
        if wrong or len(lines) > self.config.batch_most:
            return _problem({"error": {"message": "invalid batch", "type": "invalid_request_error"}}, 400)
        asked = [(line["custom_id"], line["body"]) for line in lines]
        more = {"metadata": body.get("metadata") or {}, "input_file": body["input_file_id"]}
        return self._shown(self.add("batch", asked, headers, **more))

    def _shown(self, batch: Batch) -> Body:
        ended = batch.lines is not None
        good, bad = self._file_of(batch, "succeeded"), self._file_of(batch, "errored", "expired", "canceled")
        expired = batch.counted("expired") > 0
        done = batch.counted("succeeded")
        over = "cancelled" if batch.cancelled else "expired" if expired else "completed"
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "created_at": int(batch.created),
            "expires_at": int(batch.created) + _DAY_S,
            "input_file_id": batch.input_file,
            "status": over if ended else "in_progress",
            "output_file_id": good,
            "error_file_id": bad or ("" if self.config.batch_noise else None),
            "metadata": dict(batch.metadata),
            "request_counts": {
                "total": len(batch.requests),
                "completed": done,
                "failed": len(batch.lines or ()) - done,
            },
        }

    def _file_of(self, batch: Batch, *fates: Fate) -> str | None:
        lines = [_openai_line(each) for each in batch.lines or () if each.fate in fates]
        if not lines:
            return None
        name = f"file-{batch.id}-{fates[0]}"
        self.files[name] = self.jsonl(lines)
        return name


def _result(line: Line) -> Body:
    if line.fate == "succeeded":
        return {"type": "succeeded", "message": line.body}
    if line.fate == "errored":
        return {"type": "errored", "error": line.body}
    return {"type": line.fate}


def _openai_line(line: Line) -> Body:
    shown: Body = {"id": f"batch_req_{line.custom_id[:12]}", "custom_id": line.custom_id, "error": None}
    if line.fate in ("expired", "canceled"):
        error = {"code": f"batch_{line.fate}", "message": "This request could not be executed before it expired."}
        return {**shown, "response": None, "error": error}
    return {**shown, "response": {"status_code": line.status, "request_id": "req_batch", "body": line.body}}


def _problem(body: Body, status: int) -> web.Response:
    return web.Response(body=encode(body), status=status, content_type="application/json")


def _date(seconds: float) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).isoformat()
