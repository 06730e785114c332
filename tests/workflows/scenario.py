"""Suites for the scenarios: invented texts that resemble no other, answers with a known share of right ones."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from evalkit.cli.main import app
from tests.cli_helper import evalkit, write, write_rows

TEST, TRAIN = 240, 1300
COMMANDS = {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands}
COMMANDS |= {g.name or "" for g in app.registered_groups} | {"baseline", "ladder"}
KEYS = {"ANTHROPIC_API_KEY": "k-0123456789", "OPENAI_API_KEY": "k-0123456789", "TUNED_API_KEY": "k-0123456789"}
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
_SYSTEMS = {
    "plain": "Answer with one label.",
    "defined": "Answer with one label. Each label is defined in the handbook of the desk.",
    "stepwise": "Read twice, weigh every label against the text, then give one only.",
}
THREE_PROMPTS = {name: {"system": system, "user": "{{ text }}"} for name, system in _SYSTEMS.items()}


@dataclass(frozen=True)
class Job:
    """A job with its rows on disk: `texts` and `truth` of test and train."""

    folder: Path
    labels: Sequence[str]
    words: int = 12
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made = random.Random(7)
        for split, n in (("test", TEST), ("train", TRAIN)):
            self.rows[split] = [
                {"id": f"{split}{i}", "text": self._text(made), "label": self.labels[i % len(self.labels)]}
                for i in range(n)
            ]
            write_rows(self.folder, f"{split}.jsonl", self.rows[split])

    def _text(self, made: random.Random) -> str:
        return " ".join("".join(made.choices(_SYLLABLES, k=3)) for _ in range(self.words))

    def answers(self, right: float, wrong: str | None = None, shape: str = "{}") -> dict[str, str]:
        """By text: the truth for a share of the rows, spread evenly; else `wrong`, or another label."""
        given = {}
        for row in itertools.chain(*self.rows.values()):
            number = int(re.sub(r"\D", "", row["id"]))
            hit = int((number + 1) * right) > int(number * right)
            other = wrong or self.labels[(self.labels.index(row["label"]) + 1) % len(self.labels)]
            given[row["text"]] = shape.format(row["label"] if hit else other)
        return given

    def suite(self, **parts: Any) -> str:
        """Write a suite; `parts` replace whole sections, None leaves one out."""
        base: dict[str, Any] = {
            "name": "job",
            "dataset": {
                "test": {"path": "test.jsonl"},
                "train": {"path": "train.jsonl"},
                "target": "label",
                "id": "id",
                "label_error_share": [0.0, 0.02],
            },
            "prompt": {"system": "Answer with one label.", "user": "{{ text }}"},
            "output": {"form": "label", "labels": "from_data", "max_tokens": 32},
            "models": {"haiku": "anthropic/claude-haiku-5-5"},
            "good_enough": {"accuracy": 0.9, "format_validity": 0.95},
        }
        if "prompts" in parts:
            del base["prompt"]
        chosen = {k: v for k, v in (base | parts).items() if v is not None}
        path = write(self.folder, "suite.yaml", yaml.safe_dump(chosen, sort_keys=False, allow_unicode=True))
        return path.name

    def run(self, suite: str, *options: str, **env: str) -> dict[str, Any]:
        """The JSON object of a complete run whose next step can be followed."""
        done = evalkit("run", suite, *options, "--json", cwd=self.folder, env=KEYS | env)
        assert done.code == 0, done.err
        data: dict[str, Any] = done.json
        followable(data["verdict"]["next_step"])
        return data


def states(data: dict[str, Any]) -> list[str]:
    """The three answers."""
    return [answer["state"] for answer in data["verdict"]["answers"]]


def followable(step: str) -> None:
    """A next step is one line that names at least one command, and only commands that exist."""
    names = re.findall(r"python -m evalkit (\S+)", step)
    assert names, step
    assert set(names) <= COMMANDS, step
    assert "\n" not in step
