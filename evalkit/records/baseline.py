"""An accepted run of one contender: what a later one is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.records.comparison import Provenance
from evalkit.records.estimate import Estimate
from evalkit.records.run import Percentiles

RIGHT, WRONG, INFRA = "+", "-", "e"
LETTERS: Mapping[str, str] = {
    "format_invalid": "f",
    "truncated": "t",
    "refused": "r",
    "rejected": "j",
    "infra_error": INFRA,
}
_VALID = RIGHT + WRONG


def letter(status: str, correct: bool) -> str:
    """One answer as a letter: `+` right, `-` wrong in the exact form, else a letter per status."""
    return LETTERS.get(status) or (RIGHT if correct else WRONG)


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One sample: a letter per answer, the digest of its right answer, and the code of its group."""

    id: str
    answers: str
    target: str
    group: int | None = None

    @property
    def correct(self) -> float | None:
        """The mean over the answers that infrastructure did not lose; None where it lost all."""
        return self._share(RIGHT)

    @property
    def valid(self) -> float | None:
        """The share of answers in the exact form; None where infrastructure lost all."""
        return self._share(_VALID)

    def _share(self, letters: str) -> float | None:
        n = len(self.answers) - self.answers.count(INFRA)
        return sum(self.answers.count(each) for each in letters) / n if n else None


@dataclass(frozen=True, slots=True)
class Baseline:
    """One contender's results on test. `samples` are in the order of their ids, with the same number of asks each.

    `request` are the parts of the request key, `metrics` the estimates by name (None: not measured), `run` is the
    name of the run's folder, `prices_as_of` the date of the price list.
    """

    suite: str
    contender: str
    model: str
    role: str
    run: str
    n: int
    epochs: int
    status: Mapping[str, int]
    metrics: Mapping[str, Estimate | None]
    cost_per_1000_calls: float | None
    prices_as_of: str | None
    latency_ms: Percentiles | None
    ttft_ms: Percentiles | None
    provenance: Provenance
    request: Mapping[str, Any]
    samples: tuple[SampleResult, ...]

    @property
    def groups(self) -> int:
        """How many groups the samples come from; 0 where no group is declared."""
        return len({sample.group for sample in self.samples if sample.group is not None})
