"""The ladder on dev of a harsh world: the suite's own prompt and others, on few rows with the labels as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evalkit.diagnosis.ladder import PromptAnswers, ladder
from evalkit.records.evidence import Ladder
from evalkit.stats.paired import compare_paired
from tests.decision.harsh.sampling import Floats, draw_answers, draw_table
from tests.decision.harsh.world import Answerer, World

# How alike the same model errs under two prompts: the share of its own noise that they have in common.
_ALIKE = 0.7


def climb(world: World, a: Answerer, place: int) -> Ladder:
    """The rungs of one model, each paired with the best before it by the product."""
    headroom = a.headroom
    assert headroom is not None
    rng = np.random.default_rng([world.seed, 2, place])
    table = draw_table(world, headroom.dev_rows, rng, 0.0)
    n = len(table.truth)
    own_noise = rng.standard_normal(n)

    def asked(right: float, constant: bool, noise: Floats) -> Floats:
        answerer = replace(a, right=right, constant=constant)
        return draw_answers(world, table, answerer, noise, rng).correct.astype(float)

    first = asked(a.right, a.constant, own_noise)
    answers = [PromptAnswers("default", "prompt 0", first)]
    for number, (right, same) in enumerate(zip(headroom.rungs, headroom.same, strict=True), start=1):
        if same:
            answers.append(PromptAnswers(f"rung{number}", "prompt  0", first))
            continue
        noise = np.sqrt(_ALIKE) * own_noise + np.sqrt(1 - _ALIKE) * rng.standard_normal(n)
        correct = asked(right, a.constant and right <= a.right, noise)
        answers.append(PromptAnswers(f"rung{number}", f"prompt {number}", correct))
    climbed = ladder(a.name, answers, table.declared)
    best = max(range(len(answers)), key=lambda i: float(np.mean(np.asarray(answers[i].correct))))
    if best == 0:
        return climbed
    behind = compare_paired(first, np.asarray(answers[best].correct), table.declared)
    return replace(climbed, best=answers[best].prompt, behind=behind.upper() if behind.decides else None)
