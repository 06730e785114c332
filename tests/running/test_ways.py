"""One suite asked in each way: the same scores, and what each way is for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from evalkit.errors import Interrupted, Submitted, SuiteError
from evalkit.running.execute import execute
from evalkit.running.settings import RunSettings
from evalkit.running.watch import Watch
from evalkit.running.ways.batch import batch_store
from evalkit.running.ways.choice import LIVE, HowToAsk
from evalkit.running.ways.opening import opened_ways
from tests.running.desks import BY_BATCH, FELL, TWO_PROMPTS, UNWAITED, N, accuracy, batches, run, suite, until
from tests.servers.launch import FakeProvider

AT_A_RATE = HowToAsk(rate=500, constant=True)


@pytest.mark.parametrize("how", [LIVE, AT_A_RATE, BY_BATCH], ids=["live", "rate", "batch"])
def test_every_way_gives_the_same_scores(vendor: FakeProvider, how: HowToAsk) -> None:
    vendor.configure(answers=FELL)
    path = suite()
    first = run(path, how)
    assert accuracy(first) == [pytest.approx(40 / 60)] and first.complete
    assert first.facts is not None and first.facts.command == f"python -m evalkit run tickets.yaml{how.flags}"
    sent = vendor.stats()
    assert (sent["requests"], len(sent["batches"])) == ((0, 1) if how.batch else (N, 0))
    again = run(path, how)
    cached = again.contenders[0].from_cache
    assert (cached, vendor.stats()["requests"]) == ((0, 2 * N) if how.rate else (N, sent["requests"]))


def test_one_way_serves_several_prompts_round_by_round(vendor: FakeProvider) -> None:
    """By batch without waiting: dev is submitted, and test only once dev is there."""
    vendor.configure(batch_looks=1)
    path = suite(prompts=TWO_PROMPTS, train=True)
    with pytest.raises(Submitted) as dev:
        run(path, UNWAITED)
    assert [line.record.contender for line in dev.value.lines] == ["haiku/plain/prompt", "haiku/long/prompt"]
    with pytest.raises(Submitted) as test:
        run(path, UNWAITED)
    assert len(test.value.lines) == 1 and len(batches(vendor)) == 3
    done = run(path, BY_BATCH)
    assert [c.split for c in done.contenders] == ["test", "dev", "dev"] and len(batches(vendor)) == 3
    assert batch_store().all() == []


def test_whoever_has_no_batch_api_is_asked_live(vendor: FakeProvider) -> None:
    models = "  haiku: anthropic/claude-haiku-5-5\n  trained: classifier/tfidf-logreg\n"
    result = run(suite(models=models, train=True), BY_BATCH)
    assert [c.model for c in result.contenders if c.skipped is None] == ["haiku", "trained"]
    assert vendor.stats()["requests"] == 0 and len(batches(vendor)) == 1


def test_a_budget_is_one_for_all_runs_of_a_command(vendor: FakeProvider) -> None:
    """Two runs share a way; the second finds the budget spent by the first."""
    one, two = suite("one"), suite("two", prompts='prompt: {system: "Two: {{ labels }}", user: "{{ text }}"}')
    alone = run(one, HowToAsk(max_cost=1))
    cost = alone.contenders[0].cost
    assert cost is not None and cost.spent is not None
    vendor.reset()
    how = HowToAsk(max_cost=1.3 * cost.spent)

    async def both() -> list[bool]:
        async with opened_ways(how) as ways:
            settings = [RunSettings(path, how=how, namespace="n") for path in (one, two)]
            return [(await execute(each, ways=ways)).complete for each in settings]

    assert asyncio.run(both()) == [True, False]
    assert N < vendor.stats()["requests"] < 2 * N


def test_a_stopped_run_says_what_it_kept_and_leaves_no_folder(vendor: FakeProvider) -> None:
    vendor.configure(latency_ms=20)
    path, watch = suite(), Watch()

    async def stop() -> Interrupted:
        running = asyncio.create_task(execute(RunSettings(path), watch))
        await until(lambda: any(monitor.done >= 5 for monitor in watch.monitors.values()))
        running.cancel()
        with pytest.raises(Interrupted) as stopped:
            await running
        return stopped.value

    stopped = asyncio.run(stop())
    assert 5 <= stopped.kept < stopped.total == N
    assert list(Path("runs/tickets").iterdir()) == []
    vendor.configure(latency_ms=0)
    assert run(path).contenders[0].from_cache >= stopped.kept


def test_a_model_that_was_opened_is_closed_where_another_cannot_be_opened(
    vendor: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalkit.models.anthropic.model import AnthropicModel

    closed: list[str] = []

    async def noted(self: AnthropicModel) -> None:
        closed.append("haiku")

    monkeypatch.setattr(AnthropicModel, "aclose", noted)
    Path("old.jsonl").write_text('{"id": 1\n', encoding="utf-8")
    models = "  haiku: anthropic/claude-haiku-5-5\n  old: {model: recorded, path: old.jsonl, role: prompted}\n"
    with pytest.raises(SuiteError):
        run(suite(models=models))
    assert closed == ["haiku"]
