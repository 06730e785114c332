"""Where a series of nights changed: another model, other data, another prompt, or another accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from evalkit.records.history import Change, ChangeKind, Night
from evalkit.stats.clusters import FloatArray
from evalkit.wording.numbers import share

LEVEL = 0.005
_DRAWS = 4999
_LEAST = 3  # nights on either side of a change
_TINY = 1e-12
_TEXT: dict[ChangeKind, str] = {
    "model": "another model answers: {value}, before {last}",
    "data": "the rows changed",
    "prompt": "the prompt or its examples changed",
    "scoring": "scored by evalkit {value}, before {last}",
}


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """From value `index` on the mean is another one; `before` and `after` are the means of the two segments."""

    index: int
    before: float
    after: float
    p: float


def change_points(values: ArrayLike, level: float = LEVEL, seed: int = 0) -> list[ChangePoint]:
    """Changes of the mean of a series (n,), in its order.

    Binary segmentation (Vostrikova, Soviet Mathematics Doklady 24, 1981): the split with the largest standardised
    difference of means is kept where at most a share `level` of 4,999 random orders of the segment has one as large,
    and both parts are split again. The permutation test is that of Antoch and Hušková, Statistics & Probability
    Letters 53 (2001): it takes the spread from the series itself, where the sampling error of one night would be far
    too large, since all nights ask the same samples. A change leaves 3 values at least on either side.
    """
    series = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    found = sorted(_split(series, 0, level, rng))
    ends = [0, *(index for index, _ in found), series.size]
    means = [float(series[a:b].mean()) for a, b in pairwise(ends) if b > a]
    return [ChangePoint(index, means[i], means[i + 1], p) for i, (index, p) in enumerate(found)]


def _split(series: FloatArray, start: int, level: float, rng: np.random.Generator) -> Iterator[tuple[int, float]]:
    if series.size < 2 * _LEAST or float(np.ptp(series)) < _TINY:
        return
    score = _scores(series[None, :])[0]
    best = int(np.argmax(score))
    orders = rng.permuted(np.broadcast_to(series, (_DRAWS, series.size)), axis=1)
    as_large = np.count_nonzero(_scores(orders).max(axis=1) >= score[best] - _TINY)
    p = (1 + int(as_large)) / (1 + _DRAWS)
    if p > level:
        return
    cut = best + _LEAST
    yield start + cut, p
    yield from _split(series[:cut], start, level, rng)
    yield from _split(series[cut:], start + cut, level, rng)


def _scores(rows: FloatArray) -> FloatArray:
    """The standardised difference of means for every cut that leaves 3 values on either side, (rows, cuts)."""
    n = rows.shape[1]
    cuts = np.arange(_LEAST, n - _LEAST + 1)
    sums = np.cumsum(rows - rows.mean(axis=1, keepdims=True), axis=1)[:, cuts - 1]
    return np.asarray(np.abs(sums) / np.sqrt(cuts * (n - cuts) / n), dtype=np.float64)


def changes_of(nights: Sequence[Night]) -> tuple[Change, ...]:
    """What changed over the nights of one contender, in their order.

    The test of accuracy leaves out incomplete runs, and runs that were answered from the response cache alone: they
    say an earlier night again.
    """
    found = [*_named(nights, "model", "served_model"), *_named(nights, "data"), *_named(nights, "prompt")]
    found += _named(nights, "scoring")
    measured = [i for i, night in enumerate(nights) if _counts(night)]
    values = [value for i in measured if (value := _accuracy(nights[i])) is not None]
    for point in change_points(values):
        verb = "fell" if point.after < point.before else "rose"
        text = f"accuracy {verb} from {share(point.before)} to {share(point.after)}"
        found.append(Change(measured[point.index], "accuracy", text, point.p))
    return tuple(sorted(found, key=lambda change: change.index))


def _counts(night: Night) -> bool:
    return night.complete and not night.cached and _accuracy(night) is not None


def _accuracy(night: Night) -> float | None:
    return night.accuracy.value if night.accuracy else None


def _named(nights: Sequence[Night], kind: ChangeKind, attribute: str | None = None) -> Iterator[Change]:
    """A change wherever a known value is not the last known one."""
    last: str | None = None
    for index, night in enumerate(nights):
        value: str | None = getattr(night, attribute or kind)
        if value is None:
            continue
        if last is not None and value != last:
            yield Change(index, kind, _TEXT[kind].format(value=value, last=last))
        last = value
