"""Simulated years of nightly checks: stochastic models, fixed baselines that may have been lucky, the gate's rules.

A model answers a flaky item right (and in the right form) with a chance of the item's own, and the others always or
never. Only flaky items change between nights, so only they are drawn. A night may shift the chances of all flaky items
of a contender together; the fresh run that confirms a drop shares the night.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalkit.regression.earlier import MOST_NIGHTS
from evalkit.regression.gates import NIGHT_LEVEL, RUN_LEVEL
from evalkit.stats.drop import p_of_flips
from evalkit.stats.multiple import holm
from evalkit.stats.nights import night_test

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
TOLERANCE = 0.02


@dataclass(frozen=True)
class World:
    """What the contenders of the night are like. `luck` is of how many runs the baseline is the best one.

    `shift` is the sd, in logits, by which a night moves all flaky items of a contender. `history` is how many earlier
    nights there are at the start; with it each night becomes part of it, without it none does. `blind` leaves the test
    of a bad night out, for comparison.
    """

    contenders: int = 30
    n: int = 500
    accuracy: float = 0.9
    flaky: float = 0.1
    validity: float = 0.99
    luck: int = 1
    tolerance: float = TOLERANCE
    shift: float = 0.0
    history: int = 0
    blind: bool = False


class Contender:
    """One contender: `right` (n,) is the chance of a right answer, `valid` (n,) that of the right form."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self.world, n = world, world.n
        # A flaky item leans to the side that the item would be on if it were not flaky.
        self.right = np.where(rng.random(n) < world.accuracy, 1.0, 0.0)
        lean = rng.beta(3, 1, n)
        unsure = rng.random(n) < world.flaky
        self.right = np.where(unsure, np.where(self.right > 0, lean, 1 - lean), self.right)
        self.valid = np.where(rng.random(n) < world.flaky / 2, rng.beta(20, 1, n), 1.0)
        self.valid *= np.where(rng.random(n) < 1 - world.validity, 0.0, 1.0)
        runs = [self.run(rng, self.night(rng)) for _ in range(world.luck)]
        self.baseline = max(runs, key=lambda run: int(run[0].sum()))
        self.nights = [self.run(rng, self.night(rng)) for _ in range(world.history)]

    def night(self, rng: np.random.Generator) -> Floats:
        """The chances (n,) of a right answer on one night."""
        if not self.world.shift:
            return self.right
        odds = np.exp(rng.normal(0.0, self.world.shift))
        return self.right * odds / (self.right * odds + 1 - self.right)

    def run(self, rng: np.random.Generator, right: Floats, broken: Bools | None = None) -> tuple[Bools, Bools]:
        """The answers of one run: right, and valid. `broken` (n,) items are always wrong."""
        valid = rng.random(self.world.n) < self.valid
        given = (rng.random(self.world.n) < right) & valid
        return (given if broken is None else given & ~broken), valid

    def remember(self, run: tuple[Bools, Bools]) -> None:
        """A night becomes history."""
        if self.world.history:
            self.nights = [*self.nights, run][-MOST_NIGHTS:]


def night_fails(
    contenders: list[Contender], rng: np.random.Generator, broken: dict[int, Bools] | None = None
) -> tuple[list[bool], int]:
    """Whether each contender fails, by the rules of `evalkit.regression.gates`, and how many were asked again."""
    level = RUN_LEVEL / (2 * len(contenders))
    final: list[float] = []
    confirmed: list[bool] = []
    again = 0
    for i, contender in enumerate(contenders):
        out, base, most = (broken or {}).get(i), contender.baseline, contender.world.tolerance
        chances = contender.night(rng)
        first = contender.run(rng, chances, out)
        suspects = [_shows(first[k], base[k], most, level) for k in (0, 1)]
        fresh = contender.run(rng, chances, out) if any(suspects) else first
        again += any(suspects)
        for k in (0, 1):
            p, holds = 1.0, False
            if suspects[k]:
                both = (first[k] + fresh[k].astype(float)) / 2 - base[k]
                p = p_of_flips(both)
                if not contender.world.blind:
                    p = max(p, _night_p(contender, k, first[k], fresh[k], level))
                holds = -both.mean() > most and _shows(fresh[k], base[k], most, level)
            final.append(p)
            confirmed.append(holds)
        contender.remember(first)
    corrected = holm(final)
    fails = [bool(p is not None and p <= NIGHT_LEVEL and c) for p, c in zip(corrected, confirmed, strict=True)]
    return [fails[2 * i] or fails[2 * i + 1] for i in range(len(contenders))], again


def _night_p(contender: Contender, k: int, first: Bools, fresh: Bools, level: float) -> float:
    """The p of "a bad night": the last nights that showed the drop too are in question, the others the reference."""
    base, most = contender.baseline[k], contender.world.tolerance
    good = [night[k] for night in contender.nights]
    bad = []
    while good and _shows(good[-1], base, most, level):
        bad.append(good.pop())
    tonight = (first.astype(float) + fresh) / 2
    return night_test([base, *good], [*bad, tonight], [first, fresh]).p


def _shows(now: Bools, base: Bools, tolerance: float, level: float) -> bool:
    from scipy.special import bdtr

    lost, won = int((base & ~now).sum()), int((now & ~base).sum())
    if (lost - won) / now.size <= tolerance:
        return False
    return bool(bdtr(won, lost + won, 0.5) <= level)


@dataclass(frozen=True)
class Year:
    """Shares of one simulated year: nights with a false alarm, and contenders asked again per night."""

    false_alarms: float
    asked_again: float


def year(world: World, nights: int, rng: np.random.Generator) -> Year:
    """A year without any change against one fixed baseline per contender."""
    contenders = [Contender(world, rng) for _ in range(world.contenders)]
    alarms = again = 0
    for _ in range(nights):
        fails, asked = night_fails(contenders, rng)
        alarms += any(fails)
        again += asked
    return Year(alarms / nights, again / nights)


def power(world: World, drop: float, repeats: int, rng: np.random.Generator) -> float:
    """The share of nights on which a true drop of one contender is found; the others have not changed."""
    found = 0
    for _ in range(repeats):
        contenders = [Contender(world, rng) for _ in range(world.contenders)]
        held = np.flatnonzero(contenders[0].right * contenders[0].valid > 0.5)
        chosen = rng.permutation(held)
        # Items break until the expected accuracy has fallen by as much.
        loss = np.cumsum((contenders[0].right * contenders[0].valid)[chosen]) / world.n
        broken = np.zeros(world.n, dtype=bool)
        broken[chosen[: int(np.searchsorted(loss, drop)) + 1]] = True
        found += night_fails(contenders, rng, {0: broken})[0][0]
    return found / repeats


def plain_alarms(world: World, nights: int, rng: np.random.Generator) -> float:
    """The share of nights on which the rule without correction and confirmation would fail something."""
    from scipy.special import bdtr

    contenders = [Contender(world, rng) for _ in range(world.contenders)]
    alarms = 0
    for _ in range(nights):
        for contender in contenders:
            now, base = contender.run(rng, contender.night(rng))[0], contender.baseline[0]
            lost, won = int((base & ~now).sum()), int((now & ~base).sum())
            if (lost - won) / now.size > world.tolerance and bdtr(won, lost + won, 0.5) <= 0.05:
                alarms += 1
                break
    return alarms / nights
