"""The truth of one harsh world, which no verdict ever sees: only rows that are drawn from it, and what was declared."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

from evalkit.records.economics import Span
from evalkit.records.estimate import Need
from evalkit.records.evidence import Case, Vouch
from evalkit.records.model import Rates
from evalkit.records.output import Enforce
from evalkit.records.verdict import Subject

MONTH_HOURS = 730.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a call: a shared prefix that the cache may take, and a suffix and an answer with heavy tails.

    `suffix` and `output` are true means; the spreads are the sigma of their logarithms.
    """

    prefix: float
    suffix: float
    output: float
    suffix_spread: float
    output_spread: float
    cacheable: bool

    @property
    def prompt(self) -> float:
        """Mean tokens of a prompt."""
        return self.prefix + self.suffix

    @property
    def eligible(self) -> float:
        """Tokens of a prompt that the cache takes."""
        return self.prefix if self.cacheable else 0.0


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of an answer: a lognormal whose logarithm drifts from call to call (AR(1) with `drift`)."""

    median: float
    spread: float
    drift: float
    first_share: float

    def p95(self, first: bool) -> float:
        """The true 95th percentile, of the first token or of the whole answer."""
        whole = self.median * math.exp(NormalDist().inv_cdf(0.95) * self.spread)
        return whole * self.first_share if first else whole


@dataclass(frozen=True, slots=True)
class Headroom:
    """What other prompts do: the true share of right answers of each rung, in place of the suite's own prompt.

    `rungs` are what a ladder on dev asks besides the suite's own prompt; `same` marks those that differ in white
    space only. `asked` says whether the ladder was climbed, on `dev_rows`. The best of them is the truth about the
    headroom, climbed or not.
    """

    rungs: tuple[float, ...]
    same: tuple[bool, ...]
    asked: bool
    dev_rows: int

    @property
    def best(self) -> float:
        """The best share that any of these prompts reaches; 0 without any."""
        return max(self.rungs, default=0.0)


@dataclass(frozen=True, slots=True)
class Answerer:
    """One contender in truth: shares over all calls that the job will ever have.

    `right` is the share of right answers among those with the exact form, judged by labels that are right. An answer
    is truncated, refused or in the wrong form by the shares of those names. `constant`: it always says the most
    frequent class. `copies_label_errors`: it learned the mistakes of the labels, and repeats them.
    """

    name: str
    provider_model: str
    role: str
    right: float
    invalid: float
    refused: float
    truncated: float
    times: Times
    tokens: Tokens
    rates: Rates
    price_known: bool
    cache_works: float
    enforce: Enforce = "prompt"
    constant: bool = False
    copies_label_errors: bool = False
    skipped: bool = False
    headroom: Headroom | None = None

    @property
    def id(self) -> str:
        """As the product names a contender."""
        return f"{self.name}/default/{self.enforce}"

    @property
    def valid(self) -> float:
        """The share of answers with the exact form."""
        return 1 - self.invalid - self.refused - self.truncated

    @property
    def accuracy(self) -> float:
        """The share of calls that get the right answer in the exact form."""
        return self.valid * self.right

    @property
    def prompted(self) -> bool:
        """Whether it is a way of prompting."""
        return self.role in ("frontier", "prompted")

    def with_right(self, right: float) -> Answerer:
        """The same with another share of right answers."""
        return replace(self, right=right)


@dataclass(frozen=True, slots=True)
class Rows:
    """The test rows. `cluster_size` 1 is independent rows; sizes are lognormal with `size_spread`.

    `shared_cluster` and `shared_item` are the shares of the difficulty that rows of a cluster, and contenders on a
    row, have in common. In `bad` of the clusters every contender fails more often: its share of errors is `bad_times`
    that of the others. `declared` says whether the suite has a `group`. `lost` is the share of infra errors.
    """

    n: int
    cluster_size: float
    size_spread: float
    shared_cluster: float
    shared_item: float
    bad: float
    bad_times: float
    declared: bool
    lost: float

    @property
    def clustered(self) -> bool:
        """Whether rows belong together in truth."""
        return self.cluster_size > 1


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels in truth, and what is said of them.

    `classes` are the true shares of the classes, the most frequent first. `wrong` is the share of labels in test and
    train that are wrong without a trace, `contradictory` the share of test rows that stand there twice with two
    labels (half of these are wrong too). `share` is what the suite declares.
    """

    classes: tuple[float, ...]
    wrong: float
    contradictory: float
    share: Span | None
    train_rows: int
    exact: int
    near: int
    in_test: int
    per_class: tuple[int, ...]

    @property
    def usable(self) -> int:
        """Labelled rows that a fine-tune can use."""
        return self.train_rows - self.exact - self.near - self.in_test

    @property
    def wrong_in_test(self) -> float:
        """The share of test rows with a wrong label."""
        return self.wrong * (1 - self.contradictory) + self.contradictory / 2

    @property
    def ceiling(self) -> float:
        """What nobody can pass who gives equal texts equal answers."""
        return 1 - self.contradictory / 2


@dataclass(frozen=True, slots=True)
class Machines:
    """Dedicated machines of the fine-tune."""

    gpu_hour: float
    capacity_rps: float
    min_replicas: int
    peak_to_mean: float


@dataclass(frozen=True, slots=True)
class Money:
    """What is true of volume, costs and values; 0 where the thing does not exist. Dollars."""

    calls: float
    build: float
    hosting: float
    tuned_per_1000: float
    tuned_accuracy: float
    retrain_cost: float
    retrains_per_year: float
    operations: float
    price_change: float
    value_of_correct: float
    value_of_need: float
    horizon: int
    active_hours: float
    can_wait: bool
    machines: Machines | None


@dataclass(frozen=True, slots=True)
class World:
    """One world. `declared` holds ranges by the suite's keys under `economics:`; what is not in it was not declared.

    `has_economics` False: the suite has no `economics:` at all. `optimistic` names what was declared better than it
    is; empty where every declaration is honest. `tuned` is the measured endpoint of subject `keep`.
    """

    seed: int
    case: Case | None
    diagnosed: Case | None
    needs: tuple[Need, ...]
    rows: Rows
    labels: Labels
    prompted: tuple[Answerer, ...]
    floors: tuple[Answerer, ...]
    people: Answerer | None
    tuned: Answerer | None
    has_native: bool
    vouched: tuple[Vouch, ...]
    money: Money
    declared: dict[str, Span]
    has_economics: bool
    optimistic: tuple[str, ...]

    @property
    def subject(self) -> Subject:
        """Whether a build is asked for, or what to do with an endpoint."""
        return "build" if self.tuned is None else "keep"

    @property
    def honest(self) -> bool:
        """Whether every declaration holds the truth."""
        return not self.optimistic

    @property
    def frontier(self) -> tuple[Answerer, ...]:
        """The frontier models that the suite lists."""
        return tuple(a for a in self.prompted if a.role == "frontier")

    def need(self, metric: str) -> Need | None:
        """The need of a metric."""
        return next((n for n in self.needs if n.metric == metric), None)
