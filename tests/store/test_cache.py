"""The response cache: what is kept, by several processes at once, and when the disk does not take it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from evalkit.errors import CacheError
from evalkit.records.completion import Completion, Failure, Timing, Usage
from evalkit.records.places import cache_folder
from evalkit.store import cache as cache_module
from evalkit.store.bytes_disk import BytesDisk
from evalkit.store.cache import Entry, ResponseCache
from tests.data import ROOT

FULL = Completion("text é\x00 ‮", "refusal", Timing(1.5, 0.5), Usage(1, 2, 3, 4, 5, 6), "served", ("seed",))
REJECTED = Failure("rejected", "too long", http_status=400)
CONFIRMED = Entry(None, REJECTED, confirmed=True)


def key(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ResponseCache]:
    opened = ResponseCache(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "outcome", [FULL, Completion("", "end", Timing(0.0)), REJECTED], ids=["full", "bare", "rejected"]
)
def test_what_was_kept_comes_back(tmp_path: Path, cache: ResponseCache, outcome: Completion | Failure) -> None:
    cache.commit([(key(1), outcome)])
    cache.close()
    again = ResponseCache(tmp_path)
    assert again.get(key(1)) == outcome and again.get(key(2)) is None
    again.close()


def test_a_refusal_that_was_not_confirmed_is_a_mark_and_no_outcome(cache: ResponseCache) -> None:
    cache.commit([(key(1), replace(REJECTED, kind="ambiguous"))])
    assert cache.get(key(1)) is None
    marked = cache.entry(key(1))
    assert marked is not None and marked.failure is not None and marked.outcome is None
    cache.commit([(key(1), FULL)])
    assert cache.get(key(1)) == FULL


def test_refusals_of_earlier_versions_are_marks(cache: ResponseCache) -> None:
    """They were kept after one refusal, without a word on whether it was confirmed."""
    name = bytes.fromhex(key(1))
    old = msgspec.json.encode({"completion": None, "failure": msgspec.to_builtins(REJECTED)})
    cache._cache.set(name, cache_module._checksum(name, old) + old)
    assert cache.get(key(1)) is None and cache.entry(key(1)) == Entry(None, REJECTED)


def test_a_long_answer_lies_in_a_file_of_its_own_and_comes_back(tmp_path: Path, cache: ResponseCache) -> None:
    long = replace(FULL, text="é" * 200_000)
    cache.commit([(key(1), long)])
    assert list(tmp_path.rglob("*.val")) != []
    assert cache.get(key(1)) == long


def test_a_later_answer_takes_the_place_of_an_earlier(cache: ResponseCache) -> None:
    cache.commit([(key(1), FULL)])
    cache.commit([(key(1), replace(FULL, text="new"))])
    assert len(cache) == 1
    assert cache.get(key(1)) == replace(FULL, text="new")


def test_a_namespace_is_a_world_of_its_own(tmp_path: Path, cache: ResponseCache) -> None:
    cache.commit([(key(1), FULL)])
    night = ResponseCache(tmp_path, namespace="2026-11-24T02-00-00Z" * 5)
    assert night.get(key(1)) is None
    night.commit([(key(1), REJECTED), (key(2), FULL)])
    assert (night.get(key(1)), cache.get(key(1)), cache.get(key(2))) == (REJECTED, FULL, None)
    night.close()


def test_many_are_got_at_once_and_long_ones_alone(cache: ResponseCache) -> None:
    cache.commit([(key(1), FULL), (key(2), REJECTED), (key(3), replace(FULL, text="é" * 200_000))])
    cache.within("night").commit([(key(4), FULL)])
    assert cache.entries([key(n) for n in (5, 4, 3, 2, 1, 1)]) == {key(1): Entry(FULL), key(2): CONFIRMED}
    assert cache.within("night").entries([key(1), key(4)]) == {key(4): Entry(FULL)}
    assert cache.entries([]) == {}


def test_many_are_found_by_the_index(cache: ResponseCache) -> None:
    statements: list[str] = []
    cache._cache._con.set_trace_callback(statements.append)
    cache.entries([key(1), key(2)])
    (select,) = statements
    plan = cache._cache._sql(f"EXPLAIN QUERY PLAN {select}").fetchall()
    assert "USING INDEX Cache_key_raw (key=? AND raw=?)" in plan[0][-1]


def test_only_bytes_go_to_the_disk(tmp_path: Path) -> None:
    disk = BytesDisk(str(tmp_path))
    for value in ("text", 5, None, {"a": 1}, bytearray(b"x")):
        with pytest.raises(TypeError):
            disk.store(value, False)
        with pytest.raises(TypeError):
            disk.put(value)


def test_the_folder_is_the_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "cache"
    ResponseCache(folder).close()
    assert folder.stat().st_mode & 0o077 == 0


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/evalkit")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert cache_folder() == Path.home() / ".cache" / "evalkit"


_WRITER = """
import sys
from pathlib import Path
from evalkit.records.completion import Completion, Timing
from evalkit.store.cache import Entry, ResponseCache
folder, start = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True); sys.stdin.readline()
cache = ResponseCache(folder)
for batch in range(40):
    numbers = [start + batch * 10 + i for i in range(10)] + [10**6 + batch]
    cache.commit((f"{n:064x}", Completion(str(n), "end", Timing(1.0))) for n in numbers)
