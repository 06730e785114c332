"""F1: macro over classes, micro over extracted fields; with bootstrap intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evalkit.records.estimate import Estimate
from evalkit.stats.bootstrap import Bootstrapped, Units, bootstrapped, mean_ratio
from evalkit.stats.clusters import IntArray, clusters, weighted_counts
from evalkit.stats.rare import rarest

NO_PREDICTION = -1


def macro_f1(true_codes: ArrayLike, pred_codes: ArrayLike, n_classes: int) -> float | None:
    """The unweighted mean of F1 = 2·TP / (support + predictions) over classes that have either.

    None without samples. Codes (n,) count from 0. A prediction of -1 is an invalid answer: a miss of the
    true class, a prediction of none. As `f1_score(average="macro", zero_division=0)` of scikit-learn with
    the classes present as labels. Raises ValueError for codes out of range.
    """
    true, pred = _codes(true_codes, pred_codes, n_classes)
    said = pred[pred >= 0]
    bottom = np.bincount(true, minlength=n_classes) + np.bincount(said, minlength=n_classes)
    top = 2 * np.bincount(true[true == pred], minlength=n_classes)
    value = float(mean_ratio(np.concatenate([bottom, top]).astype(np.float64)[:, None])[0])
    return None if np.isnan(value) else value


def bootstrap_macro_f1(
    true_codes: ArrayLike,
    pred_codes: ArrayLike,
    n_classes: int,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Bootstrapped:
    """Macro-F1 with bounds at any confidence, by resampling samples, or whole clusters of `groups` (n,).

    Where a sample was asked in several epochs, give a row per answer and the sample (or its group) as
    group; `n` of the result then counts rows. Where a class is too rare (`rarest`), the bounds allow for a mistake that
    was not seen: in simulations of 8 skewed classes (each half as frequent as the one before) and 20 Zipf ones the
    95 % interval then covers in 89 to 97 %, where that of the resamples alone covers in 80 to 92 %. Raises ValueError
    for codes out of range.
    """
    true, pred = _codes(true_codes, pred_codes, n_classes)
    n = int(true.size)
    # Only classes that occur have a column.
    present, compact = np.unique(np.concatenate([true, pred[pred >= 0]]), return_inverse=True)
    compact = compact.reshape(-1)
    k = int(present.size)
    coded = np.full(n, -1, dtype=np.int64)
    coded[pred >= 0] = compact[n:]
    effective = None
    if groups is None:
        cells, copies = np.unique(compact[:n] * (k + 1) + coded + 1, return_counts=True)
        unit = np.arange(cells.size, dtype=np.int64)
        units = _confusion_units(unit, copies.astype(np.int64), cells // (k + 1), cells % (k + 1) - 1, k)
    else:
        partition = clusters(groups, n)
        effective = partition.effective
        one_each = np.ones(partition.count, dtype=np.int64)
        units = _confusion_units(partition.codes, one_each, compact[:n], coded, k)
    flat = _n_without_spread(np.bincount(compact[:n], minlength=k), int(units.copies.sum())) if n else None
    rare = rarest(true, pred, None if groups is None else np.asarray(groups)) is not None
    unseen = 1 / flat if rare and flat else None
    return bootstrapped(units, n, groups is not None, seed, flat, effective, unseen)


def macro_f1_estimate(
    true: ArrayLike, pred: ArrayLike, n_classes: int, groups: ArrayLike | None = None, seed: int = 0
) -> Estimate:
    """`bootstrap_macro_f1(...)` as an Estimate: value None without samples, no interval under 2 clusters."""
    return bootstrap_macro_f1(true, pred, n_classes, groups, seed).estimate()


def bootstrap_field_f1(
    hits: ArrayLike, predicted: ArrayLike, expected: ArrayLike, groups: ArrayLike | None = None, seed: int = 0
) -> Bootstrapped:
    """Micro-F1 = 2·Σhits / (Σpredicted + Σexpected) over per-sample counts of field values (n,).

    Value None where no field was predicted or expected. Raises ValueError for counts that cannot be.
    """
    h, p, e = (np.asarray(a, dtype=np.int64) for a in (hits, predicted, expected))
    if not h.shape == p.shape == e.shape or h.ndim != 1 or bool(np.any((h < 0) | (h > np.minimum(p, e)))):
        raise ValueError("fields need counts with 0 <= hits <= predicted, expected, one each per sample")
    n = int(h.size)
    bottom, top = p + e, 2 * h
    effective = None
    if groups is None:
        # top <= bottom, so the pair packs into one code.
        base = int(bottom.max(initial=0)) + 1
        cells, copies = np.unique(bottom * base + top, return_counts=True)
        bottom, top = cells // base, cells % base
    else:
        partition = clusters(groups, n)
        effective = partition.effective
        copies = np.ones(partition.count, dtype=np.int64)
        bottom = np.rint(partition.sums(bottom.astype(np.float64))).astype(np.int64)
        top = np.rint(partition.sums(top.astype(np.float64))).astype(np.int64)
    unit = np.arange(copies.size, dtype=np.int64)
    units = Units(
        copies.astype(np.int64),
        np.concatenate([unit, unit]),
        np.repeat(np.arange(2, dtype=np.int64), copies.size),
        np.concatenate([bottom, top]).astype(np.float64),
        ratios=1,
    )
    # A unit without fields says nothing, also where all the others are right.
    speaking = int(copies[bottom > 0].sum())
    return bootstrapped(units, n, groups is not None, seed, speaking, effective)


def field_f1_estimate(
    hits: ArrayLike, predicted: ArrayLike, expected: ArrayLike, groups: ArrayLike | None = None, seed: int = 0
) -> Estimate:
    """`bootstrap_field_f1(...)` as an Estimate."""
    return bootstrap_field_f1(hits, predicted, expected, groups, seed).estimate()


def _codes(true_codes: ArrayLike, pred_codes: ArrayLike, n_classes: int) -> tuple[IntArray, IntArray]:
    true = np.asarray(true_codes, dtype=np.int64)
    pred = np.asarray(pred_codes, dtype=np.int64)
    if true.ndim != 1 or true.shape != pred.shape:
        raise ValueError("macro-F1 needs one true and one predicted code per sample")
    if true.size and not (true.min() >= 0 and true.max() < n_classes):
        raise ValueError(f"true codes must lie in 0 … {n_classes - 1}")
    if true.size and not (pred.min() >= NO_PREDICTION and pred.max() < n_classes):
        raise ValueError(f"predicted codes must lie in -1 … {n_classes - 1}")
    return true, pred


def _confusion_units(unit: IntArray, copies: IntArray, true: IntArray, pred: IntArray, k: int) -> Units:
    """A row adds 1 below for its true class and its prediction, and 2 above for a hit; equal places merge."""
    said, hit = pred >= 0, pred == true
    where = np.concatenate([unit, unit[said], unit[hit]])
    column = np.concatenate([true, pred[said], k + true[hit]])
    amount = np.concatenate([np.ones(unit.size), np.ones(np.count_nonzero(said)), np.full(np.count_nonzero(hit), 2.0)])
    size = max(1, copies.size)
    places, entry = np.unique(column * size + where, return_inverse=True)
    merged = weighted_counts(entry.reshape(-1), amount, places.size)
    return Units(copies, places % size, places // size, merged, k)


def _n_without_spread(support: IntArray, units: int) -> float:
    """How many samples the macro-F1 of a faultless confusion matrix is worth.

    e mistakes, all between the two rarest classes (supports a and b), cost e (1/2a + 1/2b) / k; spread
    evenly over equal classes they cost e / n. So the n that Wilson's bound may use is k / (1/2a + 1/2b),
    here in drawn units.
    """
    there = np.sort(support[support > 0])
    a, b = there[0], there[min(1, there.size - 1)]
    worth = there.size / (1 / (2 * a) + 1 / (2 * b))
    return float(min(1.0, worth / there.sum())) * units
