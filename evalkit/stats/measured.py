"""A metric of one contender, ready for `judge`: its bounds, and the same with infra errors decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalkit.records.estimate import Estimate
from evalkit.stats.bootstrap import Bootstrapped
from evalkit.stats.clusters import FloatArray
from evalkit.stats.f1 import NO_PREDICTION, bootstrap_field_f1, bootstrap_macro_f1
from evalkit.stats.figure import Figure
from evalkit.stats.mean import mean
from evalkit.stats.proportion import Proportion, proportion, proportion_of_counts
from evalkit.stats.quantile import Quantile, quantile_in_order, rows_to_bound
from evalkit.stats.rare import RareClass, rarest

Kind = Literal["proportion", "f1", "quantile", "mean"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """One-sided 95 % bounds, None where the data give none."""

    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What `judge` needs to know of one metric.

    `bounds` leave infra errors out. `worst` counts every infra error against the model, `best` counts every
    one for it; without infra errors both are `bounds`. `n_clusters` and
    `effective_clusters` (how many of equal size tell as much) are None where samples are independent.
    `rows_needed` is the fewest samples with which both bounds exist. `worth` is how many independent
    ones tell as much as values that hang together, None where none are lost. `too_rare` is the class on which macro-F1
    rests with too few rows. `weakest` is the worst figure itself, which gives bounds at any confidence.
    `held_against` measures anew for one limit, where what the values are worth depends on it.
    """

    estimate: Estimate
    bounds: Bounds
    worst: Bounds
    best: Bounds
    kind: Kind
    n_clusters: int | None = None
    effective_clusters: float | None = None
    deff: float = 1.0
    infra_errors: int = 0
    rows_needed: int = 2
    worth: int | None = None
    too_rare: RareClass | None = None
    weakest: Figure | None = field(default=None, compare=False, repr=False)
    held_against: Callable[[float], Measured] | None = field(default=None, compare=False, repr=False)


def measured(
    figure: Figure, worst: Figure | None = None, best: Figure | None = None, infra_errors: int = 0
) -> Measured:
    """A figure for `judge`; `worst` and `best` are the same figure with infra errors against and for it."""
    kind: Kind = "mean"
    deff, rows, worth = 1.0, 2, None
    if isinstance(figure, Proportion):
        kind, deff, rows = "proportion", figure.deff, 1 if figure.clusters is None else 2
    elif isinstance(figure, Bootstrapped):
        kind = "f1"
    elif isinstance(figure, Quantile):
        kind, rows = "quantile", rows_to_bound(figure.q)
        worth = figure.worth if figure.worth < figure.n else None
    bounds = _bounds(figure)
    return Measured(
        estimate=figure.estimate(),
        bounds=bounds,
        worst=bounds if worst is None else _bounds(worst),
        best=bounds if best is None else _bounds(best),
        kind=kind,
        n_clusters=figure.clusters,
        effective_clusters=None if figure.clusters is None else figure.effective_clusters,
        deff=deff,
        infra_errors=infra_errors,
        rows_needed=rows,
        worth=worth,
        weakest=figure if worst is None else worst,
    )


def measured_counts(right: float, answered: int, infra_errors: int = 0) -> Measured:
    """A share of independent samples asked once: `right` of `answered`, and `infra_errors` without answer."""
    figure = proportion_of_counts(right, answered)
    if not infra_errors:
        return measured(figure)
    asked = answered + infra_errors
    worst, best = proportion_of_counts(right, asked), proportion_of_counts(right + infra_errors, asked)
    return measured(figure, worst, best, infra_errors)


def measured_share(
    right: ArrayLike, answered: ArrayLike, infra_errors: ArrayLike, groups: ArrayLike | None = None
) -> Measured:
    """A share from per-sample sums over epochs, each (n,): right answers, answers, infra errors.

    `right` may also sum grades in [0, 1]. Samples without any answer leave the figure, and count in its
    worst and best reading. `groups` (n,) as for `proportion`.
    """
    r, a, i = (np.asarray(x, dtype=np.float64) for x in (right, answered, infra_errors))
    asked = a + i
    epochs = int(asked.max(initial=1))

    def share(top: FloatArray, bottom: FloatArray) -> Proportion:
        there = bottom > 0
        kept = None if groups is None else np.asarray(groups)[there]
        return proportion(top[there] / bottom[there], kept, epochs)

    lost = int(i.sum())
    if not lost:
        return measured(share(r, a))
    return measured(share(r, a), share(r, asked), share(r + i, asked), lost)


