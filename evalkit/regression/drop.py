"""One share, tonight against the baseline, on the samples that both answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evalkit.records.baseline import Baseline, SampleResult
from evalkit.records.estimate import Estimate
from evalkit.stats.drop import p_of_drop
from evalkit.stats.paired import PairedComparison, compare_paired

SHARES: dict[str, Callable[[SampleResult], float | None]] = {
    "drop": lambda sample: sample.correct,
    "format_validity_drop": lambda sample: sample.valid,
}


@dataclass(frozen=True, slots=True)
class Fall:
    """The paired figures of one share. `before` and `now` are its means over the compared samples.

    `p` is the one-sided p of "not worse", None where nothing can be decided: no common sample, or too few clusters.
    """

    paired: PairedComparison
    p: float | None
    before: float | None
    now: float | None

    @property
    def drop(self) -> float:
        """How far the share fell; negative where it rose, 0 without samples."""
        return -(self.paired.difference or 0.0)

    @property
    def estimate(self) -> Estimate:
        """Tonight minus the baseline."""
        return self.paired.estimate()

    def visible(self, level: float) -> float | None:
        """The smallest drop that a one-sided test at `level` sees with 80 % power; None where it sees none."""
        return self.paired.visible(2 * level)


def fall(gate: str, before: Baseline, now: Baseline) -> Fall:
    """Measure one share (`drop`: accuracy; `format_validity_drop`) on the samples with the same right answer."""
    share = SHARES[gate]
    there = {sample.id: sample for sample in now.samples}
    pairs = [(a, there[a.id]) for a in before.samples if a.id in there and there[a.id].target == a.target]
    x, y = _means(share, [a for a, _ in pairs]), _means(share, [b for _, b in pairs])
    groups = _groups(pairs)
    both = ~(np.isnan(x) | np.isnan(y))
    epochs = max(before.epochs, now.epochs)
    return Fall(
        compare_paired(x, y, groups, epochs),
        p_of_drop(x, y, groups),
        float(x[both].mean()) if both.any() else None,
        float(y[both].mean()) if both.any() else None,
    )


def together(first: Baseline, second: Baseline) -> Baseline:
    """Two runs of one contender as one with more epochs, on the samples of the first."""
    again = {sample.id: sample.answers for sample in second.samples}
    samples = tuple(replace(s, answers=s.answers + again.get(s.id, "")) for s in first.samples)
    return replace(first, epochs=first.epochs + second.epochs, samples=samples)


def means_of(gate: str, nights: Sequence[Baseline]) -> NDArray[np.float64]:
    """The means of a share (nights, samples), on the samples that all nights answered with the same right answer."""
    there = [{sample.id: sample for sample in night.samples} for night in nights]
    means = np.array(
        [
            _means(SHARES[gate], [samples[s.id] for samples in there])
            for s in nights[0].samples
            if all(s.id in samples and samples[s.id].target == s.target for samples in there)
        ],
        dtype=np.float64,
    ).reshape(-1, len(nights))
    return np.asarray(means[~np.isnan(means).any(axis=1)].T, dtype=np.float64)


def _means(
    share: Callable[[SampleResult], float | None], samples: Sequence[SampleResult]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([share(sample) for sample in samples], dtype=np.float64)  # None becomes NaN


def _groups(pairs: Sequence[tuple[SampleResult, SampleResult]]) -> list[int] | None:
    """The baseline's codes, or tonight's where the baseline has none; -1 for a sample without a group."""
    for side in (0, 1):
        if any(pair[side].group is not None for pair in pairs):
            codes = [pair[side].group for pair in pairs]
            return [-1 if code is None else code for code in codes]
    return None
