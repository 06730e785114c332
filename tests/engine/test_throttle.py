"""The throttle of a key: free while no limit is known, one for all contenders of the key, fair; says why it waits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from evalkit.engine.answer import Answer
from evalkit.engine.lane import Lane
from evalkit.engine.limiter import Permit
from evalkit.engine.throttle import Throttle, Throttles
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.request import Request
from evalkit.store.cache import ResponseCache
from tests.engine.asking import QUICK, Scripted, ask_all, context, lane_of, request, said, spec
from tests.servers.launch import FakeProvider

LIMITED = Failure("infra", "too many", True, 0.3, 429)
NEAR = {"x-ratelimit-limit-requests": "3000", "x-ratelimit-remaining-requests": "2"}


@dataclass
class Clock:
    """A time that tests move."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_asked_of_it_while_no_limit_is_known() -> None:
    throttle = Throttle("anthropic", Clock())
    for number in range(1, 200):
        permit = throttle.free()
        assert permit.number == number
        throttle.hear({"content-type": "application/json"})
        throttle.ended(permit, said())
        assert not throttle.active and throttle.waiting() is None


def test_headers_near_the_limit_make_it_pace() -> None:
    clock = Clock()
    throttle = Throttle("anthropic", clock)
    permit = throttle.free()
    throttle.hear(NEAR)
    throttle.ended(permit, said())
    assert throttle.active
    assert throttle.limiter.rate(clock.now) == pytest.approx(50, abs=3)


def test_late_headers_of_a_free_request_are_of_its_own_time() -> None:
    """It passed long after the first, before the limit was known, and its answer comes after that."""
    clock = Clock()
    throttle = Throttle("anthropic", clock)
    throttle.ended(throttle.free(), said())
    clock.now += 600
    early, late = throttle.free(), throttle.free()
    for permit in (early, late):
        clock.now += 0.1
        throttle.hear(NEAR)
        throttle.ended(permit, said())
    # Two were left, and ten came back since: not the thirty thousand of ten minutes.
    assert throttle.limiter.rate(clock.now) == pytest.approx(50 + 2 + 10, abs=4)


@pytest.mark.parametrize(
    "failure",
    [
        Failure("fatal", "no money", False, None, 429),
        Failure("infra", "down", True, None, 503),
        Failure("infra", "cut", True),
    ],
)
def test_what_is_no_limit_leaves_it_free(failure: Failure) -> None:
    throttle = Throttle("openai", Clock())
    throttle.ended(throttle.free(), failure)
    assert not throttle.active and throttle.limiter.ceiling is None


def test_why_it_waits() -> None:
    clock = Clock()
    throttle = Throttle("anthropic", clock)
    throttle.ended(throttle.free(), LIMITED)
    assert throttle.waiting() == "waiting 0 s: anthropic asked to"
    clock.now += 1
    assert throttle.waiting() is None  # nobody is at the throttle

    async def one_at_the_gate() -> str | None:
        async with throttle._queue:
            return throttle.waiting()

    assert asyncio.run(one_at_the_gate()) == "waiting for the rate limit of anthropic, 1.0/s"


def test_permits_are_given_in_the_order_of_asking() -> None:
    throttle = Throttle("anthropic")
    for _ in range(50):
        throttle.free()
    throttle.ended(Permit(50, throttle.clock()), replace(LIMITED, retry_after_s=0.02))
    order: list[int] = []

    async def ask(number: int) -> None:
        await throttle.turn()
        order.append(number)

    async def all_of_them() -> None:
        await asyncio.gather(*(ask(number) for number in range(20)))

    asyncio.run(all_of_them())
    assert order == list(range(20))


@dataclass
class Watching(Scripted):
    """A model that notes whether it was asked while the throttle is held."""

    throttle: Throttle | None = None
    held: list[float] = field(default_factory=list)

    async def complete(self, request: Request) -> Completion | Failure:
        """The scripted outcome."""
        assert self.throttle is not None
        self.held.append(self.throttle.hold_seconds())
        return await super().complete(request)


def test_a_retry_after_that_one_contender_meets_holds_the_other(tmp_path: Path) -> None:
    throttle = Throttle("anthropic")
    limited = Watching(lambda _, n: LIMITED if n == 1 else said(), throttle=throttle)
    other = Watching(lambda _, n: said(), identity={"provider": "scripted", "model": "other"}, throttle=throttle)
    cache, answers = ResponseCache(tmp_path), list[Answer[int]]()

    async def both() -> None:
        lanes: list[Lane[int]] = [lane_of(model, cache, answers.append) for model in (limited, other)]
        for lane in lanes:
            lane.throttle, lane.config = throttle, replace(QUICK, concurrency=2)
        work = [((request(f"{model.identity['model']} {i}", i), i) for i in range(4)) for model in (limited, other)]
        await asyncio.gather(*(lane.run(each) for lane, each in zip(lanes, work, strict=True)))

    asyncio.run(both())
    cache.close()
    assert len(answers) == 8 and all(isinstance(a.outcome, Completion) for a in answers)
    # Those that were on their way may be there already; none is sent while everybody waits.
    assert limited.held + other.held == [0.0] * len(limited.held + other.held)
    assert throttle.limiter.refusals >= 1


def test_a_key_has_one_gate() -> None:
    throttles = Throttles()
    mine, other = spec("openai", "http://127.0.0.1:1/v1"), spec("openai", "http://127.0.0.1:2/v1")
    assert throttles.of(mine) is throttles.of(replace(mine, name="n", provider_model="openai/gpt-4"))
    assert throttles.of(mine) is not throttles.of(other)
    assert throttles.of(mine) is not throttles.of(replace(mine, api_key_env="OTHER"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_models_hand_on_their_headers(
    fake_anthropic: FakeProvider, fake_openai: FakeProvider, provider: str, stream: bool
) -> None:
    """Of answers and of refusals, just before the outcome."""
    fake = {"anthropic": fake_anthropic, "openai": fake_openai}[provider]
    fake.configure(strict=False, rate_limit_rps=0.5, rate_limit_burst=1)
    heard: list[str] = []
    name = {"anthropic": "anthropic-ratelimit-requests-limit", "openai": "x-ratelimit-limit-requests"}[provider]
    given = replace(context(stream=stream), on_headers=lambda headers: heard.append(headers[name]))
    outcomes = ask_all(open_model(spec(provider, fake.url), given), [request("a"), request("b")])
    assert isinstance(outcomes[0], Completion) and isinstance(outcomes[1], Failure)
    assert heard == ["30", "30"]