def measured_macro_f1(
    true: ArrayLike,
    pred: ArrayLike,
    infra: ArrayLike,
    n_classes: int,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Measured:
    """Macro-F1 of all rows (n,), where `infra` marks those without an answer; their `pred` is not read."""
    t, p = np.asarray(true, dtype=np.int64), np.asarray(pred, dtype=np.int64)
    lost = np.asarray(infra, dtype=np.bool_)
    codes = None if groups is None else np.asarray(groups)
    kept = None if codes is None else codes[~lost]
    figure = bootstrap_macro_f1(t[~lost], p[~lost], n_classes, kept, seed)
    rare = rarest(t[~lost], p[~lost], kept)
    if not lost.any():
        return replace(measured(figure), too_rare=rare)
    worst = bootstrap_macro_f1(t, np.where(lost, NO_PREDICTION, p), n_classes, codes, seed)
    best = bootstrap_macro_f1(t, np.where(lost, t, p), n_classes, codes, seed)
    return replace(measured(figure, worst, best, int(lost.sum())), too_rare=rare)


def measured_field_f1(
    hits: ArrayLike,
    predicted: ArrayLike,
    expected: ArrayLike,
    infra: ArrayLike,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Measured:
    """Field-F1 of all rows (n,); of those that `infra` marks as without answer only `expected` is read."""
    h, p, e = (np.asarray(x, dtype=np.int64) for x in (hits, predicted, expected))
    lost = np.asarray(infra, dtype=np.bool_)
    codes = None if groups is None else np.asarray(groups)
    kept = None if codes is None else codes[~lost]
    figure = bootstrap_field_f1(h[~lost], p[~lost], e[~lost], kept, seed)
    if not lost.any():
        return measured(figure)
    worst = bootstrap_field_f1(np.where(lost, 0, h), np.where(lost, 0, p), e, codes, seed)
    best = bootstrap_field_f1(np.where(lost, e, h), np.where(lost, e, p), e, codes, seed)
    return measured(figure, worst, best, int(lost.sum()))


def measured_quantile(
    values: ArrayLike,
    q: float,
    infra_errors: int = 0,
    groups: ArrayLike | None = None,
    lost_groups: ArrayLike | None = None,
) -> Measured:
    """A quantile of what answers took, in the order in which they came, (n,) as their `groups`.

    An infra error counts as endless at worst, as nothing at best; `lost_groups` (infra_errors,) are theirs.
    """
    x = np.asarray(values, dtype=np.float64)
    both = None if groups is None or lost_groups is None else np.concatenate([np.asarray(groups), lost_groups])
    at = partial(_quantile_at, x, q, infra_errors, groups, both)
    return replace(at(None), held_against=at)


def _quantile_at(
    x: FloatArray,
    q: float,
    infra_errors: int,
    groups: ArrayLike | None,
    groups_with_lost: ArrayLike | None,
    limit: float | None,
) -> Measured:
    figure = quantile_in_order(x, q, groups, limit=limit)
    if not infra_errors:
        return measured(figure)

    def with_lost(value: float) -> Quantile:
        every = np.concatenate([x, np.full(infra_errors, value)])
        return quantile_in_order(every, q, groups_with_lost, infra_errors, limit)

    return measured(figure, with_lost(np.inf), with_lost(-np.inf), infra_errors)


def measured_mean(values: ArrayLike, groups: ArrayLike | None = None) -> Measured:
    """A mean (cost per call). A call that the infrastructure failed has no cost, so it does not count."""
    return measured(mean(values, groups))


def _bounds(figure: Figure) -> Bounds:
    return Bounds(figure.lower(), figure.upper())
