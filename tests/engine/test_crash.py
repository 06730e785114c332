"""A killed process loses nothing that it counted, and a second start sends only what was not committed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from evalkit.engine.key import RequestKey
from evalkit.models.registry import open_model
from evalkit.store.cache import ResponseCache
from tests.data import ROOT
from tests.engine.asking import PARAMETERS, PREFIX, QUICK, context, request, spec
from tests.servers.launch import FakeProvider

N, CONCURRENCY = 2000, 32


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.engine.crash_child", url, str(folder), str(N), str(CONCURRENCY)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def keys(url: str) -> list[str]:
    """The keys of the child's requests."""
    identity = open_model(spec("openai", url), context()).identity
    maker = RequestKey(identity, PREFIX, PARAMETERS)
    return [maker.of(request(f"text {i}", i)) for i in range(N)]


def held(url: str, folder: Path) -> set[int]:
    """The numbers of the requests that the cache has."""
    told: list[str] = []
    cache = ResponseCache(folder, warn=told.append)
    found = {i for i, key in enumerate(keys(url)) if cache.get(key) is not None}
    assert len(cache) == len(found) and told == []
    cache.close()
    return found


def test_kill_at_half(fake_openai: FakeProvider, tmp_path: Path) -> None:
    fake_openai.configure(strict=False, latency_ms=2)
    child = start(fake_openai.url, tmp_path)
    try:
        while child.poll() is None and fake_openai.stats()["answered"] < N // 2:
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert child.returncode == -signal.SIGKILL
    while fake_openai.stats()["in_flight"]:
        time.sleep(0.01)
    first = fake_openai.stats()
    assert N // 2 <= first["answered"] < N
    kept = held(fake_openai.url, tmp_path)
    window = QUICK.commit_answers + CONCURRENCY
    assert first["answered"] - window <= len(kept) <= first["answered"]

    fake_openai.configure(record=True, record_last=2 * N)
    second = start(fake_openai.url, tmp_path)
    out, _ = second.communicate(timeout=120)
    assert (second.returncode, out.strip()) == (0, str(N))
    stats = fake_openai.stats()
    asked_again = {int(each["body"]["messages"][-1]["content"].split()[1]) for each in stats["recorded"]}
    assert len(stats["recorded"]) == N - len(kept)  # each once, and
    assert asked_again == set(range(N)) - kept  # nothing that the cache held
    assert stats["distinct_answered"] == N
    assert stats["answered"] - N <= window
    assert stats["max_answered"] <= 2
    assert held(fake_openai.url, tmp_path) == set(range(N))
