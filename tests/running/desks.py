"""A folder with suites of tickets, asked of fake vendors: what the tests of running share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit.records.run import RunResult
from evalkit.running.execute import execute
from evalkit.running.rounds import Rounds
from evalkit.running.settings import RunSettings
from evalkit.running.stages import Stage
from evalkit.running.ways.choice import LIVE, HowToAsk
from tests.cli_helper import write, write_rows
from tests.conftest import TEST_KEY
from tests.servers.launch import FakeProvider

LABELS = ("billing", "payments", "shipping")
N = 60
ROWS = [{"id": f"t{i}", "text": f"ticket {i} about {LABELS[i % 3]}", "label": LABELS[i % 3]} for i in range(N)]
TRAIN = [{"id": f"d{i}", "text": f"train {i} about {LABELS[i % 3]}", "label": LABELS[i % 3]} for i in range(N)]
RIGHT = {row["text"]: row["label"] for row in [*ROWS, *TRAIN]}
FELL = {**RIGHT, **{row["text"]: "billing" for row in ROWS[: N // 2]}}  # 20 of 60 are wrong
BY_BATCH = HowToAsk(batch=True, first_look_s=0.01)
UNWAITED = HowToAsk(batch=True, wait=False)
HAIKU = "  haiku: anthropic/claude-haiku-5-5\n"
ONE_PROMPT = 'prompt: {system: "One of {{ labels }}", user: "{{ text }}"}'
TWO_PROMPTS = """prompts:
  plain: {system: "One of {{ labels }}", user: "{{ text }}"}
  long: {system: "Read twice, then answer with exactly one of {{ labels }}", user: "{{ text }}"}"""
_SUITE = """
name: {name}
dataset: {{test: {{path: test.jsonl}}, {train}target: label, id: id}}
{prompts}
output: {{form: label, labels: from_data, max_tokens: 16}}
models:
{models}
good_enough: {{accuracy: 0.9}}
"""


def suite(
    name: str = "tickets", models: str = HAIKU, prompts: str = ONE_PROMPT, train: bool = False, n: int = N
) -> Path:
    """Write rows and a suite into the working folder; a suite with fewer rows has a file of its own."""
    write_rows(Path(), "test.jsonl", ROWS)
    write_rows(Path(), "train.jsonl", TRAIN)
    text = _SUITE.format(
        name=name, models=models, prompts=prompts, train="train: {path: train.jsonl}, " if train else ""
    )
    if n < N:
        write_rows(Path(), f"{name}.jsonl", ROWS[:n])
        text = text.replace("test.jsonl", f"{name}.jsonl")
    return write(Path(), f"{name}.yaml", text).relative_to(Path())


def in_folder(folder: Path, fake: FakeProvider, patch: pytest.MonkeyPatch) -> FakeProvider:
    """Work in a folder with the fake in the place of Anthropic, answering rightly and at once."""
    patch.chdir(folder)
    patch.setenv("ANTHROPIC_BASE_URL", fake.url)
    patch.setenv("ANTHROPIC_API_KEY", TEST_KEY)
    fake.configure(answers=RIGHT, batch_looks=0)
    return fake


def run(
    path: Path, how: HowToAsk = LIVE, rounds: Rounds | None = None, stages: Sequence[Stage] = (), **more: Any
) -> RunResult:
    """Run a suite."""
    return asyncio.run(execute(RunSettings(path, how=how, **more), rounds=rounds, stages=stages))


def batches(fake: FakeProvider) -> list[list[str]]:
    """The custom ids of every batch that was submitted."""
    return [batch["custom_ids"] for batch in fake.stats()["batches"]]


def accuracy(result: RunResult) -> list[float | None]:
    """Of every contender that was asked."""
    metrics = [contender.metrics or {} for contender in result.contenders]
    return [None if (found := each.get("accuracy")) is None else found.value for each in metrics]


async def until(true: Callable[[], bool]) -> None:
    """Wait for something; the time limit of a test is what ends it where it never comes."""
    while not true():
        await asyncio.sleep(0.02)
