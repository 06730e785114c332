"""The fair rivals of a fine-tune: each prompted contender in each way of asking it, the cheapest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.decision.costs import Way, ways
from evalkit.records.economics import Economics, Rival
from evalkit.records.evidence import Facts
from evalkit.records.run import ContenderResult

PROMPTED_ROLES = ("frontier", "prompted")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A measured prompted contender with the options whose cost is known (none without a price or usage)."""

    contender: ContenderResult
    ways: tuple[Way, ...]
    note: str = ""

    def suitable(self, live: bool) -> tuple[Way, ...]:
        """The options that can serve the job: a batch answers within a day, so it serves nothing that is `live`."""
        return tuple(way for way in self.ways if suits(way, live))


def suits(way: Way, live: bool) -> bool:
    """Whether an option can serve the job."""
    return not (live and way.option == "batch")


def accuracy_of(contender: ContenderResult) -> float | None:
    """The measured accuracy, None where unknown."""
    estimate = (contender.metrics or {}).get("accuracy")
    return None if estimate is None else estimate.value


def candidates(facts: Facts, contenders: Iterable[ContenderResult]) -> tuple[Candidate, ...]:
    """Prompted contenders measured on test, then those of dev that ask with a shorter prompt.

    A dev contender stands for fewer examples: one that was measured on test too, or whose prompt is no shorter than
    the same model's on test, is left out.
    """
    measured = [c for c in contenders if c.role in PROMPTED_ROLES and c.skipped is None and c.n]
    on_test = [c for c in measured if c.split == "test"]
    on_dev = [c for c in measured if c.split == "dev" and _shorter(facts, c, on_test)]
    return tuple(_candidate(facts, c) for c in (*on_test, *on_dev))


def rivals(found: Iterable[Candidate], facts: Facts, meets: Mapping[str, bool | None], live: bool) -> tuple[Rival, ...]:
    """A row for each candidate and option at the middle of the declared volume, the cheapest first.

    Without a volume the hit share is the measured one, and nothing is said of a month.
    """
    volume = (facts.economics or Economics()).calls_per_month
    calls = None if volume is None else volume.middle
    rows = []
    for candidate in found:
        contender = candidate.contender
        for way in candidate.ways:
            hits = way.measured if calls is None else float(way.hits(np.full(1, calls))[0])
            per_call = float(way.cost.at(np.full(1, hits))[0]) if way.caches else way.cost.miss
            notes = [candidate.note]
            if not suits(way, live):
                notes.append("only where the workload can wait")
            if way.caches and calls is None:
                notes.append("hit share as measured: no volume is declared")
            rows.append(
                Rival(
                    contender=contender.id,
                    option=way.option,
                    per_1000_calls=1000 * per_call,
                    per_month=None if calls is None else calls * per_call,
                    hit_share=hits if way.caches else None,
                    meets=meets.get(contender.id) if contender.split == "test" else None,
                    suits=suits(way, live),
                    note="; ".join(note for note in notes if note),
                )
            )
    return tuple(sorted(rows, key=lambda row: row.per_1000_calls))


def choose(
    found: Sequence[Candidate], rows: Sequence[Rival], meets: Mapping[str, bool | None], live: bool
) -> tuple[Candidate, Rival] | None:
    """The contender that a fine-tune is held against, with its cheapest suitable option; None where none has a cost.

    The cheapest that meets all requirements; where none does, the most accurate frontier contender, else the most
    accurate prompted one. `rows` are those of `rivals`, the cheapest first.
    """
    on_test = [c for c in found if c.contender.split == "test" and c.suitable(live)]
    for wanted in (
        [c for c in on_test if meets.get(c.contender.id) is True],
        _most_accurate([c for c in on_test if c.contender.role == "frontier"]),
        _most_accurate(on_test),
    ):
        by_id = {c.contender.id: c for c in wanted}
        for row in rows:
            if row.suits and row.contender in by_id:
                return by_id[row.contender], row
    return None


def _most_accurate(found: Sequence[Candidate]) -> list[Candidate]:
    """Those with the highest accuracy; all of them where none is known."""
    best = max((accuracy_of(c.contender) or 0.0 for c in found), default=0.0)
    return [c for c in found if (accuracy_of(c.contender) or 0.0) == best]


def _shorter(facts: Facts, contender: ContenderResult, on_test: Sequence[ContenderResult]) -> bool:
    mix = facts.mixes.get(contender.id)
    same = [facts.mixes[c.id].prompt for c in on_test if c.model == contender.model and c.id in facts.mixes]
    return mix is not None and all(mix.prompt < prompt for prompt in same)


def _candidate(facts: Facts, contender: ContenderResult) -> Candidate:
    mix, price = facts.mixes.get(contender.id), facts.prices.get(contender.id)
    notes = []
    if contender.split == "dev":
        notes.append("accuracy measured on dev only")
    if mix is None or price is None:
        return Candidate(contender, (), "; ".join(notes))
    rates = price.rates_for(round(mix.prompt))
    if rates.cache_read is None and mix.eligible:
        notes.append("read from cache in this run, but the price has no cache rates: priced without caching")
    elif rates.cache_read is not None and not mix.eligible:
        off = facts.cache_ttl.get(contender.id) == "off"
        notes.append("caching was not asked for" if off else "the provider's counters showed no caching")
    hours = (facts.economics or Economics()).active_hours
    return Candidate(contender, ways(mix, price, hours), "; ".join(notes))
