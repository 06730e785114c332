"""Samples whose answer changes while the request stays the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from evalkit.records.check import Flaky, FlakyItem

_INFRA = "infra_error"
_SHOWN = 10

COLUMNS = ("contender", "sample_id", "epoch", "key", "status", "answer", "correct", "latency_ms")


@dataclass(slots=True)
class _Seen:
    """All answers to the requests of one sample. One that comes from the response cache again counts once."""

    answers: dict[tuple[str, float | None, str], bool] = field(default_factory=dict)
    tonight: set[str] = field(default_factory=set)

    def add(self, row: Any, tonight: bool) -> None:
        outcome = f"={row['answer']}" if row["status"] == "ok" else row["status"]
        # A cached answer keeps its first latency: key, latency and outcome tell one asking from another.
        self.answers[(row["key"], row["latency_ms"], outcome)] = bool(row["correct"])
        if tonight:
            self.tonight.add(outcome)

    def item(self, sample: str) -> FlakyItem | None:
        different = {outcome for _, _, outcome in self.answers}
        if len(different) < 2:
            return None
        over: Literal["epochs", "nights"] = "epochs" if len(self.tonight) > 1 else "nights"
        return FlakyItem(sample, len(self.answers), sum(self.answers.values()), len(different), over)


def flaky_items(tonight: Iterable[Any], before: Iterable[Iterable[Any]]) -> dict[str, Flaky]:
    """Flaky samples per contender, from the rows (COLUMNS) of this run and of earlier ones of the same suite.

    Only equal requests are compared, by their keys, so that a changed prompt or row makes nothing flaky.
    """
    seen: dict[tuple[str, str], _Seen] = {}
    asked: dict[str, list[_Seen]] = {}
    for row in tonight:
        sample = seen.setdefault((row["contender"], row["sample_id"]), _Seen())
        known = asked.setdefault(row["key"], [])
        if not any(other is sample for other in known):
            known.append(sample)
        if row["status"] != _INFRA:
            sample.add(row, tonight=True)
    nights = 1
    for rows in before:
        nights += 1
        for row in rows:
            if row["status"] != _INFRA:
                for sample in asked.get(row["key"], ()):
                    sample.add(row, tonight=False)
    return _by_contender(seen, nights)


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
