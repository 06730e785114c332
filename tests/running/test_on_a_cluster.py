"""A night and a ladder on the workers of a Ray: the figures of one machine, and workers that start once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from evalkit.engine.cluster import ray_connection
from evalkit.engine.cluster.driver import Cluster
from evalkit.errors import ClusterError
from evalkit.records.check import Night
from evalkit.running.ways.choice import LIVE, HowToAsk
from evalkit.workflows.baseline import accept
from evalkit.workflows.check import CheckOptions, check
from evalkit.workflows.ladder.climb import LadderOptions, climb
from tests.cli_helper import evalkit
from tests.conftest import TEST_KEY, TEST_KEY_ENV
from tests.engine.local_ray import local_ray
from tests.running.desks import FELL, N, suite
from tests.servers.launch import FakeProvider

__all__ = ["local_ray"]  # a fixture

TWO_WORKERS = HowToAsk(cluster="ray", workers=2)


def hosted(vendor: FakeProvider) -> str:
    """Named in the suite: workers inherited their variables before this test set its own."""
    there = f"base_url: '{vendor.url}', api_key_env: {TEST_KEY_ENV}, price: {{input: 1, output: 5}}"
    return f"  haiku: {{model: anthropic/claude-haiku-5-5, role: frontier, {there}}}\n"


def checked(*suites: Path, how: HowToAsk = TWO_WORKERS) -> Night:
    return asyncio.run(check(CheckOptions(suites, True, how=how)))


def test_a_night_on_workers_is_the_night_of_one_machine(
    local_ray: Path, vendor: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[int | None] = []
    ordinary = Cluster.start.__func__

    async def noted(cls: type[Cluster], config: object, *more: object) -> Cluster:
        starts.append(TWO_WORKERS.workers)
        found: Cluster = await ordinary(cls, config, *more)
        return found

    monkeypatch.setattr(Cluster, "start", classmethod(noted))
    paths = (suite("one", hosted(vendor)), suite("two", hosted(vendor), n=30))
    here = checked(*paths, how=LIVE)
    for each in here.suites:
        accept(Path(each.run or ""))
    assert starts == [] and vendor.stats()["requests"] == N  # suites share requests
    there = checked(*paths)
    assert starts == [2] and vendor.stats()["requests"] == 2 * N
    for mine, other in zip(there.suites, here.suites, strict=True):
        assert mine.contenders[0].accuracy == other.contenders[0].accuracy and mine.complete

    vendor.configure(answers=FELL)
    fell = checked(*paths)
    assert fell.code == 1 and [each.contenders[0].failed for each in fell.suites] == [True, True]
    assert starts == [2, 2]  # the confirming runs are asked by the same workers
    assert vendor.stats()["requests"] == 2 * N + 2 * N


def test_a_ladder_is_climbed_on_workers(local_ray: Path, vendor: FakeProvider) -> None:
    suite(models=hosted(vendor), train=True)
    report = asyncio.run(climb(LadderOptions(Path("tickets.yaml"), rungs=("label-guide", "4"), how=TWO_WORKERS)))
    assert [rung.prompt for rung in report.models[0].rungs] == ["default", "label-guide", "examples-4"]
    assert vendor.stats()["requests"] == report.sent == 3 * report.n and report.complete


def test_a_night_whose_workers_do_not_come_is_incomplete(vendor: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    async def never(config: object, warn: object) -> Cluster:
        tries.append(1)
        raise ClusterError("no worker started: the cluster has no free CPU")

    monkeypatch.setattr(Cluster, "start", never)
    night = checked(suite("one"), suite("two", n=30))
    assert night.code == 3 and len(tries) == 1
    assert all("no worker started" in str(each.error) for each in night.suites)


def test_a_ray_that_does_not_start_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray raises a bare Exception where its node does not come up in time."""

    def timed_out(*_: object) -> None:
        raise Exception("node timed out during startup")

    monkeypatch.setattr(ray_connection, "_join", timed_out)
    monkeypatch.setattr(ray_connection, "import_ray", lambda local: SimpleNamespace(is_initialized=lambda: False))
    with pytest.raises(ClusterError, match="Ray cannot be started or reached: node timed out during startup"):
        asyncio.run(ray_connection.RayConnection.open(None, 2))


def test_the_command_prints_one_object_whatever_ray_prints(vendor: FakeProvider, tmp_path: Path) -> None:
    suite(n=20, name="few")
    env = {"ANTHROPIC_BASE_URL": vendor.url, "ANTHROPIC_API_KEY": TEST_KEY, "RAY_AUTH_TOKEN": "e5" * 32}
    done = evalkit("check", "few.yaml", "--cluster", "ray", "--workers", "1", "--json", cwd=tmp_path, env=env)
    assert done.code == 0, done.err
    assert done.json["suites"][0]["contenders"][0]["n"] == 20 and done.out.count("\n") == 1
    assert vendor.stats()["requests"] == 20 and TEST_KEY not in done.out + done.err
