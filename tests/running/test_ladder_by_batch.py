"""The ladder by batch: rung by rung, the figures of a live climb, and nothing sent twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from evalkit.cli.ladder_command import ladder_command
from evalkit.records.ladder import LadderReport
from evalkit.running.ways.batch import batch_store
from evalkit.running.ways.choice import LIVE, HowToAsk
from evalkit.workflows.ladder.climb import LadderOptions, climb
from tests.running.desks import BY_BATCH, UNWAITED, batches, suite
from tests.servers.launch import FakeProvider

EXAMPLES = 'prompt: {system: "One of {{ labels }}", examples: {count: 2}, user: "{{ text }}"}'
RUNGS = ("zero-shot", "4", "reasoning-low")


def options(how: HowToAsk) -> LadderOptions:
    return LadderOptions(Path("tickets.yaml"), rungs=RUNGS, how=how)


def climbed(how: HowToAsk) -> LadderReport:
    return asyncio.run(climb(options(how)))


def figures(report: LadderReport) -> list[tuple[str, object]]:
    return [(rung.prompt, rung.accuracy) for model in report.models for rung in model.rungs]


def test_a_climb_by_batch_gives_what_a_live_one_gives(
    vendor: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    suite(prompts=EXAMPLES, train=True)
    by_batch = climbed(BY_BATCH)
    rungs = len(figures(by_batch))
    assert rungs == 4 and by_batch.sent == rungs * by_batch.n
    assert [len(ids) for ids in batches(vendor)] == [by_batch.n] * rungs
    assert vendor.stats()["requests"] == 0 and batch_store().all() == []
    assert climbed(BY_BATCH).sent == 0 and len(batches(vendor)) == rungs
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    live = climbed(LIVE)
    assert figures(live) == figures(by_batch) and vendor.stats()["requests"] == rungs * live.n
    assert by_batch.cold == pytest.approx(live.cold and live.cold / 2)


def test_without_waiting_each_rung_is_submitted_when_the_one_before_is_there(
    vendor: FakeProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor.configure(batch_looks=1)
    suite(prompts=EXAMPLES, train=True)
    for rung in range(1, 5):
        assert ladder_command(options(UNWAITED)) == 0
        out = capsys.readouterr().out
        command = f"python -m evalkit ladder tickets.yaml --rungs {','.join(RUNGS)} --batch"
        assert out.endswith(f"Go on with: {command}\n") and len(batches(vendor)) == rung
    assert ladder_command(options(UNWAITED)) == 0
    assert "Go on with" not in capsys.readouterr().out
    assert len(batches(vendor)) == 4 and batch_store().all() == []
