"""A hub on 127.0.0.1 that speaks as much of the Hugging Face HTTP API as reading a data set takes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

HEAD = "a1" * 20
"""The commit that `main` stands for."""

OLD = "b2" * 20
"""A commit before it, of the repositories that have files under `name@OLD`."""

Files = Mapping[str, bytes]


def parquet(columns: Mapping[str, Any], features: Mapping[str, Any]) -> bytes:
    """A Parquet file with the features of `datasets` in its metadata."""
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(columns)).replace_schema_metadata(metadata), buffer, row_group_size=10)
    return buffer.getvalue()


class Hub(ThreadingHTTPServer):
    """`repos`: name → path → content at HEAD. `seen` lists the requests as (method, path)."""

    daemon_threads = True

    def __init__(self, repos: Mapping[str, Files]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos = repos
        self.seen: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        """What HF_ENDPOINT must be."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def hub(repos: Mapping[str, Files]) -> Iterator[Hub]:
    """A hub that serves from a thread until the end of the block."""
    with Hub(repos) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the requests are in `seen`."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.seen.append((self.command, path))
        if match := re.fullmatch(r"/api/datasets/(\w+/\w+)(?:/revision/(\w+))?", path):
            self._info(*match.groups())
        elif match := re.fullmatch(r"/api/datasets/(\w+/\w+)/tree/(\w+)(?:/(.+))?", path):
            self._tree(*match.groups())
        elif match := re.fullmatch(r"/datasets/(\w+/\w+)/resolve/(\w+)/(.+)", path):
            self._file(*match.groups())
        else:
            self._missing("RepoNotFound")

    do_HEAD = do_GET

    def _files(self, name: str, revision: str | None) -> Files | None:
        if name not in self.server.repos:
            self._missing("RepoNotFound")
            return None
        found = self.server.repos.get(name if revision in (None, "main", HEAD) else f"{name}@{revision}")
        if found is None:
            self._missing("RevisionNotFound")
        return found

    def _info(self, name: str, revision: str | None) -> None:
        files = self._files(name, revision)
        if files is not None:
            sha = OLD if revision == OLD else HEAD
            siblings = [{"rfilename": path} for path in files]
            self._json({"_id": "1", "id": name, "sha": sha, "private": False, "tags": [], "siblings": siblings})

    def _tree(self, name: str, revision: str, folder: str | None) -> None:
        files = self._files(name, revision)
        if files is None:
            return
        base = f"{folder}/" if folder else ""
        entries: dict[str, Any] = {}
        for path, content in files.items():
            if path.startswith(base):
                first, slash, _ = path.removeprefix(base).partition("/")
                kind = "directory" if slash else "file"
                size = 0 if slash else len(content)
                entries[first] = {"type": kind, "path": base + first, "size": size, "oid": _hash(content)}
        self._json(list(entries.values())) if entries else self._missing("EntryNotFound")

    def _file(self, name: str, revision: str, path: str) -> None:
        files = self._files(name, revision)
        if files is None:
            return
        if path not in files:
            self._missing("EntryNotFound")
            return
        content, headers = files[path], {"ETag": f'"{_hash(files[path])}"', "X-Repo-Commit": revision}
        wanted = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if wanted is None:
            self._send(200, content, headers)
            return
        start, end = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        self._send(206, content[start : end + 1], headers)

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _missing(self, code: str) -> None:
        self._send(404, b'{"error": "not found"}', {"X-Error-Code": code})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _hash(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
