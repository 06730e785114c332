"""What is simulated: a fine-tune against going on with prompting, its uncertain inputs, and their money flows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from evalkit.decision.costs import Way
from evalkit.decision.payback import Flows
from evalkit.decision.tuned import ZERO, machines_per_month
from evalkit.records.economics import Span, Tuned
from evalkit.records.estimate import Estimate
from evalkit.stats.clusters import FloatArray
from evalkit.stats.critical import critical_value, tail_of

CALLS, PROMPTED, BUILD = "calls_per_month", "prompted_cost_per_1000_calls", "build_cost"
MEASURED = "accuracy of "  # so begins the name of an input that was measured
WRONG_LABELS = "label_error_share"
OPERATIONS = "operations_per_month"
VALUE, TUNED_ACCURACY = "value_of_a_correct_answer", "tuned_accuracy"


@dataclass(frozen=True, slots=True)
class Input:
    """One input. Uniform from `low` to `high`, on the log scale where they are more than ten times apart.

    With `sd` it is normal about `centre` and clipped to [0, 1]; then `low` and `high` are its 95 % interval.
    """

    name: str
    low: float
    high: float
    centre: float
    sd: float = 0.0

    @classmethod
    def of(cls, name: str, span: Span, per: float = 1.0) -> Input:
        """A declared range, in units of 1/`per`."""
        return cls(name, span.low * per, span.high * per, span.middle * per)

    @classmethod
    def measured(cls, name: str, estimate: Estimate | None) -> Input | None:
        """A measured share, normal with the standard deviation of its 95 % interval; None where it is unknown."""
        if estimate is None or estimate.value is None:
            return None
        if estimate.low is None or estimate.high is None:
            return cls(name, estimate.value, estimate.value, estimate.value)
        sd = (estimate.high - estimate.low) / (2 * critical_value(tail_of(0.95)))
        return cls(name, max(0.0, estimate.low), min(1.0, estimate.high), estimate.value, sd)

    @property
    def ranged(self) -> bool:
        """Whether it is uncertain at all."""
        return self.low < self.high

    def draw(self, n: int, seed: int) -> FloatArray:
        """`n` independent values (n,). Each input has a stream of its own, the same whatever other inputs there are."""
        if not self.ranged:
            return np.full(n, self.centre)
        u = np.random.default_rng((seed, crc32(self.name.encode()))).random(n)
        if not self.sd and Span(self.low, self.high).wide:
            low, high = np.log(self.low), np.log(self.high)
            return np.asarray(np.exp(low + u * (high - low)), dtype=np.float64)
        if not self.sd:
            return self.low + u * (self.high - self.low)
        from scipy.special import ndtri

        return np.asarray(np.clip(self.centre + self.sd * ndtri(u), 0.0, 1.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Project:
    """A fine-tune held against prompting.

    `prompted` are the options of the rival, of which the cheapest at each volume is taken, or its cost in dollars a
    call. `labels` are still to be bought, at `label_cost` each. `value` is dollars per correct answer and needs both
    accuracies; `value_per_month` is that of meeting the needs. Either is None where it does not count; both may count.
    Meeting the needs is worth something only where `needed_accuracy` is reached. `wrong_labels` may hide right answers
    from the measured accuracy, and not from the expected one. `operations` are the people who keep it running, a month.
    `sunk` says that the build is paid for already.
    """

    calls: Span
    prompted: tuple[Way, ...] | Span
    tuned: Tuned
    build: Span
    horizon: float = 12.0
    active_hours: float = 24.0
    labels: int = 0
    label_cost: Span = ZERO
    operations: Span = ZERO
    retrain_cost: Span = ZERO
    retrains_per_year: Span = ZERO
    price_change: Span = ZERO
    value: Span | None = None
    value_per_month: Span | None = None
    prompted_accuracy: Input | None = None
    wrong_labels: Span = ZERO
    needed_accuracy: float | None = None
    tuned_accuracy: Input | None = None
    sunk: bool = False

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Everything that enters, ranged or not. Names are those of the suite's keys where there is one."""
        found = [
            Input.of(CALLS, self.calls),
            Input.of("tuned_cost_per_1000_calls", self.tuned.marginal, 1000.0),
            Input.of("hosting_per_month", self.tuned.fixed),
            Input.of(OPERATIONS, self.operations),
            Input.of(WRONG_LABELS, self.wrong_labels),
            Input.of(BUILD, self.build),
            Input.of("label_cost_each", self.label_cost),
            Input.of("retrain_cost", self.retrain_cost),
            Input.of("retrains_per_year", self.retrains_per_year),
            Input.of("prompted_price_change_per_year", self.price_change),
        ]
        if isinstance(self.prompted, Span):
            found.append(Input.of(PROMPTED, self.prompted, 1000.0))
        if self.value is not None:
            found.append(Input.of(VALUE, self.value))
        if self.value_per_month is not None:
            found.append(Input.of("value_of_meeting_need_per_month", self.value_per_month))
        found += [a for a in (self.prompted_accuracy, self.tuned_accuracy) if a is not None]
        return tuple(found)

    @property
    def single_figures(self) -> bool:
        """Whether no declared input is a range; what was measured is none that somebody gave."""
        return not any(i.ranged for i in self.inputs if not i.name.startswith(MEASURED) and i.name != WRONG_LABELS)

    def draw(self, n: int, seed: int) -> dict[str, FloatArray]:
        """`n` draws of each input by name: (n,) each."""
        return {i.name: i.draw(n, seed) for i in self.inputs}

    def prompted_per_call(self, x: Mapping[str, FloatArray]) -> FloatArray:
        """Dollars a call of the cheapest option at the volume of each draw: (n,)."""
        if isinstance(self.prompted, Span):
            return x[PROMPTED] / 1000
        calls = x[CALLS]
        # A curve asks for one volume and n draws: the arrival model is then computed once.
        if calls.size and (calls == calls[0]).all():
            return np.full_like(calls, min(float(way.per_call(calls[:1])[0]) for way in self.prompted))
        return np.asarray(np.min([way.per_call(calls) for way in self.prompted], axis=0), dtype=np.float64)

    def gained(self, x: Mapping[str, FloatArray]) -> FloatArray | None:
        """Correct answers a month that the fine-tune adds (n,), below 0 where it is worse; None where unknown."""
        if self.prompted_accuracy is None or self.tuned_accuracy is None:
            return None
        prompted = np.minimum(1.0, x[self.prompted_accuracy.name] / (1 - x[WRONG_LABELS]))
        return np.asarray(x[CALLS] * (x[self.tuned_accuracy.name] - prompted))

    def reached(self, x: Mapping[str, FloatArray]) -> FloatArray:
        """1 where the fine-tune reaches the accuracy that is needed, else 0 (n,): only then the needs are met."""
        if self.needed_accuracy is None or self.tuned_accuracy is None:
            return np.ones_like(x[CALLS])
        return np.asarray(x[self.tuned_accuracy.name] >= self.needed_accuracy - 1e-12, dtype=np.float64)

    def running(self, x: Mapping[str, FloatArray]) -> FloatArray:
        """What the fine-tune costs a month, all in but for the build: (n,)."""
        calls = x[CALLS]
        cost = calls * x["tuned_cost_per_1000_calls"] / 1000 + x["hosting_per_month"] + x[OPERATIONS]
        cost = cost + x["retrain_cost"] * x["retrains_per_year"] / 12
        if self.tuned.gpu is not None:
            cost = cost + machines_per_month(self.tuned.gpu, calls, self.active_hours)
        return cost

    def flows(self, x: Mapping[str, FloatArray]) -> Flows:
        """The money of each draw. Raises ValueError where a value counts and an accuracy is unknown."""
        steady = -self.running(x)
        if self.value is not None:
            gained = self.gained(x)
            if gained is None:
                raise ValueError("the value of a correct answer needs both accuracies")
            steady = steady + x[VALUE] * gained
        if self.value_per_month is not None:
            steady = steady + x["value_of_meeting_need_per_month"] * self.reached(x)
        build = np.zeros_like(steady) if self.sunk else x[BUILD] + self.bought(x)
        bill = x[CALLS] * self.prompted_per_call(x)
        return Flows(bill, steady, x["prompted_price_change_per_year"], build)

    def bought(self, x: Mapping[str, FloatArray]) -> FloatArray:
        """Dollars for the labels that are still to be bought: (n,)."""
        return self.labels * x["label_cost_each"]

    def saving_per_call(self) -> Span:
        """Prompted less tuned dollars a call, by the corners of the ranges."""
        if isinstance(self.prompted, Span):
            low, high = self.prompted.low, self.prompted.high
        else:
            ends = np.array([self.calls.low, self.calls.high])
            per_call = np.min([way.per_call(ends) for way in self.prompted], axis=0)
            low, high = float(per_call.min()), float(per_call.max())
        return Span(low - self.tuned.marginal.high, high - self.tuned.marginal.low)

    def whole_build(self) -> Span:
        """The build with the labels that are still to be bought; nothing where it is sunk."""
        if self.sunk:
            return ZERO
        labels = self.labels
        return Span(self.build.low + labels * self.label_cost.low, self.build.high + labels * self.label_cost.high)