cache.close()
"""


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    writers = [subprocess.Popen([*command, str(start)], **pipes) for start in (0, 1000)]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")  # type: ignore[union-attr]
        writer.stdin.flush()  # type: ignore[union-attr]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    cache = ResponseCache(tmp_path)
    assert len(cache) == 400 + 400 + 40
    for number in (*range(400), *range(1000, 1400), *range(10**6, 10**6 + 40)):
        found = cache.get(key(number))
        assert isinstance(found, Completion) and found.text == str(number)
    cache.close()


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(CacheError, match=f"response cache {folder} cannot be opened"):
            ResponseCache(folder)


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)  # root may write anywhere
    with pytest.raises(CacheError, match="Permission denied"):
        ResponseCache(tmp_path / "new")


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cache.db").write_bytes(content)
    with pytest.raises(CacheError, match="cannot be opened"):
        ResponseCache(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [("disk_evil", 1), ("disk_min_file_size", "x"), ("eviction_policy", "x"), ("sqlite_x;y", 1)]
)
def test_settings_that_somebody_else_wrote(tmp_path: Path, cache: ResponseCache, name: str, value: Any) -> None:
    cache.close()
    with sqlite3.connect(tmp_path / "cache.db") as db:
        db.execute("INSERT OR REPLACE INTO Settings VALUES (?, ?)", (name, value))
    try:
        opened = ResponseCache(tmp_path)
    except CacheError:
        return
    opened.commit([(key(1), FULL)])
    assert opened.get(key(1)) == FULL
    opened.close()


def test_a_full_disk_is_told_and_passes(cache: ResponseCache) -> None:
    long = replace(FULL, text="x" * 20_000)
    connection = cache._cache._con
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(CacheError, match="cannot be written: database or disk is full"):
        cache.commit((key(n), long) for n in range(64))
    assert len(cache) == 0  # all or nothing
    cache.commit((key(n), long) for n in range(64))  # the limit went with its connection
    assert len(cache) == 64


def test_a_commit_that_fails_at_its_end_does_not_block_the_next(
    cache: ResponseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = type(cache._cache)._sql.fget

    def broken(self: Any) -> Any:
        def run(statement: str, *rest: Any) -> Any:
            if statement == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            return plain(self)(statement, *rest)

        return run

    with monkeypatch.context() as patch:
        patch.setattr(type(cache._cache), "_sql", property(broken))
        with pytest.raises(CacheError, match="disk I/O error"):
            cache.commit([(key(1), FULL)])
    assert cache.get(key(1)) is None
    cache.commit([(key(1), FULL)])
    assert cache.get(key(1)) == FULL


def test_a_disk_that_is_read_only_is_told_at_once(cache: ResponseCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """diskcache itself would try to begin for ever."""
    tries = 0
    plain = type(cache._cache)._sql.fget

    def read_only(self: Any) -> Any:
        def run(statement: str, *rest: Any) -> Any:
            nonlocal tries
            if statement == "BEGIN IMMEDIATE":
                tries += 1
                assert tries < 10
                raise sqlite3.OperationalError("attempt to write a readonly database")
            return plain(self)(statement, *rest)

        return run

    monkeypatch.setattr(type(cache._cache), "_sql", property(read_only))
    with pytest.raises(CacheError, match="another process holds it, or the disk is full or read-only"):
        cache.commit([(key(1), FULL)])
    assert tries == 1


def test_another_process_that_holds_the_file_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_BUSY_S", 0.05)
    cache = ResponseCache(tmp_path)
    other = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CacheError, match="another process holds it"):
        cache.commit([(key(1), FULL)])
    assert cache.get(key(1)) is None
    other.execute("ROLLBACK")
    other.close()
    cache.commit([(key(1), FULL)])
    assert cache.get(key(1)) == FULL
    cache.close()


def test_a_large_answer_on_a_full_disk(cache: ResponseCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(BytesDisk, "_write", full)
    with pytest.raises(CacheError, match="No space left on device"):
        cache.commit([(key(1), FULL), (key(2), replace(FULL, text="x" * 200_000))])
    assert len(cache) == 0
