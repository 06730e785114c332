"""The labelled examples of a suite, counted once per data: finding near duplicates takes seconds on large sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evalkit.records.evidence import LabelFacts
from evalkit.records.sample import Sample
from evalkit.running.kept_facts import kept
from evalkit.suite.open import OpenSuite
from evalkit.suite.prompts.contenders import Contender

_VERSION = 3


def label_count(suite: OpenSuite, contender: Contender) -> LabelFacts | None:
    """The facts of train, or None without a train split. Texts are what `contender`'s prompt shows of a row."""
    if "train" not in suite.dataset.splits:
        return None
    return kept(suite, [contender.user.source], LabelFacts, _VERSION, lambda: _counted(suite, contender))


def _counted(suite: OpenSuite, contender: Contender) -> LabelFacts:
    from evalkit.diagnosis.labels import label_facts

    splits = suite.dataset.splits

    def train() -> Iterator[tuple[str, str]]:
        for sample in suite.dataset.training_samples():
            yield _shown(contender, sample), str(sample.target)

    test = (_shown(contender, sample) for sample in suite.dataset.samples("test"))
    found = label_facts(train(), test, per_class=suite.dataset.spec.classes)
    dropped = sum(splits[s].dropped for s in ("train", "dev") if s in splits)
    if dropped:  # rows that `leakage: drop` left out before they came here
        found = replace(found, rows=found.rows + dropped, in_test=found.in_test + dropped)
    return found


def _shown(contender: Contender, sample: Sample) -> str:
    return contender.request(sample).suffix
