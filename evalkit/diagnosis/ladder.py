"""The ladder: what each further prompt gained on dev."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalkit.records.estimate import Estimate
from evalkit.records.evidence import Ladder, Rung
from evalkit.stats.paired import compare_paired
from evalkit.stats.proportion import proportion_estimate


@dataclass(frozen=True, slots=True, eq=False)
class PromptAnswers:
    """One prompt of one model on dev.

    `text` is what was rendered: the prefix and the template of the suffix. `correct` is (samples,), the share of right
    answers over epochs in [0, 1] at each sample's index, NaN where there is none (infra errors).
    """

    prompt: str
    text: str
    correct: ArrayLike


def ladder(model: str, answers: Sequence[PromptAnswers], groups: ArrayLike | None = None, epochs: int = 1) -> Ladder:
    """The rungs of one model in the order of `answers`, the suite's.

    Each rung after the first is compared with the best before it (the highest accuracy on all its samples, the first
    among equals), paired on the samples that both answered: `gain` is the difference with its 95 % interval, `upper`
    its one-sided 95 % upper bound, None where nothing is decided (no common samples, under 30 effective clusters). The
    best is picked on the same samples, so a gain over it is, if anything, put too low. `groups` (samples,) are
    cluster codes, negative for none. Raises ValueError where the arrays differ in length.
    """
    rungs: list[Rung] = []
    seen: set[str] = set()
    best: tuple[float, NDArray[np.float64]] | None = None
    codes = None if groups is None else np.asarray(groups, dtype=np.int64)
    for each in answers:
        correct = np.asarray(each.correct, dtype=np.float64)
        there = ~np.isnan(correct)
        accuracy = proportion_estimate(correct[there], None if codes is None else codes[there], epochs)
        gain, upper = (None, None) if best is None else _gain(best[1], correct, codes, epochs)
        text = _folded(each.text)
        rungs.append(Rung(each.prompt, accuracy, gain, upper, text not in seen))
        seen.add(text)
        if accuracy.value is not None and (best is None or accuracy.value > best[0]):
            best = accuracy.value, correct
    return Ladder(model, tuple(rungs))


def _gain(
    before: NDArray[np.float64], now: NDArray[np.float64], codes: NDArray[np.int64] | None, epochs: int
) -> tuple[Estimate, float | None]:
    found = compare_paired(before, now, codes, epochs)
    return found.estimate(), found.upper() if found.decides else None


def _folded(text: str) -> str:
    """A prompt without what makes no material difference: white space and case."""
    return " ".join(text.casefold().split())
