"""What a model's factory gets: training rows for models that learn, and how the asking is set up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from evalkit.models.base import ModelContext
from evalkit.suite.open import OpenSuite
from evalkit.suite.prompts.contenders import Contender


def model_context(suite: OpenSuite, contender: Contender, split: str) -> ModelContext:
    """The context of one contender judged on `split`. Training rows are read only when a model asks for them.

    Judged on test, a model may learn from dev's rows too; judged on dev, it must not have seen them.
    """
    config = suite.config
    has_train = "train" in suite.dataset.splits and config.facts.classes

    def rows() -> Iterator[tuple[str, str]]:
        if not has_train:
            return
        for sample in suite.dataset.samples("train") if split == "dev" else suite.dataset.training_samples():
            yield contender.request(sample).suffix, str(sample.target)

    return ModelContext(
        training_rows=rows,
        training_digest=_digest(suite, contender, split) if has_train else "",
        stream=config.wants_ttft,
        timeout_s=config.run.timeout_s,
        concurrency=contender.concurrency,
        seed=config.run.seed if config.run.seed is not None else 7,
    )


def _digest(suite: OpenSuite, contender: Contender, split: str) -> str:
    """What the training rows depend on: the rows that are learned from, and the template that renders them."""
    splits = suite.dataset.splits
    dev = splits["dev"].digest if "dev" in splits and split != "dev" else ""
    parts = [contender.user.source, splits["train"].digest, dev]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
