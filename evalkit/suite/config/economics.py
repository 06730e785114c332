"""`decision:` and `economics:`: what the verdict rests on besides measurements. Undeclared stays None."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from evalkit.suite.config.base import Config, Range, Within

_Positive = Annotated[Range | None, Within(above=0)]
_NotNegative = Annotated[Range | None, Within(at_least=0)]
_Share = Annotated[Range | None, Within(at_least=0, at_most=1)]
_Change = Annotated[Range | None, Within(above=-1)]


class DecisionConfig(Config):
    """When labels and test rows are enough for a fine-tune."""

    min_labels: int = Field(1000, ge=0, description="Labelled examples of correct output that a fine-tune needs.")
    min_per_class: int = Field(10, ge=0, description="Labelled examples that every class needs.")
    min_test_rows: int = Field(200, ge=0, description="Test rows below which no money is asked for.")


class GpuConfig(Config):
    """A dedicated deployment of the fine-tune."""

    gpu_hour: float = Field(ge=0, description="US dollars per replica and hour.")
    min_replicas: int = Field(1, ge=0, description="Replicas that run at any load.")
    capacity_rps: float = Field(
        gt=0, description="Requests per second that one replica answers while it keeps the latency need."
    )
    peak_to_mean: float = Field(3.0, ge=1, description="The busiest rate over the mean rate.")


class EconomicsConfig(Config):
    """Volume, costs and values, in US dollars; most are a number or a range [low, high]."""

    calls_per_month: _Positive = Field(None, description="Calls a month.")
    horizon_months: int = Field(12, ge=1, le=600, description="Months within which the build must pay back.")
    active_hours: float = Field(24.0, gt=0, le=24, description="Hours a day in which the calls arrive.")
    build_cost: _NotNegative = Field(None, description="Building the fine-tune once, labels apart.")
    label_cost_each: _NotNegative = Field(
        None, description="One more label; labels still to be bought belong to the build."
    )
    hosting_per_month: _NotNegative = Field(None, description="Fixed hosting of the fine-tune a month.")
    tuned_cost_per_1000_calls: _NotNegative = Field(
        None, description="Running cost of the fine-tune, used while no fine-tuned endpoint is measured."
    )
    tuned_accuracy: _Share = Field(None, description="What a fine-tune is expected to reach.")
    retrain_cost: _NotNegative = Field(None, description="Training it again once.")
    retrains_per_year: _NotNegative = Field(None, description="How often a year it is trained again.")
    prompted_price_change_per_year: _Change = Field(
        None, description="Change of the prompted model's price a year; -0.3 is 30 % cheaper."
    )
    value_of_a_correct_answer: _NotNegative = Field(None, description="What one more correct answer is worth.")
    value_of_meeting_need_per_month: _NotNegative = Field(
        None, description="What meeting the needs is worth a month, added to what correct answers are worth."
    )
    operations_per_month: _NotNegative = Field(
        None, description="People who keep the fine-tune running a month: retraining, on call, monitoring."
    )
    can_wait: bool = Field(
        False, description="Whether answers may come a day later, so that a batch is a rival of the fine-tune."
    )
    gpu: GpuConfig | None = Field(None, description="Dedicated machines for the fine-tune.")
