"""Start a fake provider in a process of its own: as a command, or from Python by `serve`.

The command prints one line of JSON, `{"port": N, "url": …}`, when it is ready, and serves until it is killed
or until its standard input, where that is a pipe, closes: it never outlives the process that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import queue
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

ApiName = Literal["anthropic", "openai"]

_ROOT = Path(__file__).resolve().parents[2]
_READY_WITHIN_S = 60.0
# Loopback is never asked for through a proxy.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class FakeProvider:
    """A running fake. `url` is what the vendor's SDK takes as `base_url`."""

    url: str
    port: int
    pid: int

    def stats(self) -> dict[str, Any]:
        """The server's counters, see `tests.servers.counters.Stats.report`."""
        return self._ask("__stats")

    def reset(self, *, config: bool = False) -> None:
        """Empty counters, recorded requests and prompt cache, start fault counts and rate limits anew.

        With `config` the settings go back to those of the start as well.
        """
        self._ask("__reset", {"config": config})

    def configure(self, **config: Any) -> None:
        """Change the given settings (fields of `tests.servers.config.Config`); raises ValueError."""
        self._ask("__control", config)

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", data=data)
        try:
            with _OPENER.open(request, timeout=30) as response:
                answer: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from error
        return answer


@contextmanager
def serve(api: ApiName, **config: Any) -> Iterator[FakeProvider]:
    """Run a fake of `api` while the block lasts; `config` holds fields of `tests.servers.config.Config`.

    Raises RuntimeError with the server's own words where it does not start.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        command = [sys.executable, "-m", "tests.servers.launch", "--api", api, "--config", str(path)]
        with (Path(folder) / "stderr").open("w+", encoding="utf-8") as errors:
            process = subprocess.Popen(
                command,
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # a Ctrl-C meant for the program under test does not reach it
            )
            try:
                ready = json.loads(_first_line(process) or _fail(api, process, errors))
                yield FakeProvider(ready["url"], ready["port"], process.pid)
            finally:
                process.kill()
                process.communicate()


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """The server's first line; empty when it ended or was not ready in time."""
    lines: queue.Queue[bytes] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=lambda out: lines.put(out.readline()), args=(process.stdout,), daemon=True).start()
    try:
        return lines.get(timeout=_READY_WITHIN_S)
    except queue.Empty:
        return b""


def _fail(api: str, process: subprocess.Popen[bytes], errors: IO[str]) -> bytes:
    process.kill()
    process.wait()
    errors.seek(0)
    raise RuntimeError(f"the fake {api} server did not start:\n{errors.read()}")


async def _run(api: ApiName, settings: dict[str, Any]) -> None:
    from aiohttp import web

    from tests.servers.anthropic_server import AnthropicApi
    from tests.servers.common import Server
    from tests.servers.openai_server import OpenAIApi

    server = Server(AnthropicApi() if api == "anthropic" else OpenAIApi(), settings)
    # The low-level server has no router and no middleware to pay for; cancelling frees hanging requests.
    runner = web.ServerRunner(web.Server(server.handle, handler_cancellation=True, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    port = runner.addresses[0][1]
    url = f"http://127.0.0.1:{port}" + ("" if api == "anthropic" else "/v1")
    print(json.dumps({"port": port, "url": url}), flush=True)
    await _stdin_closed()


async def _stdin_closed() -> None:
    mode = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        await asyncio.Event().wait()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(0, "rb", closefd=False)
    )
    while await reader.read(65536):
        pass


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.launch", description=__doc__)
    parser.add_argument("--api", choices=("anthropic", "openai"), required=True)
    parser.add_argument("--config", type=Path, help="JSON file with fields of tests.servers.config.Config")
    options = parser.parse_args()
    settings = json.loads(options.config.read_text(encoding="utf-8")) if options.config else {}
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(options.api, settings))


if __name__ == "__main__":
    main()
