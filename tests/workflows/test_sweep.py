"""The sweep finds the capacity of servers whose capacity is known, says how sure it is, and stops where it must."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.cli.sweep_command import sweep_command
from evalkit.engine.open_loop import Call
from evalkit.errors import EndpointDown
from evalkit.records.completion import Completion, Failure, Timing
from evalkit.records.estimate import Need
from evalkit.records.request import Request
from evalkit.records.sweep import StepState
from evalkit.stats.quantile import quantile
from evalkit.workflows.sweep.steps import LATENCY, TTFT, Search, judge_step
from evalkit.workflows.sweep.sweep import Sweeper, SweepOptions
from tests.cli_helper import write, write_rows
from tests.engine.asking import request
from tests.engine.virtual_time import Queueing, run_virtually
from tests.servers.launch import FakeProvider

OPTIONS = SweepOptions(Path("suite.yaml"), "tuned")
DOWN = Failure("infra", "503: overloaded", http_status=503)


def latency(ms: float) -> tuple[Need, ...]:
    return (Need(LATENCY, ms, at_least=False),)


def rows() -> Iterator[tuple[Request, int]]:
    return ((request(str(i)), i) for i in count())


def swept(model: Queueing, needs: tuple[Need, ...], options: SweepOptions = OPTIONS) -> Sweeper:
    sweeper = Sweeper(model, rows(), needs, options)
    run_virtually(sweeper.run())
    return sweeper


def true_p95(model: Queueing, rate: float) -> float:
    """Milliseconds, of 30,000 random arrivals at a queue that has long been as full as it gets."""
    arrivals = np.cumsum(np.random.default_rng(1).exponential(1 / rate, 30_000))
    free, took = [0.0] * model.slots, []
    for at in arrivals:
        end = max(at, heapq.heappop(free)) + model.seconds
        heapq.heappush(free, end)
        took.append(end - at)
    return float(1000 * np.quantile(took[3000:], 0.95))


@pytest.mark.parametrize(("slots", "seconds", "need"), [(1, 0.02, 60), (4, 0.1, 300), (8, 0.2, 260)])
def test_it_finds_a_known_capacity(slots: int, seconds: float, need: float) -> None:
    """Not above what the server keeps for ever, and not far below."""
    model = Queueing(slots, seconds)
    found = swept(model, latency(need))
    good, over = found.search.good, [step.rate for step in found.steps if step.state == "over"]
    assert good is not None and good == found.search.confirmed
    assert true_p95(model, good) <= need
    assert true_p95(model, 1.5 * good) > need
    assert all(true_p95(model, 1.2 * rate) > need for rate in over)
    assert found.calls == 2 + sum(step.calls for step in found.steps) <= OPTIONS.max_calls
    best = next(step for step in reversed(found.steps) if step.rate == good)
    assert best.measured >= 2000 and best.errors == 0
    assert best.achieved == pytest.approx(good, rel=0.15)


def test_evenly_spaced_calls_are_kept_up_to_the_very_capacity() -> None:
    found = swept(Queueing(4, 0.1), latency(150), replace(OPTIONS, arrivals="constant", low=10))
    assert found.search.good == 40.0, "at 40 a second no call ever waits"
    assert found.search.bad is not None and found.search.bad <= 42.5


def test_the_time_to_the_first_token_decides_where_it_is_the_need() -> None:
    ttft, slow = Need(TTFT, 60, at_least=False), Queueing(4, 0.1)  # first text at 50 ms
    found = swept(slow, (ttft,), replace(OPTIONS, arrivals="constant", low=10))
    assert found.search.good == 40.0
    both = swept(Queueing(4, 0.1), (*latency(90), ttft), replace(OPTIONS, low=10))
    assert both.search.good is None and "not shown to be within" in both.ended


def test_the_highest_rate_to_try_ends_it() -> None:
    found = swept(Queueing(100, 0.01), latency(100), replace(OPTIONS, low=3, high=10))
    assert [step.rate for step in found.steps] == [3, 6, 10, 10]
    assert (found.search.good, found.search.bad) == (10, None)


def test_calls_are_bounded() -> None:
    found = swept(Queueing(4, 0.1), latency(300), replace(OPTIONS, max_calls=500))
    assert 300 < found.calls <= 500 and "the limit is 500" in found.ended


def test_errors_are_answers_that_never_come() -> None:
    failing = Queueing(50, 0.01, {str(i): DOWN for i in range(2, 100_000, 5)})
    found = swept(failing, latency(100))
    assert found.search.good is None
    (step,) = found.steps
    assert step.state == "over" and step.errors > 0 and step.cut_short
    few = swept(
        Queueing(50, 0.01, {str(i): DOWN for i in range(2, 100_000, 400)}), latency(100), replace(OPTIONS, high=8)
    )
    assert few.search.good == 8


def test_an_endpoint_that_does_not_answer_is_not_swept() -> None:
    dead = Queueing(1, 0.1, {str(i): DOWN for i in range(100)})
    with pytest.raises(EndpointDown, match="503"):
        swept(dead, latency(100))
    assert len(dead.starts) == 5
    swept(Queueing(9, 0.01, {"0": DOWN}), latency(100), replace(OPTIONS, high=1))


def calls_of(values: list[float], late: list[float] | None = None) -> list[Call[int]]:
    lateness = late or [0.0] * len(values)
    return [
        Call(i, request(str(i)), Completion("a", "end", Timing(ms - slow)), i / 10, slow, i / 10 + ms / 1000)
        for i, (ms, slow) in enumerate(zip(values, lateness, strict=True))
    ]


def test_a_queue_that_grows_is_not_within() -> None:
    """Half of the need at the end of a step: a longer one would have passed it."""
    growing = judge_step(10, calls_of([100 + 4 * i for i in range(100)]), latency(1000), 0, cut_short=False)
    assert growing.state == "unclear" and "ever longer" in growing.why
    shuffled = [100.0 + 4 * i for i in np.random.default_rng(7).permutation(100)]
    assert judge_step(10, calls_of(shuffled), latency(1000), 0, cut_short=False).state == "within"


def test_a_late_client_is_told_from_a_slow_server() -> None:
    values, late = [150.0] * 100, [100.0] * 100
    mine = judge_step(10, calls_of(values, late), latency(100), 0, cut_short=False)
    assert mine.state == "unclear" and "client itself" in mine.why and mine.late_p95_ms == 100
    assert judge_step(10, calls_of(values), latency(100), 0, cut_short=False).state == "over"


def test_the_ramp_is_left_out_and_a_small_step_decides_nothing() -> None:
    step = judge_step(10, calls_of([5000.0] * 10 + [50.0] * 90), latency(100), 10, cut_short=False)
    assert (step.state, step.calls, step.measured) == ("within", 100, 90)
    assert step.latency_p95_ms.high == 50
    few = judge_step(10, calls_of([50.0] * 40), latency(100), 0, cut_short=False)
    assert few.state == "unclear" and few.latency_p95_ms.high is None


def test_calls_that_queue_together_tell_less() -> None:
    """Busy spells of 40 calls, 30 of them: a p95 that looks sure by the number of calls is not."""
    spells = np.random.default_rng(3).choice([60.0, 96.0, 108.0], 30, p=[0.6, 0.36, 0.04])
    values = [float(v) for spell in spells for v in [spell] * 40]
    naive = quantile(values, 0.95).upper()
    assert naive is not None and naive <= 100
    assert judge_step(10, calls_of(values), latency(100), 0, cut_short=False).state == "unclear"
    far = judge_step(10, calls_of(values), latency(300), 0, cut_short=False)
    assert far.state == "within", "spells far below the need are no danger to it"


@given(st.floats(0.1, 300), st.floats(0.1, 50), st.floats(50, 500), st.floats(0.02, 0.3))
def test_the_search_closes_in_on_a_threshold(capacity: float, low: float, high: float, resolution: float) -> None:
    search, tried = Search(low, high, resolution), 0
    while (trial := search.next()) is not None:
        search.learn(trial, "within" if trial.rate <= capacity else "over")
        tried += 1
        assert tried < 60
    assert search.good == search.confirmed
    if capacity < low:
        assert search.good is None and tried == 1
    elif capacity >= high:
        assert search.good == high
    else:
        assert search.good is not None and search.bad is not None
        assert search.good <= capacity < search.bad
        assert search.bad - search.good <= max(resolution, 0.011) * search.bad


def test_luck_is_found_out_and_a_short_step_gets_a_second_chance() -> None:
    search = Search(10, 40, 0.3)
    states: list[StepState] = ["unclear", "within", "within", "over", "within", "over", "within", "within"]
    trials = []
    for state in states:
        trial = search.next()
        assert trial is not None
        trials.append(trial)
        search.learn(trial, state)
    assert trials == [(10, "short"), (10, "long"), (20, "short"), (40, "short"), (30, "long"), (30, "twice"),
                      (25, "long"), (25, "twice")]  # fmt: skip
    assert search.next() is None and search.good == search.confirmed == 25


SUITE = """
name: served
dataset: {{test: {{path: test.jsonl}}, target: label}}
prompt: {{system: Answer with one label., user: "{{{{ text }}}}"}}
output: {{form: label, labels: [a, b], max_tokens: 8}}
models:
  tuned: {{model: openai/ft-x, base_url: "{url}", role: fine_tuned, price: {{gpu_hour: 1.8}}}}
  floor: {{model: recorded, role: floor, path: test.jsonl, output: label}}
