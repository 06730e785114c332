"""Macro-F1 of classes that are alike, skewed, or many and mostly rare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from evalkit.stats.measured import measured_macro_f1
from tests.stats.coverage.cell import Outcome, decided

FAR = 0.05
SHAPES = {
    "4 balanced": np.ones(4),
    "8 skewed": 2.0 ** -np.arange(8),
    "20 Zipf": 1 / np.arange(1.0, 21.0),
}


@dataclass(frozen=True)
class Classes:
    """Rows drawn by the classes' frequencies. Rare classes are harder, and errors fall on frequent ones rather."""

    shape: str
    errors: float
    n: int

    @property
    def name(self) -> str:
        return f"{self.shape}, errors {self.errors:.0%}, n {self.n:,}"

    @cached_property
    def frequencies(self) -> NDArray[np.float64]:
        """Of each class, (k,)."""
        return SHAPES[self.shape] / SHAPES[self.shape].sum()

    @cached_property
    def answers(self) -> NDArray[np.float64]:
        """The chance of each answer (columns) to a row of each class, (k, k)."""
        often = self.frequencies
        harder = np.linspace(0.7, 1.5, often.size)
        wrong = np.minimum(0.9, self.errors * harder / (often @ harder))
        towards = np.tile(np.sqrt(often), (often.size, 1))
        np.fill_diagonal(towards, 0.0)
        chances = wrong[:, None] * towards / towards.sum(axis=1, keepdims=True)
        chances[np.diag_indices(often.size)] = 1 - wrong
        return chances

    @cached_property
    def truth(self) -> float:
        """Macro-F1 where the rows never end."""
        joint = self.frequencies[:, None] * self.answers
        return float(np.mean(2 * np.diag(joint) / (joint.sum(axis=0) + joint.sum(axis=1))))

    def drawn(self, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The classes of `n` rows, and the answers."""
        k = self.frequencies.size
        true = rng.choice(k, self.n, p=self.frequencies)
        edges = np.cumsum(self.answers, axis=1)
        said = np.minimum((rng.random(self.n)[:, None] > edges[true]).sum(axis=1), k - 1)
        return true, said

    def once(self, rng: np.random.Generator) -> Outcome:
        true, said = self.drawn(rng)
        seed = int(rng.integers(2**31))
        figure = measured_macro_f1(true, said, np.zeros(self.n), self.frequencies.size, seed=seed)
        return decided(figure, self.truth, self.truth - FAR)


def classes() -> Iterator[Classes]:
    """Each shape at each rate of errors, with few rows and many."""
    for shape in SHAPES:
        for errors in (0.03, 0.1, 0.3):
            for n in (60, 200, 500, 2_000):
                yield Classes(shape, errors, n)
