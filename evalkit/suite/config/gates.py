"""`gates:`: what `check` fails on, what it only notes, and how much is tolerable."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from evalkit.records.check import Gates, Limit, Then
from evalkit.suite.config.base import Config, ShortForm

_THEN = "What follows: fail (exit code 1), note, or ignore."


class Tolerance(Config):
    """A share may fall by this much."""

    looks_like: ClassVar[str] = "a share such as 0.02, or {tolerance: 0.02, then: fail}"
    tolerance: float = Field(0.02, ge=0, lt=1, description="How far the share may fall: 0.02 is two points.")
    then: Then = Field("fail", description=_THEN)


class Growth(Config):
    """A figure may grow by this part of itself."""

    looks_like: ClassVar[str] = "a share such as 0.2, or {share: 0.2, then: fail}"
    share: float = Field(gt=0, le=100, description="How much it may grow: 0.2 is a fifth more.")
    then: Then = Field("fail", description=_THEN)


def _tolerance(value: Any) -> Any:
    return {"tolerance": value} if _is_number(value) else value


def _growth(value: Any) -> Any:
    return {"share": value} if _is_number(value) else value


def _slow(value: Any) -> Any:
    """Latency is other people's load too: unless the suite says so, it is noted only."""
    value = _growth(value)
    return {"then": "note", **value} if isinstance(value, dict) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_Drop = Annotated[Tolerance, BeforeValidator(_tolerance), ShortForm(type="number", minimum=0, exclusiveMaximum=1)]
_Growth = Annotated[Growth, BeforeValidator(_growth), ShortForm(type="number", exclusiveMinimum=0)]
_Latency = Annotated[Growth, BeforeValidator(_slow), ShortForm(type="number", exclusiveMinimum=0)]


class GatesConfig(Config):
    """The gates of `check`, each against the accepted baseline but for the first and the last but one."""

    looks_like: ClassVar[str] = "gates by name, such as `drop: 0.02`"
    below_good_enough: Then = Field(
        "note", description="A need of good_enough that is unmet. Models of the role floor never fail."
    )
    drop: _Drop = Field(
        default_factory=lambda: Tolerance(tolerance=0.02, then="fail"),
        description="A significant fall in accuracy by more than this.",
    )
    format_validity_drop: _Drop = Field(
        default_factory=lambda: Tolerance(tolerance=0.02, then="fail"),
        description="A significant fall in format validity by more than this.",
    )
    cost_up: _Growth = Field(
        default_factory=lambda: Growth(share=0.2, then="fail"),
        description="The cost per 1,000 calls grows by more than this part.",
    )
    latency_up: _Latency = Field(
        default_factory=lambda: Growth(share=0.5, then="note"),
        description="The median latency grows by more than this part.",
    )
    infra_errors: Then = Field(
        "note",
        description="Infrastructure errors that run.max_infra_errors allows; above it the run is incomplete.",
    )
    served_model_change: Then = Field("note", description="The server names another model than in the baseline.")

    def gates(self) -> Gates:
        """The same as a plain record."""
        return Gates(
            below_good_enough=self.below_good_enough,
            drop=Limit(self.drop.tolerance, self.drop.then),
            format_validity_drop=Limit(self.format_validity_drop.tolerance, self.format_validity_drop.then),
            cost_up=Limit(self.cost_up.share, self.cost_up.then),
            latency_up=Limit(self.latency_up.share, self.latency_up.then),
            infra_errors=self.infra_errors,
            served_model_change=self.served_model_change,
        )