good_enough: {{accuracy: 0.5{need}}}
"""


def suite(folder: Path, url: str, need: str = ", latency_p95_ms: 150") -> SweepOptions:
    write_rows(folder, "test.jsonl", [{"text": f"text {i}", "label": "ab"[i % 2]} for i in range(150)])
    path = write(folder, "suite.yaml", SUITE.format(url=url, need=need))
    # Few calls: how sure it is, is tested above.
    return SweepOptions(
        path, "tuned", low=10, high=160, short_calls=60, short_s=0.5, long_calls=60, long_s=0.5, resolution=0.4
    )


def test_the_command_on_a_server_that_queues(
    fake_openai: FakeProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two slots of 50 ms: 40 answers a second at most."""
    fake_openai.configure(strict=False, latency_ms=50, slots=2, default_answer="a")
    assert sweep_command(suite(tmp_path, fake_openai.url), as_json=True) == 0
    shown = capsys.readouterr()
    data = json.loads(shown.out)
    assert data["steps"][-1]["state"] in ("within", "over", "unclear")
    assert all(step["state"] != "within" for step in data["steps"] if step["rate"] > 45)
    assert data["calls"] == fake_openai.stats()["requests"]
    if data["capacity_rps"] is None:  # a machine too busy to send in time finds none, and says so
        assert "lowest rate" in shown.err
        return
    assert data["capacity_rps"] <= 40
    assert data["cost_per_1000_calls"] == pytest.approx(1000 * 1.8 / 3600 / data["capacity_rps"])
    assert f"economics.gpu.capacity_rps: {data['capacity_rps']:g}" in shown.err
    assert "every row was asked" in shown.err


def test_what_cannot_be_swept_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = suite(tmp_path, "http://127.0.0.1:9/v1")
    assert sweep_command(options) == 3
    assert "does not answer" in capsys.readouterr().err
    assert sweep_command(replace(options, model="floor")) == 2
    assert "no endpoint" in capsys.readouterr().err
    assert sweep_command(suite(tmp_path, "http://127.0.0.1:9/v1", need="")) == 2
    assert "needs a p95" in capsys.readouterr().err
