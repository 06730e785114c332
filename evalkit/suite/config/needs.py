"""`good_enough:`: what the job needs of each metric."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from evalkit.records.estimate import Need
from evalkit.suite.config.base import Config, Mistake, ShortForm, mistakes_error


class AtLeast(Config):
    """A share that must be reached."""

    looks_like: ClassVar[str] = "a number between 0 and 1, or {at_least: 0.92, margin: 0.01}"
    at_least: float = Field(gt=0, lt=1, description="The threshold, above 0 and below 1.")
    margin: float = Field(0.0, ge=0, lt=1, description="How far below the threshold is still tolerable.")

    @field_validator("at_least", mode="before")
    @classmethod
    def _tolerable(cls, value: Any) -> Any:
        """A threshold of 1 can never be shown to hold, and 92 is meant as a percentage."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        problem, expected = None, None
        if value == 1:
            problem = "no sample, however large, can show that a share is exactly 1"
            expected = "what is tolerable, such as 0.999"
        elif 1 < value < 100:
            problem, expected = (
                f"{value} looks like a percentage",
                f"a share between 0 and 1: {value / 100:g}",
            )
        elif value >= 100:
            problem, expected = (
                f"{value} is not a share",
                "a number below 1; what is tolerable, such as 0.999",
            )
        error = mistakes_error([Mistake((), problem, expected)] if problem else [])
        if error:
            raise error
        return value

    @model_validator(mode="after")
    def _margin_below_threshold(self) -> Self:
        bad = self.margin >= self.at_least
        return self.require(
            [Mistake(("margin",), f"the margin {self.margin} is not below the threshold {self.at_least}")]
            if bad
            else []
        )


class AtMost(Config):
    """A cost or a time that must not be passed."""

    looks_like: ClassVar[str] = "a number above 0, or {at_most: 100, margin: 5}"
    at_most: float = Field(gt=0, description="The threshold.")
    margin: float = Field(0.0, ge=0, description="How far above the threshold is still tolerable.")


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
        error = mistakes_error([Mistake((wrong,), problem, hint=right, key=True)])
        assert error is not None
        raise error
    return value


Share = Annotated[AtLeast, BeforeValidator(_at_least), ShortForm(type="number", exclusiveMinimum=0, exclusiveMaximum=1)]
Ceiling = Annotated[AtMost, BeforeValidator(_at_most), ShortForm(type="number", exclusiveMinimum=0)]


class GoodEnough(Config):
    """The needs, by metric; each is decided by its one-sided 95 % bounds."""

    looks_like: ClassVar[str] = "at least one need, such as `accuracy: 0.92`"
    accuracy: Share | None = Field(None, description="Share of samples with the exact form and the right answer.")
    macro_f1: Share | None = Field(None, description="Mean of the classes' F1 scores.")
    exact_match: Share | None = Field(None, description="Share of samples whose answer equals the target entirely.")
    field_f1: Share | None = Field(None, description="F1 over the fields of extract.")
    judge_score: Share | None = Field(None, description="Mean score of the judge, between 0 and 1.")
    format_validity: Share | None = Field(None, description="Share of answers with the exact form, no repair.")
    vocabulary: Share | None = Field(None, description="Share of answers inside the closed label set.")
    ttft_p95_ms: Ceiling | None = Field(
        None,
        description="95th percentile of the time to the first token in milliseconds; turns streaming on.",
    )
    latency_p95_ms: Ceiling | None = Field(None, description="95th percentile of the latency in milliseconds.")
    cost_per_1000_calls: Ceiling | None = Field(None, description="US dollars per 1,000 calls.")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        empty = not any(getattr(self, name) for name in type(self).model_fields)
        return self.require([Mistake((), "no need is declared", expected=self.looks_like)] if empty else [])

    def needs(self) -> tuple[Need, ...]:
        """The declared needs, in a fixed order of metrics."""
        found: list[Need] = []
        for metric in type(self).model_fields:
            need = getattr(self, metric)
            if isinstance(need, AtLeast):
                found.append(Need(metric, need.at_least, need.margin))
            elif isinstance(need, AtMost):
                found.append(Need(metric, need.at_most, need.margin, at_least=False))
        return tuple(found)
