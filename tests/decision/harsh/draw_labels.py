"""Labels of a harsh world: classes, mistakes, contradictions, rows of train, and what the suite says of them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from evalkit.records.economics import Span
from tests.decision.harsh.world import Labels


def draw_labels(rng: np.random.Generator, told: str, optimism: Collection[str]) -> Labels:
    """`told` says how the suite speaks of wrong labels: by a share, vouched, or not at all."""
    classes = _classes(rng)
    kind = rng.random()
    wrong = 0.0 if kind < 0.35 else float(rng.uniform(0, 0.03) if kind < 0.75 else rng.uniform(0.03, 0.08))
    contradictory = float(rng.uniform(0.005, 0.2)) if rng.random() < 0.2 else 0.0
    too_good = "labels" in optimism or "share" in optimism
    if too_good:
        wrong = float(rng.uniform(0.03, 0.08))
    elif told == "vouched":
        wrong, contradictory = float(rng.uniform(0, 0.005)), 0.0
    least, most = (300, 1300) if rng.random() < 0.25 else (1300, 10_000)
    rows = round(float(np.exp(rng.uniform(np.log(least), np.log(most)))))
    exact, near, in_test = (round(rows * float(rng.uniform(0, 0.12))) for _ in range(3))
    usable = rows - exact - near - in_test
    in_test_share = wrong * (1 - contradictory) + contradictory / 2
    share = None
    if told == "share":
        low = min(wrong, in_test_share) * float(rng.uniform(0.2, 1))
        high = max(wrong, in_test_share) + float(rng.uniform(0.001, 0.03))
        share = Span(low, high)
        if "share" in optimism:
            share = Span(0.0, wrong * float(rng.uniform(0.1, 0.5)))
    return Labels(
        classes=classes,
        wrong=wrong,
        contradictory=contradictory,
        share=share,
        train_rows=rows,
        exact=exact,
        near=near,
        in_test=in_test,
        per_class=tuple(int(c) for c in rng.multinomial(usable, classes)),
    )


def _classes(rng: np.random.Generator) -> tuple[float, ...]:
    count = int(rng.integers(2, 13))
    weights = np.sort(rng.dirichlet(np.full(count, 4.0)))[::-1] + 0.01
    weights /= weights.sum()
    if rng.random() < 0.2:
        top = float(rng.uniform(min(weights[0], 0.9), 0.9))
        weights[1:] *= (1 - top) / weights[1:].sum()
        weights[0] = top
    return tuple(float(w) for w in weights)
