"""The labelled examples of a suite, counted once per data: finding near duplicates takes seconds on large sets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from evalkit.records.evidence import LabelFacts
from evalkit.records.places import cache_folder
from evalkit.records.sample import Sample
from evalkit.suite.open import OpenSuite
from evalkit.suite.prompts.contenders import Contender

_FORMAT = 1


def label_count(suite: OpenSuite, contender: Contender) -> LabelFacts | None:
    """The facts of train, or None without a train split. Texts are what `contender`'s prompt shows of a row."""
    splits = suite.dataset.splits
    if "train" not in splits:
        return None
    name = _name(suite, contender)
    known = _read(name)
    if known is not None:
        return known
    from evalkit.diagnosis.labels import label_facts

    def train() -> Iterator[tuple[str, str]]:
        for sample in suite.dataset.training_samples():
            yield _shown(contender, sample), str(sample.target)

    test = (_shown(contender, sample) for sample in suite.dataset.samples("test"))
    found = label_facts(train(), test, per_class=suite.dataset.spec.classes)
    dropped = sum(splits[s].dropped for s in ("train", "dev") if s in splits)
    if dropped:  # rows that `leakage: drop` left out before they came here
        found = replace(found, rows=found.rows + dropped, in_test=found.in_test + dropped)
    _write(name, found)
    return found


def _shown(contender: Contender, sample: Sample) -> str:
    return contender.request(sample).suffix


def _name(suite: OpenSuite, contender: Contender) -> Path:
    splits = suite.dataset.splits
    parts = [_FORMAT, contender.user.source, *(f"{name}:{split.digest}" for name, split in splits.items())]
    parts.append(suite.dataset.spec.limit)
    digest = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
    return cache_folder() / "labels" / f"{digest}.json"


def _read(path: Path) -> LabelFacts | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=LabelFacts)
    except (OSError, msgspec.DecodeError):
        return None  # not counted yet, or damaged: counted again


def _write(path: Path, facts: LabelFacts) -> None:
    with suppress(OSError):  # only time is lost
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(facts))
        partial.replace(path)
