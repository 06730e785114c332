"""Workers of a local Ray: the same numbers as without, a lost worker's requests asked again, one rate, one budget."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.budget import Budget, Purse
from evalkit.engine.cluster.driver import Cluster, ClusterConfig
from evalkit.engine.cluster.remote_model import LOST, RemoteModel
from evalkit.engine.cluster.worker import Job, Opened, encode
from evalkit.engine.config import EngineConfig
from evalkit.engine.key import RequestKey
from evalkit.engine.lane import Lane
from evalkit.engine.primer import Primers
from evalkit.engine.throttle import Throttle
from evalkit.errors import ClusterError, Interrupted, ModelUnavailable
from evalkit.models.registry import open_model
from evalkit.records.completion import Completion, Failure
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from evalkit.records.run import ContenderResult
from evalkit.running.ways.choice import HowToAsk
from evalkit.store.cache import ResponseCache
from evalkit.suite.prompts.template import make_prefix
from evalkit.workflows.run import RunSettings, Watch, run_suite
from tests.cli_helper import write, write_rows
from tests.conftest import TEST_KEY, TEST_KEY_ENV
from tests.engine.asking import PARAMETERS, PREFIX, QUICK, Asked, context, request, run_fake, spec
from tests.engine.local_ray import local_ray, ray
from tests.servers.launch import FakeProvider

__all__ = ["local_ray"]  # a fixture

TWO = ClusterConfig(workers=2, start_s=90)
Meanwhile = Callable[[Cluster, Asked], Coroutine[Any, Any, None]]


@dataclass
class Farm:
    """Workers, and the event loop that they belong to."""

    runner: asyncio.Runner
    cluster: Cluster

    @classmethod
    def start(cls, config: ClusterConfig = TWO) -> Farm:
        runner = asyncio.Runner()
        return cls(runner, runner.run(Cluster.start(config)))

    def end(self) -> None:
        self.runner.run(self.cluster.close())
        self.runner.close()

    def ask(
        self, fake: FakeProvider, folder: Path, n: int, concurrency: int, meanwhile: Meanwhile | None = None
    ) -> Asked:
        """Ask n different texts through one lane; `meanwhile` runs beside it."""
        return self.runner.run(self._ask(fake, folder, n, replace(QUICK, concurrency=concurrency), meanwhile))

    async def _ask(
        self, fake: FakeProvider, folder: Path, n: int, config: EngineConfig, meanwhile: Meanwhile | None
    ) -> Asked:
        found, throttle, cache = Asked(), Throttle("anthropic"), ResponseCache(folder)
        model = await self.cluster.open("m", job(fake), throttle.hear)
        try:
            keys = RequestKey(model.identity, PREFIX, PARAMETERS)
            lane = Lane(model, keys, config, cache, Primers(), found.monitor, found.answers.append, throttle)
            async with asyncio.TaskGroup() as group:
                if meanwhile is not None:
                    group.create_task(meanwhile(self.cluster, found))
                await lane.run((request(f"text {i}", i), i) for i in range(n))
        finally:
            await model.aclose()
            cache.close()
        return found


@pytest.fixture(scope="module")
def shared_farm(local_ray: Path) -> Iterator[Farm]:
    farm = Farm.start()
    yield farm
    farm.end()


@pytest.fixture
def farm(shared_farm: Farm) -> Farm:
    """Two workers that all tests share, both there."""
    cluster = shared_farm.cluster
    cluster.warn = lambda _: None
    shared_farm.runner.run(until(lambda: all(seat.ready for seat in cluster.seats)))
    return shared_farm


def job(fake: FakeProvider, **more: Any) -> Job:
    return Job(spec("anthropic", fake.url, **more), PREFIX, PARAMETERS, timeout_s=20)


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)


def suite(folder: Path, url: str, n: int = 40) -> Path:
    """A suite of one hosted model behind `url` and one that is recorded, with a price."""
    rows = [{"id": f"t{i}", "text": f"ticket {i}", "label": "ab"[i % 2]} for i in range(n)]
    write_rows(folder, "test.jsonl", rows)
    write_rows(folder, "old.jsonl", [{"id": row["id"], "output": "a"} for row in rows])
    hosted = f"model: anthropic/claude-haiku-5-5, base_url: '{url}', api_key_env: {TEST_KEY_ENV}, role: frontier"
    text = f"""
