"""What a build costs and brings, as declared: ranges in US dollars. Undeclared stays None."""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDE = 10.0  # a range whose ends are further apart than this is one of magnitudes


@dataclass(frozen=True, slots=True)
class Span:
    """A figure that is known to lie between two bounds; a single number has `low` equal to `high`."""

    low: float
    high: float

    @property
    def wide(self) -> bool:
        """Whether its ends are more than ten times apart, so that it says a magnitude: it is drawn log-uniformly."""
        return self.low > 0 and self.high > WIDE * self.low

    @property
    def middle(self) -> float:
        """The middle of the range: half of what is drawn from it lies below. The geometric mean of a wide one."""
        return math.sqrt(self.low * self.high) if self.wide else (self.low + self.high) / 2

    @property
    def fixed(self) -> bool:
        """Whether it is a single number."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Gpu:
    """Dedicated machines. `min_replicas` 0 means that they scale to zero: only busy seconds are paid."""

    gpu_hour: float
    capacity_rps: float
    min_replicas: int = 1
    peak_to_mean: float = 3.0


@dataclass(frozen=True, slots=True)
class Economics:
    """Volume, costs and values: the suite's `economics:`. Costs of calls are US dollars.

    `tuned_accuracy` is what a fine-tune is expected to reach. `prompted_price_change_per_year` is -0.3 where the
    prompted model gets 30 % cheaper a year. `operations_per_month` are the people who keep a fine-tune running:
    retraining, on call, monitoring. `can_wait` says that answers may come a day later, so that a batch is a rival.
    """

    calls_per_month: Span | None = None
    horizon_months: int = 12
    active_hours: float = 24.0
    build_cost: Span | None = None
    label_cost_each: Span | None = None
    hosting_per_month: Span | None = None
    tuned_cost_per_1000_calls: Span | None = None
    tuned_accuracy: Span | None = None
    retrain_cost: Span | None = None
    retrains_per_year: Span | None = None
    prompted_price_change_per_year: Span | None = None
    value_of_a_correct_answer: Span | None = None
    value_of_meeting_need_per_month: Span | None = None
    gpu: Gpu | None = None
    operations_per_month: Span | None = None
    can_wait: bool = False


@dataclass(frozen=True, slots=True)
class CallMix:
    """Measured tokens of one call, means over the distinct requests of a contender.

    `prompt` counts all prompt tokens, `eligible` those of them that the provider's cache takes (the shared prefix;
    0 where its counters showed none), `output` includes thinking. `read_share` is the share of eligible tokens
    that were read from cache in this run, None where nothing is eligible. `calls` is how many were measured.
    """

    prompt: float
    eligible: float
    output: float
    read_share: float | None
    calls: int


@dataclass(frozen=True, slots=True)
class Tuned:
    """What running the fine-tune costs: `fixed` dollars a month, `marginal` dollars a call, as ranges.

    Where `gpu` is given, the machines needed at a volume are the fixed part and `fixed` is 0. `measured` says
    whether an endpoint was measured in the run; `source` says where the figures come from, in words.
    """

    fixed: Span
    marginal: Span
    source: str
    gpu: Gpu | None = None
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Rival:
    """One way of going on with prompting, at the declared volume (the middle of its range).

    `option` is `no caching`, `5m`, `1h`, `batch` or `as asked`; `hit_share` the share of calls that find the prefix
    cached. `meets` says whether the contender meets all requirements (Holm-corrected): None where undecided.
    `suits` is False where the option cannot serve the job: a batch answers within a day, so it meets no latency need
    and serves no workload that was not declared to be able to wait.
    Dollars; `per_month` is None without a declared volume. `note` says what else must be known.
    """

    contender: str
    option: str
    per_1000_calls: float
    per_month: float | None
    hit_share: float | None
    meets: bool | None
    suits: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The median and the central 80 % of a simulated figure; `inf` stands for never."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Swing:
    """What one uncertain input does to the net value after the horizon (dollars), all else at its middle.

    `share` is the input's squared rank correlation with the net value over the draws.
    """

    name: str
    low: float
    high: float
    at_low: float
    at_high: float
    share: float | None


@dataclass(frozen=True, slots=True)
class VolumePoint:
    """At a volume: the net value after the horizon (dollars, 80 % band), P(pays back), and the share of cache hits."""

    calls_per_month: float
    net: Quantiles
    p_pays_back: float
    hit_share_5m: float
    hit_share_1h: float


@dataclass(frozen=True, slots=True)
class Payback:
    """Whether a build pays back, simulated over the declared ranges.

    `rival` is the prompted contender with its option that the fine-tune is held against. `gross_calls` is the rule
    of thumb: build ÷ saving per call, None where nothing is saved per call. `months` are net months until the build is
    paid back. `p_cheaper` is P(tuned < prompted), all in but for the build, and `cheaper_by` the share of the prompted
    bill that is saved (rules of thumb say 30 to 60 %; they decide nothing). `affordable_build` is the highest
    build cost that pays back within the horizon with 90 % probability, None where none does or where the build is sunk.
    `needed_calls` is the smallest monthly volume at which it would pay back with 90 % probability, None where there is
    none. Where the build is sunk, "pays back" means that the net value after the horizon is above 0. `single_figures`
    says that no input was declared as a range, so that a probability of 0 or 1 is as certain as the figures given.
    """

    rival: str
    option: str
    draws: int
    p_pays_back: float
    months: Quantiles
    net: Quantiles
    gross_calls: Span | None
    saving_per_call: Span
    p_cheaper: float
    affordable_build: float | None
    needed_calls: float | None
    swings: tuple[Swing, ...]
    curve: tuple[VolumePoint, ...]
    cheaper_by: Quantiles | None = None
    single_figures: bool = False


@dataclass(frozen=True, slots=True)
class EconomicsFigures:
    """All that was computed of costs: the fair rivals, what the tuned model costs, and the payback.

    `tuned_per_month` is all in but for the build: running it and training it again. `payback` is None where an input
    is missing; `missing` names the suite's keys that would bring it. `needed_value` is the value per correct answer,
    `needed_value_per_month` the value of meeting the need, at which the build would pay back with 90 % probability;
    both are known without a declared value, and None where no value does it or only the cost counts. `notes` are
    sentences on what the figures leave out.
    """

    rivals: tuple[Rival, ...]
    tuned: Tuned | None
    tuned_per_month: Span | None
    payback: Payback | None
    missing: tuple[str, ...]
    needed_value: float | None = None
    needed_value_per_month: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BreakEven:
    """What the calculator finds from declared figures alone; the fields mean what they do in `Payback`.

    `gross_months` is `gross_calls` at the declared volume, before any fixed cost.
    """

    saving_per_call: Span
    gross_calls: Span | None
    gross_months: Span | None
    months: Quantiles
    p_pays_back: float
    net: Quantiles
    needed_calls: float | None
    curve: tuple[VolumePoint, ...]
