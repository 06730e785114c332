"""Clouds as a fake, in a process of its own: Azure's chat completions, Claude on Bedrock and on Vertex AI.

It answers every question alike, checks Bedrock's signatures as AWS documents them, and tells at `/recorded` what came.
Run it by `serve_cloud`, or as `python -m tests.servers.cloud`, which prints its port.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import struct
import subprocess
import sys
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import web

ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE0000001", "secret/of+the/fake0123456789"
_CHAT_USAGE = {"prompt_tokens": 30, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 20}}
_USAGE = {"input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 0}


@dataclass(frozen=True)
class FakeCloud:
    """A fake under way."""

    url: str

    def recorded(self) -> list[dict[str, Any]]:
        """What came so far, oldest first."""
        with urllib.request.urlopen(f"{self.url}/recorded") as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found


@contextmanager
def serve_cloud() -> Iterator[FakeCloud]:
    """The fake in a process of its own."""
    command = [sys.executable, "-m", "tests.servers.cloud"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield FakeCloud(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


def signature_problem(request: web.Request, body: bytes) -> str | None:
    """Why a request's signature (version 4) is not that of its bytes and headers; None where it is."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([\w-]+)/(\w+)/aws4_request, SignedHeaders=([\w;-]+), "
        r"Signature=([0-9a-f]{64})",
        request.headers.get("Authorization", ""),
    )
    if found is None:
        return "no signature"
    key_id, day, region, service, names, signature = found.groups()
    if key_id != ACCESS_KEY or service != "bedrock":
        return f"signed by {key_id} for {service}"
    headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names.split(";"))
    path = quote(request.raw_path.partition("?")[0], safe="/~")
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join([request.method, path, "", headers, names, digest])
    scope = f"{day}/{region}/{service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["X-Amz-Date"], scope, hashed])
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (day, region, service, "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return None if key.hex() == signature else "the signature is another one"


def _message(text: str = "billing") -> dict[str, Any]:
    content = [{"type": "text", "text": text}]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-served",
        "content": content,
        "stop_reason": "end_turn",
        "usage": _USAGE,
    }


def _message_events() -> list[dict[str, Any]]:
    return [
        {"type": "message_start", "message": {**_message(), "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "billing"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]


def _chat_events() -> list[dict[str, Any]]:
    def chunk(**more: Any) -> dict[str, Any]:
        return {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "gpt-served",
            "choices": [],
            **more,
        }

    first = chunk(choices=[{"index": 0, "delta": {"content": "billing"}, "finish_reason": None}])
    last = chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    return [first, last, chunk(usage=_CHAT_USAGE)]


def _frame(kind: str, name: str, payload: bytes) -> bytes:
    """A frame of AWS' event streams."""
    headers = b""
    for key, value in ((":message-type", kind), (f":{kind}-type", name), (":content-type", "application/json")):
        headers += bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    message = prelude + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _aws_stream(events: list[dict[str, Any]], broken: bool) -> bytes:
    frames = [
        _frame("event", "chunk", json.dumps({"bytes": base64.b64encode(json.dumps(e).encode()).decode()}).encode())
        for e in events
    ]
    if broken:
        fault = _frame("exception", "throttlingException", b'{"message": "Too many requests"}')
        return b"".join([*frames[:2], fault])
    return b"".join(frames)


def _sse(events: list[dict[str, Any]], named: bool) -> bytes:
    lines = [(f"event: {e['type']}\n" if named else "") + f"data: {json.dumps(e)}\n\n" for e in events]
    return ("".join(lines) + ("" if named else "data: [DONE]\n\n")).encode()


class _Cloud:
    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    async def recorded(self, _: web.Request) -> web.Response:
        return web.json_response(self.seen)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        data = json.loads(body)
        self.seen.append(
            {"path": request.raw_path, "headers": {k.lower(): v for k, v in request.headers.items()}, "body": data}
        )
        asked = str(data["messages"][-1]["content"])
        if status := re.search(r"fail (\d+)", asked):
            return _problem(request.path, int(status[1]))
        if "/openai/deployments/" in request.path:
            return _chat(data)
        if request.path.startswith("/model/"):
            return _bedrock(request, body, asked)
        if request.path.endswith(":streamRawPredict"):
            return web.Response(body=_sse(_message_events(), True), content_type="text/event-stream")
        return web.json_response(_message())


def _problem(path: str, status: int) -> web.Response:
    if "/openai/" in path:
        return web.json_response({"error": {"code": str(status), "message": "no such deployment"}}, status=status)
    if path.startswith("/model/"):
        return web.json_response({"message": "not for you"}, status=status)
    error = {"code": status, "message": "not for you", "status": "PERMISSION_DENIED"}
    return web.json_response({"error": error}, status=status)


def _chat(data: dict[str, Any]) -> web.Response:
    if data.get("stream"):
        return web.Response(body=_sse(_chat_events(), False), content_type="text/event-stream")
    message = {"role": "assistant", "content": "billing"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return web.json_response(
        {"id": "c", "object": "chat.completion", "model": "gpt-served", "choices": [choice], "usage": _CHAT_USAGE}
    )


def _bedrock(request: web.Request, body: bytes, asked: str) -> web.Response:
    token = request.headers.get("Authorization", "").startswith("Bearer ")
    problem = None if token else signature_problem(request, body)
    extra = {"stream", "model"} & json.loads(body).keys()
    if problem or extra:
        return web.json_response({"message": problem or f"{extra}: extra inputs are not permitted"}, status=403)
    if request.path.endswith("/invoke-with-response-stream"):
        stream = _aws_stream(_message_events(), "break off" in asked)
        return web.Response(body=stream, content_type="application/vnd.amazon.eventstream")
    return web.json_response(_message())


async def _main() -> None:
    cloud = _Cloud()
    app = web.Application()
    app.router.add_get("/recorded", cloud.recorded)
    app.router.add_post("/{rest:.*}", cloud.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)  # type: ignore[union-attr]
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
