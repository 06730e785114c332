"""Which of several prompts goes to test: ranked on dev, never on test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalkit.records.estimate import Estimate
from evalkit.records.model import ASIDE, Role
from evalkit.records.prompts import PromptRank
from evalkit.stats.paired import PairedComparison, compare_paired

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ModelAnswers:
    """One model (with one way of enforcing the form) on dev.

    `correct` holds for each prompt an array (samples,): the share of right answers over epochs in [0, 1] at each
    sample's index, NaN where there is none.
    """

    model: str
    role: Role
    correct: Mapping[str, ArrayLike]


def rank_prompts(
    answers: Sequence[ModelAnswers],
    lengths: Mapping[str, float],
    groups: ArrayLike | None = None,
    epochs: int = 1,
) -> tuple[tuple[PromptRank, ...], str]:
    """Rank the prompts of a suite, best first, and say in words what was chosen.

    `lengths` has every prompt in the order of the suite with its length in tokens or characters, or what a call with
    it costs. The leader has the highest mean accuracy over the voting models, the first in the suite among equals,
    and is chosen. Floors vote only where nothing else was asked: a reference must not choose a frontier model's
    prompt. Only models that answered all prompts vote, unless there is none. Every other prompt is compared with the
    leader on the same samples, by each sample's mean over the voters that answered it with both; its interval is not
    corrected for having picked the leader. `groups` (samples,) are cluster codes, negative for none. Raises ValueError
    where there are no prompts or the arrays differ in length.
    """
    prompts = list(lengths)
    if not prompts:
        raise ValueError("a ranking needs a prompt")
    voters = _voters(answers, prompts)
    means = {prompt: _mean(voters, prompt) for prompt in prompts}
    order = sorted(prompts, key=lambda prompt: -_or_less(means[prompt]))  # stable: the suite's order among equals
    leader = order[0]
    pairs = {
        prompt: _compared(voters, leader, prompt, groups, epochs) for prompt in order[1:] if means[prompt] is not None
    }
    ranks = tuple(
        PromptRank(
            prompt=prompt,
            accuracy=means[prompt],
            difference=pairs[prompt].estimate() if prompt in pairs else None,
            n=_answered(voters, prompt),
            chosen=prompt == leader,
        )
        for prompt in order
    )
    return ranks, _words(ranks[0], pairs, lengths, len(voters))


def _voters(answers: Sequence[ModelAnswers], prompts: Sequence[str]) -> list[dict[str, _Floats]]:
    asked = [a for a in answers if a.correct]
    chosen = [a for a in asked if a.role not in ASIDE] or asked
    tables = [{p: np.asarray(a.correct[p], dtype=np.float64) for p in prompts if p in a.correct} for a in chosen]
    answered = [{p: x for p, x in table.items() if not np.isnan(x).all()} for table in tables]
    return [t for t in answered if len(t) == len(prompts)] or [t for t in answered if t]


def _mean(voters: Sequence[Mapping[str, _Floats]], prompt: str) -> float | None:
    values = [float(np.nanmean(table[prompt])) for table in voters if prompt in table]
    return sum(values) / len(values) if values else None


def _or_less(mean: float | None) -> float:
    return -1.0 if mean is None else round(mean, 12)  # rounding must not break a tie


def _answered(voters: Sequence[Mapping[str, _Floats]], prompt: str) -> int:
    there = [~np.isnan(table[prompt]) for table in voters if prompt in table]
    return int(np.any(there, axis=0).sum()) if there else 0


def _compared(
    voters: Sequence[Mapping[str, _Floats]], leader: str, prompt: str, groups: ArrayLike | None, epochs: int
) -> PairedComparison:
    """`prompt` minus `leader`, by each sample's mean over the voters that answered it with both."""
    both = [(table[leader], table[prompt]) for table in voters if leader in table and prompt in table]
    if not both:
        return compare_paired(np.empty(0), np.empty(0))
    first, second = (np.stack(side) for side in zip(*both, strict=True))
    there = ~(np.isnan(first) | np.isnan(second))
    counts = there.sum(axis=0)
    voted = counts > 0

    def per_sample(values: _Floats) -> _Floats:
        sums = np.where(there, values, 0.0).sum(axis=0)
        means: _Floats = np.divide(sums, counts, out=np.full(counts.size, np.nan), where=voted)
        return means

    # Models are asked the same sample as epochs are: means of several answers, not independent rows.
    return compare_paired(per_sample(first), per_sample(second), groups, epochs * len(both))


def _words(leader: PromptRank, pairs: Mapping[str, PairedComparison], lengths: Mapping[str, float], voters: int) -> str:
    name = leader.prompt
    if leader.accuracy is None:
        return f"no prompt was answered on dev, so the first in the suite is chosen: {name}"
    over = "" if voters == 1 else f", the mean over {voters} models"
    text = f"{name} is chosen: accuracy {leader.accuracy:.3f} on {leader.n:,} samples of dev{over}"
    shorter = [p for p in pairs if lengths[p] < lengths[name] and not _surely_worse(pairs[p])]
    if not shorter:
        return text
    best = min(shorter, key=lambda p: lengths[p])
    saved = 1 - lengths[best] / lengths[name]
    return f"{text}; {best} is {saved:.0%} shorter and cannot be told from it ({_interval(pairs[best].estimate())})"


def _surely_worse(pair: PairedComparison) -> bool:
    upper = pair.upper()
    return pair.decides and upper is not None and upper < 0


def _interval(difference: Estimate) -> str:
    if difference.value is None:
        return "no common samples"
    if difference.low is None or difference.high is None:
        return f"{100 * difference.value:+.1f} points, no interval"
    low, high = 100 * difference.low, 100 * difference.high
    return f"{100 * difference.value:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}"
