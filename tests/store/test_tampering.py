"""Whoever can write the cache's folder can make answers wrong or missing, but can neither run code nor reach out."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from diskcache.core import MODE_BINARY, MODE_PICKLE, MODE_RAW, MODE_TEXT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.records.completion import Completion, Timing
from evalkit.store.cache import ResponseCache, _checksum

ANSWER = Completion("yes", "end", Timing(1.0))
OTHER = Completion("no", "end", Timing(1.0))
KEY, OTHER_KEY = "ab" * 32, "cd" * 32


@dataclass
class Victim:
    """A cache with two answers whose database is written to behind its back."""

    folder: Path
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cache = ResponseCache(self.folder, warn=self.told.append)
        self.cache.commit([(KEY, ANSWER), (OTHER_KEY, OTHER)])

    def write(self, key: str = KEY, **columns: Any) -> None:
        """Change columns of a row."""
        names = ", ".join(f"{name} = ?" for name in columns)
        with closing(sqlite3.connect(self.folder / "cache.db")) as db, db:
            changed = db.execute(f"UPDATE Cache SET {names} WHERE key = ?", (*columns.values(), bytes.fromhex(key)))
            assert changed.rowcount == 1

    def value(self, key: str = KEY) -> bytes:
        """The stored bytes."""
        with closing(sqlite3.connect(self.folder / "cache.db")) as db:
            row = db.execute("SELECT value FROM Cache WHERE key = ?", (bytes.fromhex(key),)).fetchone()
        return bytes(row[0])

    def is_a_miss_with_a_warning(self) -> bool:
        before = len(self.told)
        if KEY in self.cache.entries([KEY, OTHER_KEY]):
            return False
        return self.cache.get(KEY) is None and len(self.told) == before + 1


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    made = Victim(tmp_path / "cache")
    yield made
    made.cache.close()


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def test_a_planted_pickle_never_runs(victim: Victim, tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "ran"))
    victim.write(mode=MODE_PICKLE, value=bomb)
    assert victim.is_a_miss_with_a_warning()
    (victim.folder / "bomb.val").write_bytes(bomb)
    victim.write(mode=MODE_PICKLE, value=None, filename="bomb.val")
    assert victim.is_a_miss_with_a_warning()
    with closing(sqlite3.connect(victim.folder / "cache.db")) as db, db:
        db.execute("UPDATE Cache SET raw = 0, key = ? WHERE key = ?", (bomb, bytes.fromhex(KEY)))
    assert victim.cache.get(KEY) is None
    with pytest.raises(ValueError, match="not plain bytes"):
        list(victim.cache._cache)
    assert not (tmp_path / "ran").exists()
    victim.cache.commit([(KEY, ANSWER)])
    assert victim.cache.get(KEY) == ANSWER


@pytest.mark.parametrize(
    "columns",
    [
        {"mode": MODE_TEXT, "value": "text"},
        {"mode": MODE_RAW, "value": "text"},
        {"mode": MODE_RAW, "value": 5},
        {"mode": MODE_RAW, "value": 0.5},
        {"mode": 99, "value": b"x"},
        {"mode": None, "value": b"x"},
        {"mode": MODE_RAW, "value": b""},
        {"mode": MODE_RAW, "value": b"1234567"},
        {"mode": MODE_BINARY, "value": None, "filename": "absent.val"},
        {"mode": MODE_BINARY, "value": None, "filename": "."},
        {"mode": MODE_BINARY, "value": None, "filename": "a\x00b"},
        {"mode": MODE_BINARY, "value": None, "filename": b"bytes"},
    ],
    ids=str,
)
def test_a_row_of_another_kind_is_a_miss(victim: Victim, columns: dict[str, Any]) -> None:
    victim.write(**columns)
    assert victim.is_a_miss_with_a_warning()
    victim.cache.commit([(KEY, ANSWER)])
    assert victim.cache.get(KEY) == ANSWER


@pytest.mark.parametrize("kind", ["relative", "absolute", "link"])
def test_a_row_that_points_outside_reads_and_removes_nothing(victim: Victim, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside.val"
    outside.write_bytes(victim.value())  # a whole and fitting entry, were it inside
    name = {"relative": "../outside.val", "absolute": str(outside), "link": "link.val"}[kind]
    (victim.folder / "link.val").symlink_to(outside)
    victim.write(mode=MODE_BINARY, value=None, filename=name)
    assert victim.is_a_miss_with_a_warning()
    victim.cache.commit([(KEY, OTHER)])  # diskcache removes the file of a row that it overwrites
    assert victim.cache.get(KEY) == OTHER
    assert outside.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_flipped_bit_is_a_miss(victim: Victim, data: st.DataObject) -> None:
    victim.cache.commit([(KEY, ANSWER)])
    victim.cache._damaged = 0
    value = bytearray(victim.value())
    value[data.draw(st.integers(0, len(value) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    victim.write(value=bytes(value))
    assert victim.is_a_miss_with_a_warning()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_truncated_value_is_a_miss(victim: Victim, data: st.DataObject) -> None:
    victim.cache.commit([(KEY, ANSWER)])
    victim.cache._damaged = 0
    value = victim.value()
    victim.write(value=value[: data.draw(st.integers(0, len(value) - 1))])
    assert victim.is_a_miss_with_a_warning()


def test_swapped_values_are_misses(victim: Victim) -> None:
    one, other = victim.value(KEY), victim.value(OTHER_KEY)
    victim.write(KEY, value=other)
    victim.write(OTHER_KEY, value=one)
    assert victim.is_a_miss_with_a_warning()
    assert victim.cache.get(OTHER_KEY) is None


def test_swapped_values_of_a_long_namespace_are_misses(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path, namespace="n" * 100)
    cache.commit([(KEY, ANSWER), (OTHER_KEY, OTHER)])
    with closing(sqlite3.connect(tmp_path / "cache.db")) as db, db:
        (one,), (other,) = db.execute("SELECT value FROM Cache ORDER BY rowid").fetchall()
        db.execute("UPDATE Cache SET value = CASE WHEN value = ? THEN ? ELSE ? END", (one, other, one))
    assert cache.get(KEY) is None and cache.get(OTHER_KEY) is None
    cache.close()


def signed(payload: bytes) -> bytes:
    """A value whose checksum is right: the checksum is no signature."""
    return _checksum(bytes.fromhex(KEY), payload) + payload


@pytest.mark.parametrize(
    "entry",
    [
        {},
        [],
        None,
        {"completion": None, "failure": None},
        {"completion": {"text": 5, "stop": "end", "timing": {"latency_ms": 1}}},
        {"completion": {"text": "yes", "stop": "none of ours", "timing": {"latency_ms": 1}}},
        {"completion": {"text": "yes", "stop": "end"}},
        {"failure": {"kind": "infra", "reason": "never stored"}},
        {
            "completion": {"text": "yes", "stop": "end", "timing": {"latency_ms": 1}},
            "failure": {"kind": "rejected", "reason": "both"},
        },
    ],
    ids=str,
)
def test_json_that_is_no_outcome_is_a_miss(victim: Victim, entry: Any) -> None:
    victim.write(value=signed(msgspec.json.encode(entry)))
    assert victim.is_a_miss_with_a_warning()


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"completion":' * 50_000])
def test_what_is_no_json_is_a_miss(victim: Victim, payload: bytes) -> None:
    victim.write(value=signed(payload))
    assert victim.is_a_miss_with_a_warning()


def test_many_damaged_entries_are_not_told_one_by_one(victim: Victim) -> None:
    victim.write(value=b"damaged!")
    for _ in range(100):
        assert victim.cache.get(KEY) is None
    assert len(victim.told) == 6
    assert victim.told[0] == f"cached answer {KEY[:12]} is damaged (its checksum is wrong); it is asked again"
    assert victim.told[-1] == "more cached answers are damaged; they are asked again"
