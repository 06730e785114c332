"""Pairs of sides become paired comparisons: common samples only, everything left out counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evalkit.records.comparison import (
    CompareOptions,
    Flip,
    LeftOut,
    NonInferiority,
    Pair,
    SampleText,
    Side,
    SideFigures,
)
from evalkit.regression.differences import differences
from evalkit.stats.multiple import holm
from evalkit.stats.paired import PairedComparison, compare_paired

Floats = NDArray[np.float64]

ALPHA = 0.05
_UNKNOWN = SampleText(None, None, None)


@dataclass(frozen=True, slots=True, eq=False)
class _Common:
    """The samples of a pair: positions on both sides, in the order of a, and what did not make it."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    other_target: int

    @classmethod
    def of(cls, a: Side, b: Side) -> _Common:
        if a.ids == b.ids and a.targets == b.targets:  # contenders of one run: no need to look
            everyone = np.arange(len(a.ids))
            return cls(everyone, everyone, 0)
        places = {sample: i for i, sample in enumerate(b.ids)}
        found = [(i, places[sample]) for i, sample in enumerate(a.ids) if sample in places]
        same = [(i, j) for i, j in found if a.targets[i] == b.targets[j]]
        both = np.array(same, dtype=np.int64).reshape(-1, 2)
        return cls(both[:, 0], both[:, 1], len(found) - len(same))

    def left_out(self, a: Side, b: Side, no_answer: int) -> LeftOut:
        found = self.a.size + self.other_target
        return LeftOut(len(a.ids) - found, len(b.ids) - found, self.other_target, no_answer)


def common_samples(a: Side, b: Side) -> tuple[int, int]:
    """How many samples stand on both sides with the same right answer, and how many with another one."""
    common = _Common.of(a, b)
    return int(common.a.size), common.other_target


def compare_sides(pairs: Sequence[tuple[Side, Side]], options: CompareOptions) -> tuple[Pair, ...]:
    """Compare side b with side a of every pair; p values are corrected by Holm over all pairs.

    A pair of which no sample was answered on both sides has n 0 and no figures.
    """
    # Once for all pairs of a side; None, a sample that infrastructure lost, becomes NaN.
    means = {id(side.correct): np.array(side.correct, dtype=np.float64) for pair in pairs for side in pair}
    made = [_compare(a, b, (means[id(a.correct)], means[id(b.correct)]), options) for a, b in pairs]
    tested = sum(figure.p is not None for _, figure in made)
    corrected = holm([figure.p for _, figure in made])
    return tuple(
        replace(pair, p_corrected=p, visible=figure.visible(ALPHA / max(1, tested)))
        for (pair, figure), p in zip(made, corrected, strict=True)
    )


def _compare(a: Side, b: Side, means: tuple[Floats, Floats], options: CompareOptions) -> tuple[Pair, PairedComparison]:
    """`means` are those of all samples of either side."""
    common = _Common.of(a, b)
    x, y = means[0][common.a], means[1][common.b]
    figure = compare_paired(x, y, _groups(a, b, common), max(a.epochs, b.epochs))
    there = ~np.isnan(x) & ~np.isnan(y)
    pair = Pair(
        a=a.label or a.contender,
        b=b.label or b.contender,
        split=a.split,
        n=figure.n,
        difference=figure.estimate(),
        p=figure.p,
        p_corrected=None,
        test=figure.test,
        only_a=figure.only_a,
        only_b=figure.only_b,
        clusters=None if figure.df is None else figure.n_clusters,
        undecided=figure.undecided,
        visible=None,
        noninferiority=_noninferiority(figure, options.margin),
        figures_a=_figures(a, x[there]),
        figures_b=_figures(b, y[there]),
        left_out=common.left_out(a, b, int(np.count_nonzero(~there))),
        differences=differences(a, b),
        flips=tuple(_flips(a, b, common, y - x, options.flips)),
    )
    return pair, figure


def _groups(a: Side, b: Side, common: _Common) -> list[int] | None:
    """Codes of the groups of a, or of b where a has none; -1 for a sample without a group."""
    groups, places = (a.groups, common.a) if a.groups is not None else (b.groups, common.b)
    if groups is None:
        return None
    codes: dict[str, int] = {}
    named = (groups[i] for i in places.tolist())
    return [-1 if name is None else codes.setdefault(name, len(codes)) for name in named]


def _noninferiority(figure: PairedComparison, margin: float | None) -> NonInferiority | None:
    if margin is None:
        return None
    return NonInferiority(margin, figure.lower(), figure.upper(), figure.not_worse(margin))


def _figures(side: Side, means: NDArray[np.float64]) -> SideFigures:
    accuracy = float(means.mean()) if means.size else None
    lost = side.status.get("infra_error", 0)
    return SideFigures(accuracy, lost, side.cost_per_1000_calls, side.latency_ms, side.epochs)


def _flips(a: Side, b: Side, common: _Common, difference: NDArray[np.float64], most: int) -> Iterator[Flip]:
    """The largest flips, first those that a wins; equal ones in the order of the samples."""
    if most <= 0:
        return
    known = np.nan_to_num(difference)
    for sign in (1, -1):
        order = np.argsort(sign * known, kind="stable")[:most]
        for i in order.tolist():
            if sign * known[i] >= -1e-12:
                break
            sample = a.ids[int(common.a[i])]
            one, other = a.texts.get(sample, _UNKNOWN), b.texts.get(sample, _UNKNOWN)
            yield Flip(
                sample_id=sample,
                right="a" if known[i] < 0 else "b",
                difference=float(known[i]),
                input=one.input if one.input is not None else other.input,
                target=one.target if one.target is not None else other.target,
                answer_a=one.answer,
                answer_b=other.answer,
                read_a=one.read,
                read_b=other.read,
            )
