"""Random worlds: of everything that a verdict hangs on, how it is distributed.

First the kind of the world is drawn, and what the right answer shall be: FUND 40 %, RULE OUT 40 %, NOT YET 20 % (far:
the first two, half and half). Then all else by this table, again and again until the right answer is that one. In
a near world each figure is drawn as near with a chance of a half, else as free.

what                     near (35 %)              free (25 %)               far (40 %)
-----------------------  -----------------------  ------------------------  -------------------------------------------
case                     none 35 %, volume 25 %, domain 15 %, format 15 %, latency 10 %
frontier models          1, 2 or 3, each a third; accuracy needed 0.80-0.93, in a quarter with a margin of 0.01;
                         format validity needed 0.90 or 0.94; p95 of the first token needed 100-500 ms
accuracy less need       ±3 points                -25 to +7 points          5-25 points below, or 5-7 above
  of the best model;     others are 0-8 points below it (far: then moved out of the 5 points)
form in words            99.5-100 % valid; in a quarter (case format: three quarters) up to 2 points about the need,
                         far: 5-30 points below it; then a native twin was measured in 80 %, and a third of the twins
                         is no better
first token ÷ need       0.85-1.15                0.3-5                     0.2-0.5 or 2-5
ladder on dev            3 prompts 75 %, 2 prompts 5 %, one 5 %, `--vouch prompt` 15 % (far: 3 prompts or vouched)
  gain of the last one   0-2 x what matters       half none, half 0-8       -3 to 0 points
  prompts differ on      1-8 % of the rows, and at least by the gain
labels, after errors     700-1,400                20 % under 1,000, to 30k  200-800 or 1,250-30,000
rarest class             8-13 rows in a quarter   10 % under 10, to 200                 2-8 in a tenth, else 13-200
wrong labels             0-6 %                    0-6 %                     0-3 %, the cap 5 points above the need
  declared               a range with the truth in it, 0-3 points to each side, 80 %; vouched for 10 %; neither 10 %
a listed model skipped   10 %                     10 %                      none
calls a month            1e5-1e8 (volume: 1e6-3e8), prompts of 200-3,000 tokens, 0 or 60-90 % cacheable, 5-150 out
input price              0.1, 1, 2 or 4 dollars per million; the other rates at the usual ratios
running cost of the      volume: 0.5-1 x the      0.1-2 x                   0.05-0.35 or 1.4-3 x
  fine-tune              prompted bill, 10-60 % of it fixed; else 0.005-0.3 dollars per 1,000 calls and 200-2,000 fixed
accuracy of fine-tune    the need less 1 to plus 6 points, at most 0.99
benefit ÷ build          0.7-1.4                  0.2-20                    0.05-0.5 or 2-20
value                    1e-4 to 1 dollar a correct answer; latency: 1,000-200,000 dollars a month for the need met
horizon, retraining      6, 12 or 24 months; none in half, else 2,000-10,000 dollars once a year
prices of prompting      unchanged in 60 %, else -30 % a year

Counts, costs, values and factors are log-uniform, the rest is uniform. The build is set from `benefit ÷ build`; where
nothing comes in it is 5,000-60,000; worlds with a build outside 1,000 to 1,000,000 dollars are drawn again, and far
ones where `is_far` does not hold. Each declared range holds the truth at a uniform place (on the log scale) of a range
whose ends are 1 (20 %), 1.2 (25 %), 1.5 (25 %), 2 (20 %) or 4 (10 %) times apart, the tuned accuracy at a uniform place
of a range 0-4 points wide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import numpy as np

from evalkit.records.economics import CallMix, Economics, Span
from evalkit.records.evidence import Case, Vouch
from evalkit.records.model import Rates
from evalkit.records.price import Price, Tier
from evalkit.records.verdict import Outcome
from tests.decision import world_truth as truth
from tests.decision.world import Kind, Money, Talent, World

_CASES: tuple[Case | None, ...] = (None, "volume", "domain", "format", "latency")
_NOTHING = Economics()
_KINDS: tuple[Kind, ...] = get_args(Kind)
_OUTCOMES: tuple[Outcome, ...] = ("FUND", "RULE_OUT", "NOT_YET")
_Number = Callable[[], float]


def draw_world(seed: int) -> World:
    """The world of a seed."""
    rng = np.random.default_rng((seed, 20))
    kind = _KINDS[int(rng.choice(3, p=(0.35, 0.25, 0.40)))]
    right = _OUTCOMES[int(rng.choice(3, p=(0.5, 0.5, 0.0) if kind == "far" else (0.4, 0.4, 0.2)))]
    while True:
        world = _Draw(rng, kind).world()
        if not 1e3 <= world.money.build <= 1e6 or truth.right_outcome(world) != right:
            continue
        if kind != "far" or truth.is_far(world):
            return world


class _Draw:
    """One world being drawn."""

    def __init__(self, rng: np.random.Generator, kind: Kind) -> None:
        self.rng, self.kind = rng, kind
        self.case = _CASES[int(rng.choice(5, p=(0.35, 0.25, 0.15, 0.15, 0.10)))]
        self.need = self._u(0.80, 0.93)
        self.margin = 0.01 if self._in(0.25) else 0.0
        self.form_need = 0.90 if self._in(0.5) else 0.94
        self.ttft_need = self._u(100, 500)

    def world(self) -> World:
        vouched: list[Vouch] = ["prompt"] if self._in(0.15) else []
        wrong = self._u(0, 0.03 if self.kind == "far" else 0.06)
        declared = Span(max(0.0, wrong - self._u(0, 0.03)), wrong + self._u(0, 0.03))
        how = self.rng.random()
        if how > 0.8:
            vouched += ["labels"] if how < 0.9 else []
        world = World(
            kind=self.kind,
            case=self.case,
            need=self.need,
            margin=self.margin,
            form_need=self.form_need,
            ttft_need=self.ttft_need,
            talents=self._talents(),
            one_unmeasured=self.kind != "far" and self._in(0.1),
            vouched=tuple(vouched),
            usable=round(self._usable() / (1 - wrong)),
            rarest=self._rarest(),
            wrong_labels=wrong,
            declared_wrong=declared if how <= 0.8 else None,
            money=self._money(),
            declared=_NOTHING,
        )
        world = self._costed(world)
        return replace(world, declared=self._declared(world))

    def _talents(self) -> tuple[Talent, ...]:
        best = self._by(
            lambda: self._u(-0.03, 0.03),
            lambda: self._u(-0.25, 0.07),
            lambda: self._u(-0.25, -0.05) if self._in(0.6) else self._u(0.05, 0.07),
        )
        found = []
        for i in range(int(self.rng.integers(1, 4))):
            above = best if not i else best - self._u(0, 0.08)
            if self.kind == "far" and abs(above) < 0.05:
                above = -0.05 - self._u(0, 0.08)
            found.append(self._talent(f"m{i}", self.need - self.margin + above))
        return tuple(found)

    def _talent(self, name: str, accuracy: float) -> Talent:
        valid, native = self._u(0.995, 1.0), None
        if self._in(0.75 if self.case == "format" else 0.25):
            valid = self.form_need + (-self._u(0.05, 0.30) if self.kind == "far" else self._u(-0.02, 0.02))
            if self._in(0.8):
                native = valid if self._in(1 / 3) else self._u(0.995, 1.0)
            content = min(0.995, accuracy / 0.998)  # what it reaches where the form is no trouble
        else:
            content = min(0.995, accuracy / valid)
        gain = self._gain(max(0.01, (self.need - content * valid) / 4))
        times = self._by(
            lambda: self._g(0.85, 1.15),
            lambda: self._g(0.3, 5),
            lambda: self._g(0.2, 0.5) if self._in(0.5) else self._g(2, 5),
        )
        return Talent(
            name=name,
            content=content,
            valid=valid,
            native=native,
            ttft=self.ttft_need * times,
            rungs=int(self.rng.choice([3, 2, 1], p=(0.9, 0.05, 0.05))),
            gain=gain,
            discord=max(self._u(0.01, 0.08), abs(gain) * 1.2),
            mix=self._mix(),
            price=_price(float(self.rng.choice([0.1, 1.0, 2.0, 4.0]))),
        )

    def _gain(self, matters: float) -> float:
        return self._by(
            lambda: self._u(0, 2) * matters,
            lambda: 0.0 if self._in(0.5) else self._u(0, 0.08),
            lambda: self._u(-0.03, 0),
        )

    def _mix(self) -> CallMix:
        prompt = self._g(200, 3000)
        if self._in(0.3):
            return CallMix(prompt, 0.0, self._g(5, 150), None, 1000)
        return CallMix(prompt, prompt * self._u(0.6, 0.9), self._g(5, 150), self._u(0.9, 0.999), 1000)

    def _usable(self) -> float:
        return self._by(
            lambda: self._g(700, 1400),
            lambda: self._g(300, 1000) if self._in(0.2) else self._g(1000, 30_000),
            lambda: self._g(200, 800) if self._in(0.2) else self._g(1250, 30_000),
        )

    def _rarest(self) -> int:
        return round(
            self._by(
                lambda: self._u(8, 13) if self._in(0.25) else self._u(13, 200),
                lambda: self._g(5, 200),
                lambda: self._u(2, 8) if self._in(0.1) else self._u(13, 200),
            )
        )

    def _money(self) -> Money:
        again = self._in(0.5)
        return Money(
            calls=self._g(1e6, 3e8) if self.case == "volume" else self._g(1e5, 1e8),
            build=1.0,
            hosting=self._g(200, 2000),
            marginal=self._g(0.005, 0.3) / 1000,
            retrain=self._g(2000, 10_000) if again else 0.0,
            retrains=1.0 if again else 0.0,
            price_change=0.0 if self._in(0.6) else -0.3,
            value=self._g(1e-4, 1),
            value_per_month=self._g(1e3, 2e5),
            tuned_accuracy=min(0.99, self.need + self._u(-0.01, 0.06)),
            horizon=int(self.rng.choice([6, 12, 24])),
        )

    def _costed(self, world: World) -> World:
        """With the running cost and the build that are wanted."""
        money = world.money
        if self.case == "volume":
            share = self._by(
                lambda: self._u(0.5, 1.0),
                lambda: self._g(0.1, 2),
                lambda: self._g(0.05, 0.35) if self._in(0.6) else self._g(1.4, 3),
            )
            month = truth.running(world) * share / truth.bill_ratio(world)
            fixed = month * self._u(0.1, 0.6)
            again = money.retrain * money.retrains / 12
            hosting = max(0.0, fixed - again)
            marginal = max(0.0, month - hosting - again) / money.calls
            world = replace(world, money=replace(money, hosting=hosting, marginal=marginal))
        brought = truth.benefit(world)
        ratio = self._by(
            lambda: self._g(0.7, 1.4),
            lambda: self._g(0.2, 20),
            lambda: self._g(0.05, 0.5) if self._in(0.3) else self._g(2, 20),
        )
        build = brought / ratio if brought > 0 else self._g(5e3, 6e4)
        return replace(world, money=replace(world.money, build=build))

    def _declared(self, world: World) -> Economics:
        money = world.money
        width = self._u(0, 0.04)
        low = money.tuned_accuracy - self._u(0, width)
        return Economics(
            calls_per_month=self._range(money.calls),
            horizon_months=money.horizon,
            build_cost=self._range(money.build),
            hosting_per_month=self._range(money.hosting),
            tuned_cost_per_1000_calls=self._range(1000 * money.marginal),
            tuned_accuracy=Span(low, min(1.0, low + width)),
            retrain_cost=self._range(money.retrain) if money.retrain else None,
            retrains_per_year=Span(money.retrains, money.retrains) if money.retrain else None,
            prompted_price_change_per_year=Span(money.price_change, money.price_change),
            value_of_a_correct_answer=None if world.case in ("volume", "latency") else self._range(money.value),
            value_of_meeting_need_per_month=self._range(money.value_per_month) if world.case == "latency" else None,
        )

    def _range(self, value: float) -> Span:
        """A range with the truth in it."""
        factor = float(self.rng.choice([1, 1.2, 1.5, 2, 4], p=(0.2, 0.25, 0.25, 0.2, 0.1)))
        low = value / factor ** self.rng.random()
        return Span(low, low * factor)

    def _by(self, near: _Number, free: _Number, far: _Number) -> float:
        """The figure of this kind of world."""
        kind = "free" if self.kind == "near" and self._in(0.5) else self.kind
        return {"near": near, "free": free, "far": far}[kind]()

    def _in(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def _u(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def _g(self, low: float, high: float) -> float:
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))


def _price(dollars: float) -> Price:
    rates = Rates(dollars, 5 * dollars, 0.1 * dollars, 1.25 * dollars, 2 * dollars)
    return Price((Tier(rates),), "2026-11-24", "a made-up list", 0.5)
