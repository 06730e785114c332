"""What a model's factory gets: training rows for models that learn, and how the asking is set up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from evalkit.models.base import ModelContext
from evalkit.suite.contenders import Contender
from evalkit.suite.open import OpenSuite


def model_context(suite: OpenSuite, contender: Contender) -> ModelContext:
    """The context of one contender. Training rows are read only when a model asks for them."""
    config = suite.loaded.suite
    has_train = "train" in suite.dataset.splits and config.task == "classify"

    def rows() -> Iterator[tuple[str, str]]:
        for sample in suite.dataset.training_samples() if has_train else ():
            yield contender.request(sample).suffix, str(sample.target)

    return ModelContext(
        training_rows=rows,
        training_digest=_digest(suite, contender) if has_train else "",
        stream=config.wants_ttft,
        timeout_s=config.run.timeout_s,
        concurrency=contender.concurrency,
        seed=config.run.seed if config.run.seed is not None else 7,
    )


def _digest(suite: OpenSuite, contender: Contender) -> str:
    """What the training rows depend on: the rows of train and dev, and the template that renders them."""
    splits = suite.dataset.splits
    parts = [contender.user.source, splits["train"].digest, splits["dev"].digest if "dev" in splits else ""]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
