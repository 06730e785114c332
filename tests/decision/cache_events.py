"""A prompt cache, simulated call by call: the yardstick for the arrival model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bursts:
    """Arrivals whose rate switches between two states with exponential stays (a modulated Poisson process).

    A share `busy_share` of the time is busy, for `busy_seconds` at a stretch on average; then the rate is `busy_rate`
    times the mean rate. The quiet rate makes up for it.
    """

    busy_share: float = 0.1
    busy_rate: float = 8.0
    busy_seconds: float = 1200.0

    @property
    def quiet_rate(self) -> float:
        """Quiet over mean rate."""
        return (1 - self.busy_share * self.busy_rate) / (1 - self.busy_share)

    @property
    def quiet_seconds(self) -> float:
        """Mean length of a quiet stretch."""
        return self.busy_seconds * (1 - self.busy_share) / self.busy_share


def poisson_arrivals(rate: float, calls: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Times (calls,) in seconds of a Poisson process of `rate` a second."""
    return np.cumsum(rng.exponential(1 / rate, calls))


def bursty_arrivals(rate: float, calls: int, bursts: Bursts, rng: np.random.Generator) -> NDArray[np.float64]:
    """Times in seconds, about `calls` of them, with the mean rate `rate`."""
    end, now, busy = calls / rate, 0.0, bool(rng.random() < bursts.busy_share)
    times = []
    while now < end:
        stay = rng.exponential(bursts.busy_seconds if busy else bursts.quiet_seconds)
        here = rate * (bursts.busy_rate if busy else bursts.quiet_rate)
        times.append(now + np.sort(rng.random(rng.poisson(here * stay))) * stay)
        now, busy = now + stay, not busy
    return np.concatenate(times)


def hits(times: NDArray[np.float64], ttl: float) -> NDArray[np.bool_]:
    """Which calls (n,) find the entry alive. Each call writes or refreshes it for `ttl` seconds; the first misses."""
    alive_until, found = -1.0, np.zeros(times.size, dtype=bool)
    for i, now in enumerate(times.tolist()):
        found[i] = now <= alive_until
        alive_until = now + ttl
    return found
