"""Who is asked on which split, and a later stage that grades the answers anew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from evalkit.running.rounds import OnlyThese
from evalkit.running.state import Asking, RunState
from evalkit.running.ways.choice import LIVE, HowToAsk
from tests.running.desks import BY_BATCH, FELL, HAIKU, TWO_PROMPTS, N, accuracy, run, suite
from tests.servers.launch import FakeProvider

SONNET = "  sonnet: anthropic/claude-sonnet-5-5\n"


class LenientJudge:
    """A stage that reads every answer, gives half a grade to what is wrong, and waits as a judge's call would."""

    def __init__(self) -> None:
        self.seen: dict[str, list[str]] = {}

    async def work(self, state: RunState, contenders: Sequence[Asking]) -> None:
        for asking in contenders:
            assert asking.run.held is not None and len(asking.run.tally) == 0
            for scored in asking.run.held:
                await asyncio.sleep(0)
                if scored.score.answer is not None and not scored.score.correct:
                    sample = scored.answer.context
                    self.seen.setdefault(f"{asking.run.contender.id} {asking.run.split}", []).append(sample.id)
                    scored.score = msgspec.structs.replace(scored.score, grade=1.0, note="the judge says so")


class Counting:
    """A stage that comes after another and sees what it set."""

    def __init__(self) -> None:
        self.right = 0

    async def work(self, state: RunState, contenders: Sequence[Asking]) -> None:
        self.right = sum(scored.score.correct for asking in contenders for scored in asking.run.held or ())


@pytest.mark.parametrize("how", [LIVE, BY_BATCH], ids=["live", "batch"])
def test_a_later_stage_sets_the_grades_that_the_figures_are_made_of(vendor: FakeProvider, how: HowToAsk) -> None:
    vendor.configure(answers=FELL)
    path = suite()
    assert accuracy(run(path, how)) == [pytest.approx(40 / 60)]
    judge, counting = LenientJudge(), Counting()
    judged = run(path, how, stages=(judge, counting))
    assert accuracy(judged) == [1.0] and counting.right == N
    assert len(judge.seen["haiku/default/prompt test"]) == 20
    assert [need.state for need in judged.requirements] == ["met"]
    rows = pq.read_table(Path(judged.run) / "samples.parquet", columns=["correct", "note"]).to_pylist()
    assert len(rows) == N and all(row["correct"] for row in rows)
    assert sum(row["note"] == "the judge says so" for row in rows) == 20
    assert vendor.stats()["requests"] + sum(map(len, (b["bodies"] for b in vendor.stats()["batches"]))) == N


def test_a_stage_works_on_every_round_before_the_prompt_is_chosen(vendor: FakeProvider) -> None:
    """On dev all answers of both prompts are regraded, so that the choice is between equals."""
    vendor.configure(answers={}, default_answer="billing")
    judge = LenientJudge()
    result = run(suite(prompts=TWO_PROMPTS, train=True), stages=(judge,))
    chosen = next(rank.prompt for rank in result.prompts if rank.chosen)
    assert set(judge.seen) == {f"haiku/{p}/prompt dev" for p in ("plain", "long")} | {f"haiku/{chosen}/prompt test"}
    assert accuracy(result) == [1.0, 1.0, 1.0]


def test_several_prompts_go_over_dev_and_one_goes_straight_to_test(vendor: FakeProvider) -> None:
    several = run(suite(prompts=TWO_PROMPTS, train=True))
    assert [c.split for c in several.contenders] == ["test", "dev", "dev"]
    assert several.verdict is not None and len(several.prompts) == 2
    one = run(suite(train=True))
    assert [c.split for c in one.contenders] == ["test"] and one.prompts == ()
    on_test = run(suite(prompts=TWO_PROMPTS))
    assert [c.split for c in on_test.contenders] == ["test", "test"]
    assert on_test.facts is not None and on_test.facts.chosen_on_test
    assert "several prompts and no train split: the prompt is chosen on test" in on_test.warnings


def test_only_these_are_asked_and_nothing_is_decided(vendor: FakeProvider) -> None:
    result = run(suite(models=HAIKU + SONNET), rounds=OnlyThese(("sonnet/default/prompt",)))
    assert [c.id for c in result.contenders] == ["sonnet/default/prompt"]
    assert result.verdict is None and result.facts is None
    assert vendor.stats()["requests"] == N
