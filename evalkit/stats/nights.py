"""Whether a drop is more than what one night can do: the variance between nights belongs to the null."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalkit.stats.clusters import FloatArray

# What a night is taken to do before nights were seen: all answers that are not sure shift by this much together, an
# sd in logits. It counts as much as so many nights would.
ASSUMED_LOGITS = 0.3
ASSUMED_NIGHTS = 5


@dataclass(frozen=True, slots=True)
class NightTest:
    """Bad nights against reference nights. `drop` is how far the mean fell, in shares.

    `p` is the one-sided p of "no worse than any night". `spread` is the sd of the mean of one night, chance of single
    answers left out; `nights` is from how many reference nights it was found, of which one alone tells nothing.
    """

    drop: float
    p: float
    spread: float
    nights: int


def night_test(reference: ArrayLike, bad: ArrayLike, tonight: ArrayLike, epochs: int = 1) -> NightTest:
    """Test nights, each a row of means per sample in [0, 1] over the same n samples, without NaN.

    `reference` (k, n) are nights that were good enough, `bad` (b, n) those in question, tonight (both of its runs
    together) among them. `tonight` (2, n) are its two runs apart: what differs between them is chance of single
    answers, for they share the night. `epochs` is how often a run asks each sample.

    A night's mean is m + N + F: F is that chance, with the variance v / (n epochs), where v = mean p (1 - p) over the
    samples, taken from what varies per sample over runs. N is common to the night. Its variance is what the means of
    the reference nights vary by beyond F (method of moments, k - 1 degrees of freedom), moderated by an assumed
    variance: shifting every answer by x logits moves the mean by x v. The weights are the degrees of freedom, as in
    the moderated t of Smyth, Statistical Applications in Genetics and Molecular Biology 3 (2004), so that with few
    nights the assumption decides, and with many the nights do. The degrees of freedom of the whole are Satterthwaite's.
    """
    good, fallen, runs = (np.atleast_2d(np.asarray(x, dtype=np.float64)) for x in (reference, bad, tonight))
    k, n = good.shape
    single = _chance(good, runs, epochs)
    chance = single / (n * epochs)
    means = good.mean(axis=1)
    df = ASSUMED_NIGHTS + k - 1
    beyond = (float(means.var(ddof=1)) - chance) * (k - 1) if k > 1 else 0.0
    between = max(0.0, (ASSUMED_NIGHTS * (ASSUMED_LOGITS * single) ** 2 + beyond) / df)
    nights = fallen.shape[0]
    answers = 1 / k + (nights - 0.5) / nights**2  # tonight was asked twice
    common = between * (1 / k + 1 / nights)
    variance = common + chance * answers
    unsure = (between + chance * (k - 1) / df) * (1 / k + 1 / nights)
    drop = float(means.mean() - fallen.mean())
    return NightTest(drop, _p(drop, variance, unsure, df), math.sqrt(between), k)


def _chance(good: FloatArray, runs: FloatArray, epochs: int) -> float:
    """The mean variance of one answer, from the runs of one night and from samples over nights."""
    within = float(runs.var(axis=0, ddof=1).mean())
    if good.shape[0] == 1:
        return within * epochs
    over, k = float(good.var(axis=0, ddof=1).mean()), int(good.shape[0])
    return (within + (k - 1) * over) / k * epochs


def _p(drop: float, variance: float, unsure: float, df: float) -> float:
    """The lower tail of t; `unsure` is the part of the variance that was found with `df` degrees of freedom."""
    if variance <= 0:
        return 0.0 if drop > 0 else 1.0
    from scipy.special import ndtr, stdtr

    score = -drop / math.sqrt(variance)
    return float(ndtr(score) if unsure <= 0 else stdtr(df * (variance / unsure) ** 2, score))
