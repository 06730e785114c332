"""Counted only when it is on disk, soon, and never lost by what goes wrong there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.answer import Answer
from evalkit.engine.committer import Committer
from evalkit.engine.config import EngineConfig
from evalkit.errors import CacheError
from evalkit.records.completion import Completion, Failure
from evalkit.store.cache import ResponseCache
from tests.engine.asking import QUICK, Scripted, lane_of, request, said

TEXTS = [f"text {i}" for i in range(300)]


@dataclass
class Watched(ResponseCache):
    """A cache that notes what was committed, in batches, and can be told to fail."""

    broken: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.batches: list[set[str]] = []

    def commit(self, outcomes: Iterable[tuple[str, Completion | Failure]]) -> None:
        batch = list(outcomes)
        if self.broken:
            raise CacheError("no room")
        super().commit(batch)
        self.batches.append({key for key, _ in batch})

    @property
    def committed(self) -> set[str]:
        return set().union(*self.batches)


@pytest.fixture
def cache(tmp_path: Path) -> Any:
    opened = Watched(tmp_path)
    yield opened
    opened.close()


def run(cache: ResponseCache, deliver: Any, model: Scripted, config: EngineConfig = QUICK) -> None:
    async def ask() -> None:
        async with asyncio.timeout(30):
            await lane_of(model, cache, deliver, config).run((request(t, i), i) for i, t in enumerate(TEXTS))

    asyncio.run(ask())


def test_an_answer_is_delivered_only_when_it_is_on_disk(cache: Watched) -> None:
    delivered = []

    def deliver(answer: Answer[int]) -> None:
        assert answer.key in cache.committed
        other = ResponseCache(cache.folder)  # another connection sees it too
        assert other.get(answer.key) == answer.outcome
        other.close()
        delivered.append(answer.context)

    run(cache, deliver, Scripted(lambda *_: said()))
    assert sorted(delivered) == list(range(300))


def test_a_batch_has_at_most_64_answers(cache: Watched) -> None:
    run(cache, lambda _: None, Scripted(lambda *_: said()), replace(QUICK, prime=False, commit_seconds=60.0))
    assert [len(batch) for batch in cache.batches] == [64, 64, 64, 64, 300 - 256]


def test_an_answer_waits_no_longer_than_its_time(cache: Watched) -> None:
    """One slow request holds up nobody: what was answered before it is committed while it is under way."""
    seen: list[int] = []

    async def slow() -> Completion:
        while len(cache.committed) < 299:
            await asyncio.sleep(0.002)
        seen.append(len(cache.committed))
        return said()

    config = replace(QUICK, commit_answers=1000, commit_seconds=0.01, prime=False)
    run(cache, lambda _: None, Scripted(lambda each, _: slow() if each.suffix == TEXTS[0] else said()), config)
    assert seen == [299] and len(cache.committed) == 300


def test_a_rejected_sample_is_committed_and_an_infra_error_is_not(cache: Watched) -> None:
    outcomes: dict[int, Completion | Failure] = {0: Failure("rejected", "r"), 1: Failure("infra", "i"), 2: said()}
    found: list[Answer[int]] = []
    run(cache, found.append, Scripted(lambda each, _: outcomes[int(each.suffix.split()[1]) % 3]))
    assert len(found) == 300
    kept = {answer.key for answer in found if not isinstance(answer.outcome, Failure) or answer.outcome.kind != "infra"}
    assert cache.committed == kept and len(kept) == 200


@pytest.mark.parametrize("commit_answers", [64, 1000])
def test_a_cache_that_cannot_be_written_ends_the_asking(cache: Watched, commit_answers: int) -> None:
    cache.broken = True
    found: list[Answer[int]] = []
    model = Scripted(lambda *_: said())
    # Found out at a full batch, or by the clock.
    config = replace(QUICK, commit_answers=commit_answers, commit_seconds=0.005, concurrency=2)

    async def forever() -> None:
        async with asyncio.timeout(30):
            work = ((request(f"text {i}", i), i) for i in range(10**9))
            await lane_of(model, cache, found.append, config).run(work)

    with pytest.raises((CacheError, BaseExceptionGroup)) as caught:
        asyncio.run(forever())
    assert "no room" in str(caught.value) or caught.group_contains(CacheError, depth=2)
    assert found == []


def test_what_waits_is_kept_for_a_later_try(cache: Watched) -> None:
    counted: list[str] = []
    committer = Committer(cache, EngineConfig(commit_answers=2))
    cache.broken = True
    committer.add("aa" * 32, said("a"), lambda: counted.append("a"))
    for text in ("b", "c"):
        with pytest.raises(CacheError):
            committer.add(text * 64, said(text), lambda text=text: counted.append(text))  # type: ignore[misc]
    assert counted == []
    cache.broken = False
    committer.flush()
    assert counted == ["a", "b", "c"]
    assert cache.get("b" * 64) == said("b")
    committer.flush()
    assert len(cache.batches) == 1


@pytest.mark.parametrize("commit_answers", [1, 1000])
def test_an_error_of_the_receiver_is_not_swallowed(cache: Watched, commit_answers: int) -> None:
    """A full disk under the run's folder: the receiver raises, inside a worker or inside the clock's task."""

    class Full(Exception):
        pass

    def deliver(_: Answer[int]) -> None:
        raise Full

    config = replace(QUICK, commit_answers=commit_answers, commit_seconds=0.002)
    with pytest.raises((Full, BaseExceptionGroup)) as caught:
        run(cache, deliver, Scripted(lambda *_: said()), config)
    assert isinstance(caught.value, Full) or caught.group_contains(Full)


def test_an_error_of_the_work_keeps_what_was_answered(cache: Watched) -> None:
    def work() -> Any:
        yield from ((request(t, i), i) for i, t in enumerate(TEXTS[:100]))
        raise ValueError("row 101 lacks a column")

    async def ask() -> None:
        await lane_of(Scripted(lambda *_: said()), cache, lambda _: None, replace(QUICK, concurrency=4)).run(work())

    with pytest.raises(BaseExceptionGroup) as caught:
        asyncio.run(ask())
    assert caught.group_contains(ValueError)
    # 64 are looked up at once: what stands before the wrong row in its own 64 is not asked. At most 4 were in flight.
    assert 60 <= len(cache.committed) <= 64


def test_cancelling_keeps_what_was_answered_and_stops_what_was_not(cache: Watched) -> None:
    delivered: list[Answer[int]] = []
    aborted = 0

    async def answer(number: int) -> Completion:
        nonlocal aborted
        if number < 50:
            return said()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            aborted += 1
            raise
        raise AssertionError

    config = replace(QUICK, commit_answers=1000, commit_seconds=60.0, prime=False)
    model = Scripted(lambda each, _: answer(int(each.suffix.split()[1])))

    async def ask() -> None:
        work = ((request(t, i), i) for i, t in enumerate(TEXTS))
        task = asyncio.create_task(lane_of(model, cache, delivered.append, config).run(work))
        while len(model.sent) < 50 + 32:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert cache.batches == []
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(ask())
    assert (aborted, len(cache.committed), len(delivered)) == (32, 50, 50)


def test_other_tasks_get_their_turn_while_the_cache_answers(cache: Watched) -> None:
    run(cache, lambda _: None, Scripted(lambda *_: said()))
    turns = 0

    async def ask() -> None:
        nonlocal turns

        async def display() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(display())
        work = ((request(TEXTS[i % 300], i), i) for i in range(1500))
        await lane_of(Scripted(lambda *_: said()), cache, lambda _: None, replace(QUICK, concurrency=1)).run(work)
        other.cancel()

    asyncio.run(ask())
    assert turns >= 10
