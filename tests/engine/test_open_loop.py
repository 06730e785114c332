"""Open loop: the schedule is kept whatever the server does, and latency counts from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import count, islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.answer import Answer
from evalkit.engine.key import RequestKey
from evalkit.engine.monitor import Monitor
from evalkit.engine.open_loop import Call, OpenLane, OpenLoop, OpenRate, arrival_times, connections, schedule
from evalkit.records.completion import Completion, Failure
from evalkit.stats.quantile import quantile
from tests.engine.asking import PARAMETERS, PREFIX, request
from tests.engine.virtual_time import Queueing, VirtualLoop, run_virtually

REFUSED = Failure("ambiguous", "400: too long", http_status=400)


def sent(model: Queueing, rate: OpenRate, n: int) -> list[Call[int]]:
    calls: list[Call[int]] = []
    loop = OpenLoop[int](model, Monitor(), calls.append)
    run_virtually(_send(loop, ((request(str(i)), i) for i in count()), schedule(rate, n)))
    return sorted(calls, key=lambda call: call.due_s)


async def _send(loop: OpenLoop[int], work: Iterable[tuple[object, int]], times: tuple[float, ...]) -> None:
    await loop.send(iter(work), iter(times))  # type: ignore[arg-type]


def asked(model: Queueing, texts: list[str], rate: float = 10.0) -> tuple[list[Answer[int]], OpenLane[int]]:
    answers: list[Answer[int]] = []
    keys = RequestKey(model.identity, PREFIX, PARAMETERS)
    lane = OpenLane[int](model, keys, OpenRate(rate, "constant"), Monitor(), answers.append)
    run_virtually(lane.run((request(t, i), i) for i, t in enumerate(texts)))
    return answers, lane


@given(st.floats(0.01, 1e4), st.integers(0, 2**31), st.sampled_from(["poisson", "constant"]))
def test_a_schedule_is_the_same_for_the_same_pace_and_never_goes_back(rate: float, seed: int, kind: str) -> None:
    pace = OpenRate(rate, kind, seed)  # type: ignore[arg-type]
    times = schedule(pace, 50)
    assert times == tuple(islice(arrival_times(pace), 50))
    assert times[0] == 0 and all(a <= b for a, b in pairwise(times))


def test_random_arrivals_have_the_rate_and_the_spread_of_a_poisson_process() -> None:
    gaps = np.diff(schedule(OpenRate(50.0, seed=3), 20_001))
    assert gaps.mean() == pytest.approx(1 / 50, rel=0.03)
    assert gaps.std() == pytest.approx(1 / 50, rel=0.03)  # of evenly spaced ones it would be 0
    assert schedule(OpenRate(50.0, seed=3), 9) != schedule(OpenRate(50.0, seed=4), 9)
    assert schedule(OpenRate(4.0, "constant"), 3) == (0.0, 0.25, 0.5)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_must_be_above_zero(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        schedule(OpenRate(rate), 1)


def test_a_slow_server_is_asked_no_less() -> None:
    """One worker, 1 s an answer, asked 10 times a second: a closed loop would send the 30 over 30 s."""
    model = Queueing(slots=1, seconds=1.0)
    calls = sent(model, OpenRate(10.0, "constant"), 30)
    assert model.starts == pytest.approx([i / 10 for i in range(30)])
    waited = [call.timing.latency_ms for call in calls if call.timing]
    assert waited == pytest.approx([1000 * (1 + i * 0.9) for i in range(30)])


def test_a_stall_is_in_the_percentiles() -> None:
    """The server hangs for 10 s once in 100 s. One in ten of those who call at a steady rate meets that."""
    model = Queueing(slots=1, seconds=0.001)

    async def run() -> list[Call[int]]:
        calls: list[Call[int]] = []

        async def stall() -> None:
            await asyncio.sleep(50.0)
            async with model._free:
                await asyncio.sleep(10.0)

        task = asyncio.create_task(stall())
        work = ((request(str(i)), i) for i in count())
        await OpenLoop[int](model, Monitor(), calls.append).send(work, iter(schedule(OpenRate(10, "constant"), 1000)))
        await task
        return calls

    waited = [call.timing.latency_ms or 0.0 for call in run_virtually(run()) if call.timing]
    assert quantile(waited, 0.95).value == pytest.approx(5000, rel=0.1)  # a closed loop would see one slow answer
    assert quantile(waited, 0.5).value == pytest.approx(1, rel=0.1)


def test_what_the_client_is_late_counts_and_is_kept_apart() -> None:
    """Something else holds the loop from 0.55 s to 1.5 s: what was due then is sent after it."""

    async def run() -> list[Call[int]]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.call_at(0.55, loop.hold, 0.95)
        calls: list[Call[int]] = []
        work = ((request(str(i)), i) for i in count())
        times = schedule(OpenRate(10.0, "constant"), 20)
        await OpenLoop[int](Queueing(100, 0.2), Monitor(), calls.append).send(work, iter(times))
        return sorted(calls, key=lambda call: call.due_s)

    calls = run_virtually(run())
    late = [call.late_ms for call in calls]
    assert late[3:5] == pytest.approx([0, 0], abs=1e-6)
    assert late[6:15] == pytest.approx([900 - 100 * i for i in range(9)], abs=1e-6)
    for call in calls[6:15]:
        assert isinstance(call.outcome, Completion) and call.timing is not None
        assert call.outcome.timing.latency_ms == pytest.approx(200)
        assert call.timing.latency_ms == pytest.approx(200 + call.late_ms)
        assert call.timing.ttft_ms == pytest.approx(100 + call.late_ms)


def test_a_stop_ends_the_sending_and_gives_back_what_was_not_sent() -> None:
    model, calls = Queueing(1, 0.01), list[Call[int]]()
    loop = OpenLoop[int](model, Monitor(), calls.append, lambda: len(calls) >= 5)
    work = ((request(str(i)), i) for i in range(100))
    left = run_virtually(loop.send(work, iter(schedule(OpenRate(10.0, "constant"), 100))))
    assert len(calls) == len(model.starts) == 5
    assert left is not None and left[1] == 5 and next(work)[1] == 6


def test_a_lane_delivers_each_once_and_sends_repeats() -> None:
    model = Queueing(10, 0.1)
    answers, lane = asked(model, ["a", "b", "a", "a"])
    assert sorted(answer.context for answer in answers) == [0, 1, 2, 3]
    assert len(model.starts) == 4 and all(answer.sent and not answer.from_cache for answer in answers)
    assert len({answer.key for answer in answers}) == 2
    assert (lane.monitor.sent, lane.monitor.done, lane.monitor.in_flight) == (4, 4, 0)
    assert list(lane.late_ms) == pytest.approx([0] * 4, abs=1e-6)
    assert lane.warning() is None
    lane.late_ms.extend([250.0])
    assert "250 ms late" in (lane.warning() or "")


def test_failures_are_final_and_settled_as_in_a_lane() -> None:
    down = Failure("infra", "503", retryable=True, http_status=503)
    model = Queueing(10, 0.1, {"down": down, "long": REFUSED})
    answers, _ = asked(model, ["long", "down", "a"])
    kinds = {a.context: a.outcome.kind for a in answers if isinstance(a.outcome, Failure)}
    assert kinds == {0: "rejected", 1: "infra"}
    assert len(model.starts) == 3, "nothing is asked again"
    nothing, _ = asked(Queueing(10, 0.1, {"long": REFUSED}), ["long"])
    assert [a.outcome.kind for a in nothing if isinstance(a.outcome, Failure)] == ["infra"]


def test_a_wrong_key_ends_the_asking() -> None:
    fatal = Failure("fatal", "401: wrong key", http_status=401)
    model = Queueing(10, 0.1, {str(i): fatal for i in range(50)})
    answers, lane = asked(model, [str(i) for i in range(50)])
    assert sorted(answer.context for answer in answers) == list(range(50))
    assert len(model.starts) == 1 and lane.monitor.stopped == "401: wrong key"
    assert sum(answer.sent for answer in answers) == 1
    assert {a.outcome.reason for a in answers if isinstance(a.outcome, Failure) and not a.sent} == {
        "not asked: 401: wrong key"
    }


def test_the_pool_is_no_closed_loop() -> None:
    assert 16 <= connections() <= 10_000
