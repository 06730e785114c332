"""Nothing is asked twice: identical requests, primed prefixes, cached answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.engine.answer import Answer
from evalkit.engine.config import EngineConfig
from evalkit.engine.primer import Primers
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.request import Request
from evalkit.store.cache import ResponseCache
from tests.engine.asking import (
    LONG_PREFIX,
    PREFIX,
    QUICK,
    Scripted,
    context,
    lane_of,
    request,
    run_fake,
    run_lane,
    said,
    spec,
)
from tests.servers.launch import FakeProvider

UNPRIMED = replace(QUICK, prime=False)


@pytest.mark.parametrize("config", [QUICK, UNPRIMED], ids=["primed", "unprimed"])
def test_identical_requests_in_flight_are_sent_once(
    fake_anthropic: FakeProvider, tmp_path: Path, config: EngineConfig
) -> None:
    fake_anthropic.configure(latency_ms=30)
    asked = run_fake(fake_anthropic, "anthropic", tmp_path, ["a", "b", "a", "c", "a", "b"] * 10, config)
    assert asked.kinds == {"answer": 60} and asked.numbers == list(range(60))
    assert fake_anthropic.stats()["requests"] == 3
    assert sum(answer.sent for answer in asked.answers) == 3


def test_identical_requests_share_a_failure_too(tmp_path: Path) -> None:
    model = Scripted(lambda *_: Failure("infra", "down"))
    asked = run_lane(model, tmp_path, ["a"] * 20)
    assert asked.kinds == {"infra": 20} and asked.numbers == list(range(20))
    assert len(model.sent) == 1


def test_a_later_one_comes_from_the_cache(tmp_path: Path) -> None:
    texts = [str(i) for i in range(300)] + ["0"]
    asked = run_lane(Scripted(lambda *_: said()), tmp_path, texts, replace(QUICK, concurrency=1))
    last = next(answer for answer in asked.answers if answer.context == 300)
    assert (last.from_cache, last.sent) == (True, False)
    assert (asked.monitor.cached, asked.monitor.sent) == (1, 300)


def test_one_that_is_waiting_for_the_disk_is_not_sent_again(tmp_path: Path) -> None:
    slow = replace(QUICK, concurrency=1, commit_seconds=30.0, commit_answers=1000)
    model = Scripted(lambda *_: said())
    asked = run_lane(model, tmp_path, ["a", "b", "a"], slow)
    assert asked.kinds == {"answer": 3} and model.sent == ["a", "b"]


def test_a_second_run_sends_nothing(fake_openai: FakeProvider, tmp_path: Path) -> None:
    fake_openai.configure(strict=False)
    texts = [f"text {i}" for i in range(200)]
    first = run_fake(fake_openai, "openai", tmp_path, texts)
    second = run_fake(fake_openai, "openai", tmp_path, texts)
    assert fake_openai.stats()["requests"] == 200
    outcomes = [{a.context: a.outcome for a in asked.answers} for asked in (first, second)]
    assert outcomes[0] == outcomes[1]  # first latency and first usage are kept


def test_a_model_that_is_not_cacheable_is_always_asked(tmp_path: Path) -> None:
    model = Scripted(lambda *_: said(), cacheable=False)
    asked = run_lane(model, tmp_path, ["a", "a", "b"])
    assert asked.kinds == {"answer": 3} and sorted(model.sent) == ["a", "a", "b"]
    cache = ResponseCache(tmp_path)
    assert len(cache) == 0
    cache.close()


def test_a_cached_answer_without_first_token_time_is_a_miss_where_it_is_asked_for(tmp_path: Path) -> None:
    run_lane(Scripted(lambda *_: said()), tmp_path, ["a"])
    timed = Completion("yes", "end", Timing(2.0, 1.0))
    config = replace(QUICK, want_ttft=True)
    for sent in (1, 0):
        model = Scripted(lambda *_: timed)
        asked = run_lane(model, tmp_path, ["a"], config)
        assert len(model.sent) == sent and asked.answers[0].outcome == timed


def test_a_rejected_sample_has_no_first_token_time_and_is_still_a_hit(tmp_path: Path) -> None:
    rejected = Failure("rejected", "too long")
    run_lane(Scripted(lambda each, _: rejected if each.suffix == "a" else said()), tmp_path, ["a", "b"])
    model = Scripted(lambda *_: said())
    assert run_lane(model, tmp_path, ["a"], replace(QUICK, want_ttft=True)).kinds == {"rejected": 1}
    assert model.sent == []


def test_the_cap_of_a_model_bounds_what_is_in_flight(fake_anthropic: FakeProvider, tmp_path: Path) -> None:
    fake_anthropic.configure(latency_ms=5)
    model = open_model(spec("anthropic", fake_anthropic.url), context())
    model.max_concurrency = 3
    run_lane(model, tmp_path, [str(i) for i in range(30)], UNPRIMED)
    assert fake_anthropic.stats()["in_flight_max"] == 3


def test_one_write_serves_all_reads(fake_anthropic: FakeProvider, tmp_path: Path) -> None:
    fake_anthropic.configure(latency_ms=50)
    texts = [f"text {i:04}" for i in range(200)]
    asked = run_fake(fake_anthropic, "anthropic", tmp_path, texts, prefix=LONG_PREFIX)
    assert asked.kinds == {"answer": 200}
    usages = [a.outcome.usage for a in asked.answers if isinstance(a.outcome, Completion) and a.outcome.usage]
    writes = [usage.cache_write_5m for usage in usages if usage.cache_write_5m]
    assert len(writes) == 1
    assert [usage.cache_read for usage in usages if usage.cache_read] == writes * 199
    stats = fake_anthropic.stats()
    assert stats["requests"] == 200 and 1 < stats["in_flight_max"] <= 32


def test_without_priming_many_write(fake_anthropic: FakeProvider, tmp_path: Path) -> None:
    """What priming is for: without it this is what happens."""
    fake_anthropic.configure(latency_ms=50)
    run_fake(fake_anthropic, "anthropic", tmp_path, [str(i) for i in range(32)], UNPRIMED, prefix=LONG_PREFIX)
    assert fake_anthropic.stats()["tokens"]["cache_write_5m"] > 4 * 2000


def test_a_primer_that_fails_passes_its_turn_on(fake_anthropic: FakeProvider, tmp_path: Path) -> None:
    fake_anthropic.configure(latency_ms=20, faults=[{"then": {"status": 529}, "first": QUICK.max_attempts}])
    texts = [f"text {i:04}" for i in range(40)]
    asked = run_fake(fake_anthropic, "anthropic", tmp_path, texts, prefix=LONG_PREFIX)
    assert asked.kinds == {"answer": 39, "infra": 1}
    usages = [a.outcome.usage for a in asked.answers if isinstance(a.outcome, Completion)]
    assert sum(usage is not None and usage.cache_write_5m > 0 for usage in usages) == 1


@pytest.mark.parametrize("outcome", [Failure("rejected", "r"), Failure("ambiguous", "a"), Failure("infra", "i")])
def test_only_an_answer_primes(tmp_path: Path, outcome: Failure) -> None:
    in_flight = most = 0

    async def answer(each: Request) -> Completion | Failure:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0.001)
        in_flight -= 1
        return outcome

    model = Scripted(lambda each, _: answer(each))
    run_lane(model, tmp_path, [str(i) for i in range(4)])
    assert (len(model.sent), most) == (4, 1)


def test_contenders_that_share_prefix_and_model_share_the_primer(fake_anthropic: FakeProvider, tmp_path: Path) -> None:
    fake_anthropic.configure(latency_ms=30)
    found: list[Answer[int]] = []
    cache = ResponseCache(tmp_path)
    primers = Primers()

    async def run() -> None:
        models = [open_model(spec("anthropic", fake_anthropic.url), context()) for _ in range(2)]
        lanes = [lane_of(m, cache, found.append, prefix=LONG_PREFIX, primers=primers) for m in models]
        texts = ([f"one {i:04}" for i in range(20)], [f"two {i:04}" for i in range(20)])
        work = (((request(t, prefix=LONG_PREFIX), 0) for t in each) for each in texts)
        await asyncio.gather(*(lane.run(each) for lane, each in zip(lanes, work, strict=True)))
        for model in models:
            await model.aclose()

    asyncio.run(run())
    cache.close()
    usages = [a.outcome.usage for a in found if isinstance(a.outcome, Completion)]
    assert len(usages) == 40
    assert sum(usage is not None and usage.cache_write_5m > 0 for usage in usages) == 1


def test_other_prefixes_do_not_wait(tmp_path: Path) -> None:
    """A primer that never comes back holds up its own prefix only."""
    primers = Primers()

    async def run() -> bool:
        async with primers.turn("slow"), asyncio.timeout(5):
            async with primers.turn("other") as turn:
                turn.primed = True
            waiting = asyncio.create_task(_enter(primers, "slow"))
            await asyncio.sleep(0)
            return waiting.cancel()

    assert asyncio.run(run())


async def _enter(primers: Primers, name: str) -> None:
    async with primers.turn(name):
        pass


def test_a_primer_that_is_cancelled_passes_its_turn_on() -> None:
    primers = Primers()
    turns: list[str] = []

    async def prime(name: str, entered: asyncio.Event, answered: bool) -> None:
        async with primers.turn("p") as turn:
            turns.append(name)
            entered.set()
            await asyncio.sleep(0 if answered else 60)
            turn.primed = answered

    async def run() -> list[bool]:
        first, second = asyncio.Event(), asyncio.Event()
        primer = asyncio.create_task(prime("first", first, answered=False))
        await first.wait()
        follower = asyncio.create_task(prime("second", second, answered=True))
        await asyncio.sleep(0)
        waited = not second.is_set()
        primer.cancel()
        async with asyncio.timeout(5):
            await follower
        return [waited, primer.cancelled(), primers.is_primed("p")]

    assert asyncio.run(run()) == [True, True, True]
    assert turns == ["first", "second"]


def test_the_prefix_of_this_file_is_short() -> None:
    assert PREFIX.n_chars < 100 < 4096 < LONG_PREFIX.n_chars
