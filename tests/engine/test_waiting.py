"""How long a lane waits where nothing gets through, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.config import EngineConfig
from evalkit.engine.judge import Patience, duration
from evalkit.engine.throttle import Throttle
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Request
from evalkit.store.cache import ResponseCache
from tests.engine.asking import Asked, Scripted, lane_of, request, said
from tests.engine.virtual_time import run_virtually

LIMITED = Failure("infra", "HTTP 429: slow down", True, http_status=429)
DAY = replace(LIMITED, retry_after_s=86_400.0)
GONE = Failure("infra", "connection failed: nobody there", True, cause="unreachable")
CONFIG = EngineConfig(concurrency=4)


def run(
    folder: Path, answer: Callable[[Request, int], Completion | Failure], n: int = 60, config: EngineConfig = CONFIG
) -> tuple[Asked, Scripted, float]:
    """What a lane delivers, its model, and the seconds that it took."""
    found, model, cache = Asked(), Scripted(answer), ResponseCache(folder)

    async def asking() -> float:
        loop = asyncio.get_running_loop()
        lane = lane_of(model, cache, found.answers.append, config)
        lane.throttle = Throttle("openai", loop.time)
        found.monitor = lane.monitor
        await lane.run((request(f"text {i}", i), i) for i in range(n))
        return loop.time()

    try:
        return found, model, run_virtually(asking())
    finally:
        cache.close()


def first(n: int, then: Failure) -> Callable[[Request, int], Completion | Failure]:
    """The first samples are answered, the others fail."""
    return lambda each, _: said() if int(each.suffix.split()[1]) < n else then


def test_a_wait_of_a_day_ends_it_at_once(tmp_path: Path) -> None:
    asked, model, seconds = run(tmp_path, first(0, DAY))
    assert asked.kinds == {"infra": 60} and len(model.sent) == 1 and seconds < 1
    stopped = asked.monitor.stopped or ""
    assert stopped.startswith("openai asks to wait 24 h (longer than run.max_wait_s, 3 min): HTTP 429: slow down; ")
    assert "same command" in stopped


def test_what_was_answered_before_a_wait_of_hours_is_kept(tmp_path: Path) -> None:
    asked, _, _ = run(tmp_path, first(20, replace(LIMITED, retry_after_s=36_000.0)))
    assert asked.kinds == {"answer": 20, "infra": 40}
    assert "openai asks to wait 10 h" in (asked.monitor.stopped or "")
    again, model, _ = run(tmp_path, first(60, LIMITED))
    assert again.kinds == {"answer": 60} and len(model.sent) == 40


def test_a_wait_within_the_limit_is_waited_for_in_full(tmp_path: Path) -> None:
    wish = replace(LIMITED, retry_after_s=150.0)
    asked, _, seconds = run(tmp_path, lambda _, n: wish if n == 1 else said(), 1)
    assert asked.kinds == {"answer": 1} and 150 <= seconds < 180


@pytest.mark.parametrize("answered", [0, 20])
@pytest.mark.parametrize("wish", [None, 20.0, 60.0])
def test_a_limit_that_never_ends_is_left_after_minutes(tmp_path: Path, answered: int, wish: float | None) -> None:
    asked, model, seconds = run(tmp_path, first(answered, replace(LIMITED, retry_after_s=wish)))
    assert asked.kinds == {"answer": answered, "infra": 60 - answered} if answered else {"infra": 60}
    assert seconds <= CONFIG.max_wait_s + 60 and asked.monitor.stopped is not None
    assert len(model.sent) - answered < 100


def test_the_limit_is_the_suites(tmp_path: Path) -> None:
    short = EngineConfig(concurrency=1, max_wait_s=60)
    asked, _, seconds = run(tmp_path, first(20, replace(LIMITED, retry_after_s=50.0)), config=short)
    assert asked.kinds == {"answer": 20, "infra": 40} and seconds < 120
    asked, _, _ = run(tmp_path, first(20, DAY), config=replace(short, max_wait_s=40))
    assert "run.max_wait_s, 40 s" in (asked.monitor.stopped or "")


def test_nobody_there_is_told_in_seconds(tmp_path: Path) -> None:
    asked, model, seconds = run(tmp_path, first(0, GONE))
    assert asked.kinds == {"infra": 60} and len(model.sent) < 10 and seconds < 10
    assert (asked.monitor.stopped or "").startswith("connection failed: nobody there; check the address")


def test_a_server_that_was_there_may_come_back(tmp_path: Path) -> None:
    asked, _, _ = run(tmp_path, lambda each, n: GONE if each.suffix == "text 30" and n < 5 else said())
    assert asked.kinds == {"answer": 60} and asked.monitor.stopped is None


def test_a_wait_that_is_not_worth_it_holds_no_other_contender(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path)
    found: dict[str, Asked] = {name: Asked() for name in ("limited", "free")}

    async def both() -> float:
        loop = asyncio.get_running_loop()
        throttle = Throttle("openai", loop.time)
        for name, answer in (("limited", DAY), ("free", said())):
            model = Scripted(lambda *_, answer=answer: answer, identity={"model": name})  # type: ignore[misc]
            lane = lane_of(model, cache, found[name].answers.append, CONFIG)
            lane.throttle = throttle
            await lane.run((request(f"text {i}", i), i) for i in range(20))
        return loop.time()

    seconds = run_virtually(both())
    cache.close()
    assert found["limited"].kinds == {"infra": 20} and found["free"].kinds == {"answer": 20}
    assert seconds < 10


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["answer", "limited", "down", "gone", "rejected"]))))
def test_it_ends_only_where_nothing_gets_through(events: list[tuple[float, str]]) -> None:
    """Time passes between events; the last answer, or the last refusal of a sample, is what counts."""
    outcomes: dict[str, Completion | Failure] = {
        "answer": said(),
        "limited": LIMITED,
        "down": replace(LIMITED, http_status=503),
        "gone": GONE,
        "rejected": Failure("rejected", "too long", http_status=400),
    }
    now, quiet_from, heard = 0.0, None, False
    patience = Patience("openai", 180.0, lambda: now)
    for seconds, name in events:
        now += seconds
        weighed = patience.weighed(outcomes[name])
        if name in ("answer", "rejected"):
            quiet_from, heard = None, True
            assert weighed == outcomes[name]
            continue
        quiet_from = now if quiet_from is None else quiet_from
        heard = heard or name != "gone"
        assert isinstance(weighed, Failure)
        ended = weighed.kind == "fatal"
        assert ended == (now - quiet_from >= 180) or (name == "gone" and not heard)
        assert patience.left_s() == pytest.approx(max(0.0, 180 - (now - quiet_from)))


def test_waits_are_said_as_people_say_them() -> None:
    assert [duration(s) for s in (1, 59, 90, 180, 578, 3600, 36_000, 86_400, 172_800)] == [
        "1 s", "59 s", "90 s", "3 min", "9.6 min", "1 h", "10 h", "24 h", "2 days",
    ]  # fmt: skip


NO_ANSWER = Failure("infra", 'the answer ended with finish_reason "weird"', True, http_status=200)


def test_a_server_that_never_gave_an_answer_is_left_in_seconds(tmp_path: Path) -> None:
    """It says the same thing that is no answer, each time: more of it for minutes tells nothing new."""
    asked, model, seconds = run(tmp_path, first(0, NO_ANSWER))
    assert asked.kinds == {"infra": 60} and len(model.sent) <= 16 and seconds < 40
    assert (asked.monitor.stopped or "").startswith("the server never gave an answer: the answer ended with")


def test_one_that_answers_others_is_asked_on(tmp_path: Path) -> None:
    asked, _, _ = run(tmp_path, lambda each, _: NO_ANSWER if each.suffix == "text 7" else said())
    assert asked.monitor.stopped is None and asked.kinds["infra"] == 1