name: tickets
dataset: {{test: {{path: test.jsonl}}, target: label, id: id}}
prompt: {{system: "a or b", user: "{{{{ text }}}}"}}
output: {{form: label, labels: [a, b], max_tokens: 16}}
models:
  haiku: {{{hosted}, price: {{input: 1000, output: 5000}}}}
  old: {{model: recorded, path: old.jsonl, role: prompted}}
good_enough: {{accuracy: 0.9}}
run: {{concurrency: 8}}
"""
    return write(folder, "suite.yaml", text)


def figures(result: ContenderResult) -> ContenderResult:
    """Without what was measured in milliseconds."""
    return replace(result, latency_ms=None)


def there(path: Path, folder: Path, models: tuple[str, ...] = (), max_cost: float | None = None) -> RunSettings:
    how = HowToAsk(cluster="ray", workers=2, max_cost=max_cost)
    return RunSettings(path, models, runs=folder / "runs", how=how)


def test_the_same_numbers_as_on_one_machine(
    local_ray: Path, fake_anthropic: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {f"ticket {i}": "ab"[i % 2] if i % 5 else "c" for i in range(40)}
    fake_anthropic.configure(answers=answers)
    path = suite(tmp_path, fake_anthropic.url)
    here = asyncio.run(run_suite(RunSettings(path, runs=tmp_path / "here")))
    alone = fake_anthropic.stats()
    fake_anthropic.reset()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    sent: list[str] = []
    ordinary = Cluster.open

    async def noted(self: Cluster, name: str, *more: Any) -> RemoteModel:
        sent.append(name)
        return await ordinary(self, name, *more)

    monkeypatch.setattr(Cluster, "open", noted)
    away = asyncio.run(run_suite(there(path, tmp_path)))
    assert sent == ["haiku/default/prompt test"]  # what is recorded stays here
    assert [figures(c) for c in away.contenders] == [figures(c) for c in here.contenders]
    assert away.requirements == here.requirements
    assert fake_anthropic.stats()["tokens"] == alone["tokens"]
    assert fake_anthropic.stats()["requests"] == fake_anthropic.stats()["with_key"] == 40
    # The cache is one: asked again on one machine, nothing is sent.
    again = asyncio.run(run_suite(RunSettings(path, runs=tmp_path / "again")))
    assert again.contenders[0].from_cache == 40 and fake_anthropic.stats()["requests"] == 40


def test_without_a_hosted_model_no_worker_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Cluster, "start")
    done = asyncio.run(run_suite(there(suite(tmp_path, "http://127.0.0.1:9", n=4), tmp_path, ("old",))))
    assert done.contenders[0].n == 4 and "nothing for workers" in done.warnings[-1]


@pytest.mark.parametrize("how", ["its process is killed", "Ray kills it"])
def test_a_lost_workers_requests_are_asked_again(
    farm: Farm, fake_anthropic: FakeProvider, tmp_path: Path, how: str
) -> None:
    fake_anthropic.configure(latency_ms=40)
    concurrency, warnings = 16, list[str]()

    async def kill(cluster: Cluster, found: Asked) -> None:
        seat = cluster.seats[0]
        await until(lambda: len(found.answers) >= 60 and bool(seat.unanswered))
        first = seat.pid
        assert first is not None
        if how == "Ray kills it":
            ray.kill(seat._actor)
        else:
            os.kill(first, signal.SIGKILL)
        await until(lambda: seat.pid not in (None, first))  # another one came in its place

    farm.cluster.warn = warnings.append
    asked = farm.ask(fake_anthropic, tmp_path, 200, concurrency, kill)
    assert asked.kinds == {"answer": 200} and asked.numbers == list(range(200))
    stats = fake_anthropic.stats()
    # What had been answered, but not told yet, is asked again too: at most all that were under way.
    assert 200 <= stats["requests"] <= 200 + concurrency and stats["max_repeats"] <= 2
    assert sum(answer.retries for answer in asked.answers) == asked.monitor.retries <= concurrency
    assert len(warnings) == 1 and "worker 1 was lost" in warnings[0]


def test_when_no_worker_is_left_the_rest_is_told_and_what_was_answered_is_kept(
    local_ray: Path, fake_anthropic: FakeProvider, tmp_path: Path
) -> None:
    fake_anthropic.configure(latency_ms=30)

    async def kill(cluster: Cluster, found: Asked) -> None:
        await until(lambda: len(found.answers) >= 30)
        for seat in cluster.seats:
            seat._losses = 10
            os.kill(seat.pid or 0, signal.SIGKILL)

    farm = Farm.start(replace(TWO, most_losses=1))
    asked = farm.ask(fake_anthropic, tmp_path, 400, 8, kill)
    farm.end()
    assert asked.numbers == list(range(400)) and set(asked.kinds) == {"answer", "infra"}
    assert any("no worker is left" in reason for reason in asked.reasons)
    # On one machine, only the rest is asked.
    before = fake_anthropic.stats()["requests"]
    texts = [f"text {i}" for i in range(400)]
    assert run_fake(fake_anthropic, "anthropic", tmp_path, texts).kinds == {"answer": 400}
    assert fake_anthropic.stats()["requests"] - before == asked.kinds["infra"]


def test_the_rate_is_one_for_all_workers(farm: Farm, fake_anthropic: FakeProvider, tmp_path: Path) -> None:
    fake_anthropic.configure(rate_limit_rps=60, rate_limit_burst=10)
    asked = farm.ask(fake_anthropic, tmp_path, 240, 32)
    assert asked.kinds == {"answer": 240}
    refused = fake_anthropic.stats()["by_status"].get("429", 0)
    assert refused <= 32  # one burst at most: each worker alone would have met the limit time and again


def test_the_budget_is_one_for_all_workers(local_ray: Path, fake_anthropic: FakeProvider, tmp_path: Path) -> None:
    done = asyncio.run(run_suite(there(suite(tmp_path, fake_anthropic.url), tmp_path, max_cost=0.4)))
    haiku = done.contenders[0]
    assert haiku.cost is not None and haiku.cost.spent is not None and haiku.status is not None
    tokens = fake_anthropic.stats()["tokens"]
    assert 0 < haiku.cost.spent <= 0.4
    assert haiku.cost.spent == pytest.approx((tokens["input"] * 1000 + tokens["output"] * 5000) * 1e-6)
    assert fake_anthropic.stats()["requests"] < 40 and not done.complete
    assert any("passed the budget" in reason for reason in haiku.errors)


def test_stopped_in_the_middle_it_keeps_what_it_has(
    local_ray: Path, fake_anthropic: FakeProvider, tmp_path: Path
) -> None:
    fake_anthropic.configure(latency_ms=30)
    path, watch = suite(tmp_path, fake_anthropic.url), Watch()

    async def stop() -> int:
        running = asyncio.create_task(run_suite(there(path, tmp_path, ("haiku",)), watch))
        await until(lambda: any(monitor.done >= 10 for monitor in watch.monitors.values()))
        running.cancel()
        with pytest.raises(Interrupted) as stopped:
            await running
        return stopped.value.kept

    kept = asyncio.run(stop())
    assert 10 <= kept < 40
    done = asyncio.run(run_suite(RunSettings(path, ("haiku",), runs=tmp_path / "runs")))
    assert done.contenders[0].from_cache >= kept and done.contenders[0].n == 40


def test_no_key_travels(local_ray: Path, farm: Farm, fake_anthropic: FakeProvider, tmp_path: Path) -> None:
    assert TEST_KEY.encode() not in encode(job(fake_anthropic))
    asked = farm.ask(fake_anthropic, tmp_path, 20, 8)
    assert asked.kinds == {"answer": 20} and fake_anthropic.stats()["with_key"] == 20
    written = [path for path in local_ray.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if TEST_KEY.encode() in path.read_bytes()]


def test_what_the_workers_lack_is_told(farm: Farm, fake_anthropic: FakeProvider) -> None:
    with pytest.raises(ModelUnavailable, match="^EVALKIT_NOT_SET is not set$"):
        farm.runner.run(farm.cluster.open("m", job(fake_anthropic, api_key_env="EVALKIT_NOT_SET")))


def test_workers_of_another_version_are_refused(local_ray: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.version.__version__", "0.0.7")
    with pytest.raises(ClusterError, match=r"no worker started: .* has evalkit .*, here it is 0\.0\.7"):
        asyncio.run(Cluster.start(replace(TWO, most_losses=1)))


def test_hostile_text_reaches_the_model_as_on_one_machine(farm: Farm, fake_anthropic: FakeProvider) -> None:
    texts = ["\ud800 alone", "a\x00b", "é" * 5000, ""]

    async def both() -> list[tuple[Any, Any]]:
        one = open_model(spec("anthropic", fake_anthropic.url), context())
        many = await farm.cluster.open("m", job(fake_anthropic))
        try:
            pairs = [(await one.complete(request(text)), await many.complete(request(text))) for text in texts]
        finally:
            await one.aclose()
            await many.aclose()
        return [(told(alone), told(there)) for alone, there in pairs]

    def told(outcome: Completion | Failure) -> Any:
        return (outcome.text, outcome.usage) if isinstance(outcome, Completion) else outcome

    for alone, there in farm.runner.run(both()):
        assert alone == there


class _Forgetful:
    """A cluster that loses every request."""

    async def ask(self, name: str, request: object) -> None:
        await asyncio.sleep(0)


def lossy(fits: float) -> tuple[RemoteModel, Budget]:
    """A model of a cluster that loses everything, with a budget in which `fits` requests fit."""
    budget = Budget(1.0)
    purse = Purse(budget, Price((Tier(Rates(input=1.0, output=5.0)),), None, "made"))
    budget.limit = (fits + 0.5) * purse.most(request("x"))
    asks = Job(spec("anthropic", None), PREFIX, PARAMETERS)
    model = RemoteModel(_Forgetful(), "m", asks, Opened({"provider": "x"}), purse=purse)  # type: ignore[arg-type]
    return model, budget


@pytest.mark.parametrize(("fits", "again"), [(2, 0), (3, 2)])
def test_a_lost_request_counts_as_spent_before_it_is_asked_again(fits: int, again: int) -> None:
    model, budget = lossy(fits)
    assert model.purse is not None
    purse = model.purse
    most = purse.most(request("x"))

    async def one() -> bool:
        assert await purse.take(request("x")) == most
        outcome = await model.complete(request("x"))
        assert isinstance(outcome, Failure) and outcome.reason.startswith(LOST)
        purse.settle(most, None)
        return outcome.retryable

    async def two() -> tuple[bool, bool]:
        async with asyncio.timeout(5):
            return await asyncio.gather(one(), one())

    assert sum(asyncio.run(two())) == again
    assert budget.spent == pytest.approx(2 * most) and budget._aside == pytest.approx(0)


def test_a_request_of_another_prefix_is_a_mistake() -> None:
    model, _ = lossy(1)
    with pytest.raises(ValueError, match="another prefix"):
        asyncio.run(model.complete(request("x", prefix=make_prefix("Other.", []))))
