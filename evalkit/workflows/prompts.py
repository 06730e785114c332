"""Which of several prompts goes to test: chosen on dev, never on test."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.records.run import ContenderResult


def choose_prompt(on_dev: Sequence[ContenderResult], prompts: Sequence[str]) -> str:
    """The prompt with the best mean accuracy on dev over the contenders that were asked.

    Floors count only where nothing else was asked: a reference must not choose a frontier model's prompt.
    The first in the suite wins a tie.
    """
    asked = [c for c in on_dev if c.skipped is None]
    voters = [c for c in asked if c.role != "floor"] or asked

    def mean(prompt: str) -> float:
        values = [_accuracy(c) for c in voters if c.prompt == prompt]
        known = [v for v in values if v is not None]
        return sum(known) / len(known) if known else -1.0

    return max(prompts, key=mean)


def _accuracy(contender: ContenderResult) -> float | None:
    estimate = (contender.metrics or {}).get("accuracy")
    return None if estimate is None else estimate.value
