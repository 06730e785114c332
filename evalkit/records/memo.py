"""Everything that the memo shows, collected; the memo computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.records.evidence import Facts
from evalkit.records.run import RunResult
from evalkit.records.verdict import Verdict


@dataclass(frozen=True, slots=True)
class WorstExample:
    """A sample that was answered wrongly: all texts are hostile data.

    `others_right` counts the contenders (of `others`) that had it right.
    """

    contender: str
    sample_id: str
    input: str
    target: str
    text: str
    status: str
    note: str | None
    others_right: int
    others: int


@dataclass(frozen=True, slots=True)
class LatencyCurve:
    """One contender's latency over its answered calls: `ms[i]` is the quantile at `share[i]` (0 … 1).

    `kind` is `latency` or `ttft`.
    """

    contender: str
    kind: str
    share: tuple[float, ...]
    ms: tuple[float, ...]

    def at(self, share: float) -> float | None:
        """The quantile at a share, None where none is kept within a hundredth of it."""
        near = min(range(len(self.share)), key=lambda i: abs(self.share[i] - share))
        return self.ms[near] if abs(self.share[near] - share) <= 0.01 else None


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A contender's price for the appendix: dollars per million tokens, the date and the source."""

    contender: str
    rates: Mapping[str, float | None]
    as_of: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Memo:
    """A run with its verdict, ready to be written down. `description` is the suite's sentence on the job.

    `created` is the run's ISO time; `command` starts it again. `fingerprint` is that of the data. `splits` are rows
    by split, `versions` package versions by name, `front` the ids of the contenders that none beats
    in cost and accuracy.
    """

    result: RunResult
    verdict: Verdict
    facts: Facts
    command: str
    created: str
    description: str | None
    fingerprint: str
    splits: Mapping[str, int]
    versions: Mapping[str, str]
    latency: tuple[LatencyCurve, ...]
    worst: tuple[WorstExample, ...]
    prices: tuple[PriceLine, ...]
    front: tuple[str, ...] = ()
