"""Samples whose answer changes while the request stays the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from evalkit.errors import RunError
from evalkit.records.check import Flaky, FlakyItem
from evalkit.records.score import Status
from evalkit.store.samples import SampleFile

_SPLIT = "test"
_SHOWN = 10


class _Row(NamedTuple):
    """The columns that are read."""

    contender: str
    sample_id: str
    key: str
    status: str
    answer: str | None
    correct: bool
    latency_ms: float | None


@dataclass(slots=True)
class _Seen:
    """All answers to the requests of one sample. One that comes from the response cache again counts once."""

    answers: dict[tuple[str, float | None, str], bool] = field(default_factory=dict)
    tonight: set[str] = field(default_factory=set)

    def add(self, row: _Row, tonight: bool) -> None:
        outcome = f"={row.answer}" if row.status == Status.OK else row.status
        # A cached answer keeps its first latency: key, latency and outcome tell one asking from another.
        self.answers[(row.key, row.latency_ms, outcome)] = bool(row.correct)
        if tonight:
            self.tonight.add(outcome)

    def item(self, sample: str) -> FlakyItem | None:
        different = {outcome for _, _, outcome in self.answers}
        if len(different) < 2:
            return None
        over: Literal["epochs", "nights"] = "epochs" if len(self.tonight) > 1 else "nights"
        return FlakyItem(sample, len(self.answers), sum(self.answers.values()), len(different), over)


def flaky_items(tonight: SampleFile, before: Iterable[SampleFile]) -> dict[str, Flaky]:
    """Flaky samples per contender on test, from the samples of this run and of earlier ones of the same suite.

    Only equal requests are compared, by their keys, so that a changed prompt or row makes nothing flaky. A damaged
    earlier run is passed over. Raises RunError where this run cannot be read.
    """
    seen: dict[tuple[str, str], _Seen] = {}
    asked: dict[str, list[_Seen]] = {}
    for row in _rows(tonight):
        sample = seen.setdefault((row.contender, row.sample_id), _Seen())
        known = asked.setdefault(row.key, [])
        if not any(other is sample for other in known):
            known.append(sample)
        if row.status != Status.INFRA_ERROR:
            sample.add(row, tonight=True)
    nights = 1
    for file in before:
        nights += 1
        with suppress(RunError):
            for row in _rows(file):
                if row.status != Status.INFRA_ERROR:
                    for sample in asked.get(row.key, ()):
                        sample.add(row, tonight=False)
    return _by_contender(seen, nights)


def _rows(file: SampleFile) -> Iterator[_Row]:
    for batch in file.table(_Row._fields, _SPLIT).to_batches():
        yield from map(_Row, *(column.to_pylist() for column in batch.columns))


def _by_contender(seen: dict[tuple[str, str], _Seen], nights: int) -> dict[str, Flaky]:
    total: dict[str, int] = {}
    items: dict[str, list[FlakyItem]] = {}
    for (contender, sample), answers in seen.items():
        total[contender] = total.get(contender, 0) + 1
        found = items.setdefault(contender, [])
        if item := answers.item(sample):
            found.append(item)
    return {
        contender: Flaky(len(found), total[contender], nights, tuple(sorted(found, key=_unrest)[:_SHOWN]))
        for contender, found in items.items()
    }


def _unrest(item: FlakyItem) -> tuple[float, str]:
    """The worst first: those whose answers are right about half of the time."""
    return abs(item.right / item.asked - 0.5), item.sample_id
