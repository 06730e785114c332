"""The p95 of log-normal latencies: independent, alike with their neighbours, in slow spells, asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.signal import lfilter
from scipy.stats import norm

from evalkit.stats.measured import measured_quantile
from tests.stats.coverage.cell import Outcome, decided

Q = 0.95
FAR = 2.0  # times the true p95
SIGMA = 0.5
_Z = float(norm.ppf(Q))


@dataclass(frozen=True)
class Autoregressive:
    """Each logarithm hangs on the one before it; 0 is independent."""

    phi: float
    n: int
    sigma: float = SIGMA

    @property
    def name(self) -> str:
        alike = f"AR(1) {self.phi:g}" if self.phi else "independent"
        return f"{alike}, sigma {self.sigma:g}, n {self.n:,}"

    def drawn(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Latencies in their order in time."""
        steps = rng.standard_normal(self.n) * np.sqrt(1 - self.phi**2)
        steps[0] = rng.standard_normal()  # so that it does not start in the middle
        return np.exp(self.sigma * lfilter([1.0], [1.0, -self.phi], steps))

    def once(self, rng: np.random.Generator) -> Outcome:
        truth = float(np.exp(self.sigma * _Z))
        return decided(measured_quantile(self.drawn(rng), Q), truth, FAR * truth, at_least=False)


@dataclass(frozen=True)
class Spells:
    """The server is slow for a while: 8 % of the calls take four times as long, 10 in a row on average."""

    n: int
    slow: float = 0.08
    times: float = 4.0
    length: float = 10.0

    @property
    def name(self) -> str:
        return f"slow spells, n {self.n:,}"

    @cached_property
    def truth(self) -> float:
        """Where the mixture of quick and slow calls reaches 95 %."""

        def beyond(x: float) -> float:
            slow = norm.cdf((x - np.log(self.times)) / SIGMA)
            return float((1 - self.slow) * norm.cdf(x / SIGMA) + self.slow * slow - Q)

        return float(np.exp(brentq(beyond, -5, 10)))

    def drawn(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Latencies in their order in time."""
        end = 1 / self.length
        begin = end * self.slow / (1 - self.slow)
        slow = np.empty(self.n, dtype=bool)
        now = rng.random() < self.slow
        for i, u in enumerate(rng.random(self.n)):
            slow[i] = now
            now = u >= end if now else u < begin
        return np.exp(SIGMA * rng.standard_normal(self.n)) * np.where(slow, self.times, 1.0)

    def once(self, rng: np.random.Generator) -> Outcome:
        return decided(measured_quantile(self.drawn(rng), Q), self.truth, FAR * self.truth, at_least=False)


@dataclass(frozen=True)
class Repeats:
    """Each row is asked ten times under one group, and takes nearly as long each time; `n` calls in all."""

    n: int
    asks: int = 10
    own: float = 0.9  # how much of the variance of the logarithm is the row's own

    @property
    def name(self) -> str:
        return f"{self.asks} asks of each row, n {self.n:,}"

    def drawn(self, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Latencies in an order by chance, and the row of each."""
        groups = rng.permutation(np.repeat(np.arange(self.n // self.asks), self.asks))
        rows = np.sqrt(self.own) * rng.standard_normal(self.n // self.asks)
        noise = np.sqrt(1 - self.own) * rng.standard_normal(self.n)
        return np.exp(SIGMA * (rows[groups] + noise)), groups

    def once(self, rng: np.random.Generator) -> Outcome:
        values, groups = self.drawn(rng)
        truth = float(np.exp(SIGMA * _Z))
        return decided(measured_quantile(values, Q, groups=groups), truth, FAR * truth, at_least=False)


def latencies() -> Iterator[Autoregressive | Spells | Repeats]:
    """Each kind with few calls and many."""
    for n in (60, 200, 500, 2_000):
        yield from (Autoregressive(phi, n) for phi in (0.0, 0.5, 0.9))
        yield from (Autoregressive(phi, n, sigma=1.5) for phi in (0.0, 0.9))
        yield Spells(n)
        yield Repeats(n)
