"""The table of metrics: what each is called, how it is read, who has it, and whether a suite may need it.

How a metric is computed is the one thing that is not said here: `scoring/measures.py` has a function for each name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from evalkit.records.task import Task

MetricKind = Literal["content", "form", "time", "cost", "judge"]
Unit = Literal["share", "ms", "usd"]
Place = Literal["latency_ms", "ttft_ms", "cost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of a contender.

    - `words` is its name for people, `description` a sentence for the JSON Schema and its editors.
    - `kind` decides what clears an unmet need of it (`decision/clearing.py`): *content* is right or wrong, *form* the
      shape of an answer, *time* and *cost* are what they are, *judge* is the opinion of another model.
    - `unit` and `at_least` (whether more is better) decide how it is written and held against a need.
    - `tasks` have it (None: all), with `needs_labels` only where the output has a closed label set.
    - `same_as` names the metric of which this is another name in its tasks.
    - `may_be_needed`: whether it can stand under `good_enough:`.
    - `streamed`: only a streamed answer has it, so that a need of it turns streaming on.
    - `place`: the key of a contender's JSON under which it stands, None for `metrics`.
    - `always_listed`: whether it stands under `metrics` as null where it is not measured.
    """

    name: str
    words: str
    description: str
    kind: MetricKind
    unit: Unit = "share"
    at_least: bool = True
    tasks: tuple[Task, ...] | None = None
    needs_labels: bool = False
    same_as: str | None = None
    may_be_needed: bool = True
    streamed: bool = False
    place: Place | None = None
    always_listed: bool = False

    def is_measured(self, task: Task, labels: bool) -> bool:
        """Whether a suite of this task, with or without a closed label set, has this metric."""
        return (self.tasks is None or task in self.tasks) and (labels or not self.needs_labels)


# The order is that of the JSON Schema, of the needs of a suite and of the figures in the JSON.
_TABLE = (
    Metric(
        name="accuracy",
        words="accuracy",
        description="Share of samples with the exact form and the right answer.",
        kind="content",
        always_listed=True,
    ),
    Metric(
        name="accuracy_if_valid",
        words="accuracy if valid",
        description="Share of right answers among those with the exact form.",
        kind="content",
        may_be_needed=False,
        always_listed=True,
    ),
    Metric(
        name="accuracy_lenient",
        words="accuracy lenient",
        description="Share of samples with the right answer, its form forgiven.",
        kind="content",
        may_be_needed=False,
        always_listed=True,
    ),
    Metric(
        name="macro_f1",
        words="macro F1",
        description="Mean of the classes' F1 scores.",
        kind="content",
        tasks=("classify",),
        needs_labels=True,
        always_listed=True,
    ),
    Metric(
        name="exact_match",
        words="exact match",
        description="Share of samples whose answer equals the target entirely.",
        kind="content",
        tasks=("extract",),
        same_as="accuracy",
    ),
    Metric(
        name="field_f1",
        words="field f1",
        description="F1 over the fields of extract.",
        kind="content",
        tasks=("extract",),
    ),
    Metric(
        name="format_validity",
        words="format validity",
        description="Share of answers with the exact form, no repair.",
        kind="form",
        always_listed=True,
    ),
    Metric(
        name="vocabulary",
        words="vocabulary",
        description="Share of answers inside the closed label set.",
        kind="form",
        tasks=("classify", "answer", "write"),
        needs_labels=True,
        always_listed=True,
    ),
    Metric(
        name="ttft_p95_ms",
        words="first token, p95",
        description="95th percentile of the time to the first token in milliseconds; turns streaming on.",
        kind="time",
        unit="ms",
        at_least=False,
        streamed=True,
        place="ttft_ms",
    ),
    Metric(
        name="latency_p95_ms",
        words="latency, p95",
        description="95th percentile of the latency in milliseconds.",
        kind="time",
        unit="ms",
        at_least=False,
        place="latency_ms",
    ),
    Metric(
        name="cost_per_1000_calls",
        words="cost of 1,000 calls",
        description="US dollars per 1,000 calls.",
        kind="cost",
        unit="usd",
        at_least=False,
        place="cost",
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}


def kind_of(name: str) -> MetricKind | None:
    """The kind of a metric; None for one that the table does not have, such as one of an older run."""
    metric = METRICS.get(name)
    return None if metric is None else metric.kind


def is_share(name: str) -> bool:
    """Whether a metric is a share of 1, so that distances are points; one that the table does not have is taken so."""
    metric = METRICS.get(name)
    return metric is None or metric.unit == "share"


def is_another_name(name: str, of: str) -> bool:
    """Whether `name` is the metric `of`, or another name for it."""
    metric = METRICS.get(name)
    return name == of or (metric is not None and metric.same_as == of)


def needs_of_task(task: Task, labels: bool) -> tuple[str, ...]:
    """The metrics that a suite of this task may need."""
    return tuple(m.name for m in METRICS.values() if m.may_be_needed and m.is_measured(task, labels))


def tasks_of(metric: Metric) -> tuple[Task, ...]:
    """The tasks that have a metric, by name."""
    return get_args(Task) if metric.tasks is None else metric.tasks
