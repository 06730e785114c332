"""`good_enough:`: what the job needs of each metric."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, create_model, field_validator, model_validator

from evalkit.errors import SuiteMistake
from evalkit.records.estimate import Need
from evalkit.records.metric import METRICS, Metric, needs_of_task, tasks_of
from evalkit.records.task import Task
from evalkit.suite.config.base import Config, ShortForm, mistakes_error


class AtLeast(Config):
    """A share that must be reached."""

    looks_like: ClassVar[str] = "a number between 0 and 1, or {at_least: 0.92, margin: 0.01}"
    at_least: float = Field(gt=0, lt=1, description="The threshold, above 0 and below 1.")
    margin: float = Field(0.0, ge=0, lt=1, description="How far below the threshold is still tolerable.")

    @field_validator("at_least", mode="before")
    @classmethod
    def _tolerable(cls, value: Any) -> Any:
        """A threshold of 1 can never be shown to hold."""
        return _share(value, "no sample, however large, can show that a share is exactly 1", "0.999")

    @model_validator(mode="after")
    def _margin_below_threshold(self) -> Self:
        bad = self.margin >= self.at_least
        return self.require(
            [SuiteMistake(("margin",), f"the margin {self.margin} is not below the threshold {self.at_least}")]
            if bad
            else []
        )


class AtMost(Config):
    """A cost or a time that must not be passed."""

    looks_like: ClassVar[str] = "a number above 0, or {at_most: 100, margin: 5}"
    at_most: float = Field(gt=0, description="The threshold.")
    margin: float = Field(0.0, ge=0, description="How far above the threshold is still tolerable.")


class AtMostShare(Config):
    """A share that must not be passed."""

    looks_like: ClassVar[str] = "a number between 0 and 1, or {at_most: 0.05, margin: 0.01}"
    at_most: float = Field(gt=0, lt=1, description="The threshold, above 0 and below 1.")
    margin: float = Field(0.0, ge=0, lt=1, description="How far above the threshold is still tolerable.")

    @field_validator("at_most", mode="before")
    @classmethod
    def _tolerable(cls, value: Any) -> Any:
        """A threshold of 1 asks for nothing."""
        return _share(value, "every share is at most 1, so this asks for nothing", "0.05")

    @model_validator(mode="after")
    def _margin_below_one(self) -> Self:
        bad = self.at_most + self.margin >= 1
        problem = f"the threshold {self.at_most} with the margin {self.margin} is not below 1"
        return self.require([SuiteMistake(("margin",), problem)] if bad else [])


def _share(value: Any, one: str, tolerable: str) -> Any:
    """The value, where it can be the threshold of a share; `one` says why 1 cannot, and 92 is meant as a percentage."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    problem, expected = None, None
    if value == 1:
        problem, expected = one, f"what is tolerable, such as {tolerable}"
    elif 1 < value < 100:
        problem, expected = f"{value} looks like a percentage", f"a share between 0 and 1: {value / 100:g}"
    elif value >= 100:
        problem, expected = f"{value} is not a share", f"a number below 1; what is tolerable, such as {tolerable}"
    error = mistakes_error([SuiteMistake((), problem, expected)] if problem else [])
    if error:
        raise error
    return value


def _at_least(value: Any) -> Any:
    return _normal(value, "at_least", "at_most", "higher")


def _at_most(value: Any) -> Any:
    return _normal(value, "at_most", "at_least", "lower")


def _normal(value: Any, right: str, wrong: str, better: str) -> Any:
    """A bare number as a mapping; the other kind of threshold refused with the reason."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {right: value}
    if isinstance(value, dict) and wrong in value:
        problem = f"`{wrong}` does not fit: this metric is better where it is {better}"
        error = mistakes_error([SuiteMistake((wrong,), problem, hint=right, key=True)])
        assert error is not None
        raise error
    return value


Share = Annotated[AtLeast, BeforeValidator(_at_least), ShortForm(type="number", exclusiveMinimum=0, exclusiveMaximum=1)]
Ceiling = Annotated[AtMost, BeforeValidator(_at_most), ShortForm(type="number", exclusiveMinimum=0)]
ShareCeiling = Annotated[
    AtMostShare, BeforeValidator(_at_most), ShortForm(type="number", exclusiveMinimum=0, exclusiveMaximum=1)
]


class _Needs(Config):
    """The needs, by metric; each is decided by its one-sided 95 % bounds."""

    looks_like: ClassVar[str] = "at least one need, such as `accuracy: 0.92`"

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        return self.require(
            [SuiteMistake((), "no need is declared", expected=self.looks_like)] if not self.needs() else []
        )

    def needs(self) -> tuple[Need, ...]:
        """The declared needs, in the order of the table of metrics."""
        declared = (self.need(metric) for metric in type(self).model_fields)
        return tuple(need for need in declared if need is not None)

    def need(self, metric: str) -> Need | None:
        """The need for one metric, None where none is declared."""
        declared = getattr(self, metric, None) if metric in type(self).model_fields else None
        if isinstance(declared, AtLeast):
            return Need(metric, declared.at_least, declared.margin)
        if isinstance(declared, AtMost | AtMostShare):
            return Need(metric, declared.at_most, declared.margin, at_least=False)
        return None


def _fields() -> dict[str, Any]:
    """A key for each metric of the table that may be needed."""
    needed = (metric for metric in METRICS.values() if metric.may_be_needed)
    return {m.name: (_threshold(m) | None, Field(None, description=m.description)) for m in needed}


def _threshold(metric: Metric) -> Any:
    if metric.at_least:
        return Share
    return ShareCeiling if metric.unit == "share" else Ceiling


def needs_model() -> type[_Needs]:
    """The model of `good_enough:`, made of the table as it is now."""
    return create_model("GoodEnough", __base__=_Needs, __doc__=_Needs.__doc__, **_fields())


if TYPE_CHECKING:
    GoodEnough = _Needs
else:
    GoodEnough = needs_model()


def misplaced(needs: GoodEnough, task: Task, labels: bool) -> Iterator[SuiteMistake]:
    """The needs that a suite of this task, with or without a closed label set, cannot measure."""
    for need in needs.needs():
        metric = METRICS[need.metric]
        tasks = tasks_of(metric)
        if task not in tasks:
            which = f"task {tasks[0]}" if len(tasks) == 1 else f"tasks {', '.join(tasks[:-1])} and {tasks[-1]}"
            yield SuiteMistake(
                (metric.name,),
                f"`{metric.name}` is measured for the {which} only",
                f"a need that the task {task} has: {', '.join(needs_of_task(task, labels))}",
                metric.same_as,
                key=True,
            )
        elif metric.needs_labels and not labels:
            yield SuiteMistake(
                (metric.name,), f"a need for `{metric.name}` without `output.labels`", "labels", key=True
            )
