"""Rows of a suite that contradict each other: the same text to the models, another label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from evalkit.forms.parsing.compare import answer_key
from evalkit.records.evidence import LabelConflicts
from evalkit.records.sample import Sample
from evalkit.running.kept_facts import kept
from evalkit.running.prepare import Prepared
from evalkit.suite.prompts.contenders import Contender

_VERSION = 2


def conflicts_of(prepared: Prepared) -> LabelConflicts | None:
    """The contradictions in test and train; None where one text may have many right answers, or shows nothing.

    Rows are the same where every prompt of the suite shows the same text of them: then no model can tell them apart.
    """
    if not prepared.config.facts.one_value:
        return None
    by_template = {contender.user.source: contender for contender in prepared.contenders}
    shown_by = list(by_template.values())
    return kept(prepared.suite, sorted(by_template), LabelConflicts, _VERSION, lambda: _found(prepared, shown_by))


def _found(prepared: Prepared, shown_by: Sequence[Contender]) -> LabelConflicts | None:
    from evalkit.diagnosis.conflicts import label_conflicts

    dataset = prepared.suite.dataset
    has_train = "train" in dataset.splits

    def rows(samples: Iterable[Sample]) -> Iterator[tuple[str, str, str]]:
        for sample in samples:
            text = "\x1f".join(contender.request(sample).suffix for contender in shown_by)
            yield sample.id, text, _label(sample, bool(dataset.labels))

    def train() -> Iterable[Sample]:
        return chain(dataset.training_samples(), dataset.leaked_samples()) if has_train else ()

    return label_conflicts(lambda: rows(dataset.samples("test")), lambda: rows(train()))


def _label(sample: Sample, labels: bool) -> str:
    """The label as it is told apart from others: an answer that is no label is the same as one of the same meaning."""
    target = str(sample.target)
    return target if labels else answer_key(target)
