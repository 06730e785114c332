"""A run as one JSON object: the contract of `run --json` and of `summary.json`. Unknown is null."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import msgspec

from evalkit.records.estimate import DecideChance, Gap, Need, Requirement
from evalkit.records.evidence import Facts
from evalkit.records.plain import finite_json
from evalkit.records.prompts import PromptRank
from evalkit.records.run import ContenderResult, RunResult, UnmeasuredCost

NAME = "summary.json"

# What a reader looks for first comes first; the rest follows in the order of the record.
_FIRST = (
    "id",
    "model",
    "provider_model",
    "served_model",
    "prompt",
    "enforce",
    "role",
    "split",
    "n",
    "skipped",
    "status",
)


def as_json(result: RunResult) -> dict[str, Any]:
    """The run as plain data, numbers unrounded. Never (an infinite number) is null like everything unknown."""
    return {
        "suite": result.suite,
        "run": result.run,
        "complete": result.complete,
        "contenders": [_contender(c) for c in result.contenders],
        "requirements": [_requirement(r) for r in result.requirements],
        "unmeasured": [asdict(b) for b in result.unmeasured],
        "warnings": list(result.warnings),
        "prompts": [asdict(p) for p in result.prompts],
        "verdict": None if result.verdict is None else finite_json(result.verdict),
        "facts": None if result.facts is None else msgspec.to_builtins(result.facts),
    }


def from_json(data: Mapping[str, Any]) -> RunResult:
    """The run that `as_json` wrote, but for the verdict, which follows from the facts.

    Raises ValueError where the data is something else.
    """
    try:
        return RunResult(
            suite=data["suite"],
            run=data["run"],
            complete=data["complete"],
            contenders=tuple(msgspec.convert(c, ContenderResult) for c in data["contenders"]),
            requirements=tuple(_as_requirement(r) for r in data["requirements"]),
            unmeasured=tuple(msgspec.convert(b, UnmeasuredCost) for b in data["unmeasured"]),
            warnings=tuple(data["warnings"]),
            prompts=tuple(msgspec.convert(p, PromptRank) for p in data.get("prompts", ())),
            facts=None if data.get("facts") is None else msgspec.convert(data["facts"], Facts),
        )
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise ValueError(f"not a run's summary: {error}") from error


def _contender(c: ContenderResult) -> dict[str, Any]:
    plain = asdict(c)
    rest = [f.name for f in fields(c) if f.name not in _FIRST]
    return {name: plain[name] for name in (*_FIRST, *rest)}


def _requirement(r: Requirement) -> dict[str, Any]:
    return {
        "contender": r.contender,
        "metric": r.need.metric,
        "threshold": r.need.threshold,
        "margin": r.need.margin,
        "at_least": r.need.at_least,
        "state": r.state,
        "gap": asdict(r.gap),
        "n_to_decide": r.n_to_decide,
        "p_met": r.p_met,
        "chances": [asdict(each) for each in r.chances],
        "why": r.why,
    }


def _as_requirement(data: Mapping[str, Any]) -> Requirement:
    need = Need(data["metric"], data["threshold"], data["margin"], data["at_least"])
    gap = msgspec.convert(data["gap"], Gap)
    chances = msgspec.convert(data.get("chances", ()), tuple[DecideChance, ...])
    return Requirement(
        data["contender"], need, data["state"], gap, data["n_to_decide"], data["why"], data.get("p_met"), chances
    )
