"""The economics of a run: fair rivals, what the fine-tune costs, and whether its build pays back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evalkit.decision.clearing import wrong_labels
from evalkit.decision.gap import needed_accuracy
from evalkit.decision.montecarlo import DRAWS, Simulation, payback
from evalkit.decision.project import MEASURED, TUNED_ACCURACY, Input, Project
from evalkit.decision.rivals import Candidate, accuracy_of, candidates, choose, rivals
from evalkit.decision.tuned import ZERO, per_month, tuned_cost
from evalkit.records.economics import Economics, EconomicsFigures, Rival, Span, Tuned
from evalkit.records.estimate import Estimate
from evalkit.records.evidence import Case, Facts
from evalkit.records.metric import kind_of
from evalkit.records.run import ContenderResult, RunResult

_MOST_WRONG = 0.5  # beyond this no accuracy says anything
_PER_ANSWER, _PER_MONTH = "value_of_a_correct_answer", "value_of_meeting_need_per_month"


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a payback is computed from. `chosen` is the rival, `endpoint` the measured fine-tune.

    `live` says that answers are needed at once, so that a batch serves nobody.
    """

    facts: Facts
    economics: Economics
    case: Case | None
    sunk: bool
    needed_accuracy: float | None
    live: bool
    found: tuple[Candidate, ...]
    chosen: tuple[Candidate, Rival] | None
    endpoint: ContenderResult | None
    tuned: Tuned | None


def figures(
    result: RunResult,
    facts: Facts,
    meets: Mapping[str, bool | None],
    case: Case | None,
    *,
    built: str | None = None,
    seed: int = 7,
    draws: int = DRAWS,
    brief: bool = False,
) -> EconomicsFigures:
    """All figures of costs, simulated with `seed`: the same input gives the same figures.

    `meets` says of each contender whether it meets all requirements. In case `volume` only the cost counts; in the
    others a value does, and where none is declared there is no payback, but the value that would be needed. `built`
    is the id of a fine-tuned endpoint that exists: then the build is sunk, labels included. Raises ValueError where
    `built` was not measured on test.
    """
    in_time = case == "latency" or any(kind_of(r.need.metric) == "time" for r in result.requirements)
    live = in_time or not (facts.economics or Economics()).can_wait
    found = candidates(facts, result.contenders)
    rows = rivals(found, facts, meets, live)
    endpoint = _endpoint(result.contenders, built)
    ground = _Ground(
        facts=facts,
        economics=facts.economics or Economics(),
        case=case,
        sunk=built is not None,
        needed_accuracy=needed_accuracy(result),
        live=live,
        found=found,
        chosen=choose(found, rows, meets, live),
        endpoint=endpoint,
        tuned=tuned_cost(facts, endpoint, live),
    )
    base = EconomicsFigures(
        rivals=rows,
        tuned=ground.tuned,
        tuned_per_month=None if ground.tuned is None else per_month(ground.tuned, ground.economics),
        payback=None,
        missing=(*_missing_costs(ground), *_missing_value(ground)),
        notes=_notes(ground),
    )
    return _simulated(ground, base, seed, draws, brief)


def labels_to_buy(facts: Facts) -> int:
    """Labels short of what a fine-tune needs; 0 where the suite has no train split to count."""
    return 0 if facts.labels is None else max(0, facts.rules.min_labels - facts.labels.usable)


def _simulated(ground: _Ground, base: EconomicsFigures, seed: int, draws: int, brief: bool) -> EconomicsFigures:
    project = _project(ground)
    if project is None or ground.chosen is None:
        return base
    if ground.case != "volume" and not brief:
        simulation = Simulation.of(project, seed, draws)
        base = replace(
            base, needed_value=simulation.needed_value(), needed_value_per_month=simulation.needed_value_per_month()
        )
    if base.missing:
        return base
    simulation = Simulation.of(_with_value(ground, project), seed, draws)
    _, row = ground.chosen
    return replace(base, payback=payback(simulation, row.contender, row.option, brief))


def _project(ground: _Ground) -> Project | None:
    """The project with no value counted; None where a cost or the volume is unknown."""
    economics, calls, build = ground.economics, ground.economics.calls_per_month, ground.economics.build_cost
    build = ZERO if ground.sunk else build
    if calls is None or build is None or ground.tuned is None or ground.chosen is None:
        return None
    candidate, _ = ground.chosen
    again = economics.retrain_cost is not None and economics.retrains_per_year is not None
    return Project(
        calls=calls,
        prompted=candidate.suitable(ground.live),
        tuned=ground.tuned,
        build=build,
        horizon=float(economics.horizon_months),
        active_hours=economics.active_hours,
        labels=labels_to_buy(ground.facts),
        label_cost=economics.label_cost_each or ZERO,
        operations=economics.operations_per_month or ZERO,
        retrain_cost=(again and economics.retrain_cost) or ZERO,
        retrains_per_year=(again and economics.retrains_per_year) or ZERO,
        price_change=economics.prompted_price_change_per_year or ZERO,
        prompted_accuracy=_measured_accuracy(candidate.contender),
        wrong_labels=_hidden(ground),
        needed_accuracy=None if ground.sunk else ground.needed_accuracy,
        tuned_accuracy=_tuned_accuracy(ground),
        sunk=ground.sunk,
    )


def _with_value(ground: _Ground, project: Project) -> Project:
    """Both declared values count, in every case but `volume`, where only the cost does."""
    if ground.case == "volume":
        return project
    economics = ground.economics
    return replace(
        project,
        value=economics.value_of_a_correct_answer,
        value_per_month=economics.value_of_meeting_need_per_month,
    )


def _missing_value(ground: _Ground) -> tuple[str, ...]:
    """What the benefit lacks. Where no value is declared, the one that the case most often has is named."""
    economics = ground.economics
    if ground.case == "volume":
        return ()
    if economics.value_of_a_correct_answer is None:
        if economics.value_of_meeting_need_per_month is not None:
            return ()
        return (f"economics.{_PER_MONTH if ground.case in ('latency', 'format') else _PER_ANSWER}",)
    if _tuned_accuracy(ground) is None:
        return (f"economics.{TUNED_ACCURACY}",)
    if ground.chosen is not None and _measured_accuracy(ground.chosen[0].contender) is None:
        return (f"economics.{_PER_MONTH}",)  # without an accuracy no correct answers can be counted
    return ()


def _missing_costs(ground: _Ground) -> tuple[str, ...]:
    economics, found = ground.economics, []
    if economics.calls_per_month is None:
        found.append("economics.calls_per_month")
    if economics.build_cost is None and not ground.sunk:
        found.append("economics.build_cost")
    if ground.tuned is None:
        endpoint = ground.endpoint
        found.append("economics.tuned_cost_per_1000_calls" if endpoint is None else f"models.{endpoint.model}.price")
    if ground.chosen is None:
        costless = [c.contender for c in ground.found if c.contender.split == "test" and not c.ways]
        found += list(dict.fromkeys(unpriced(ground.facts, c) for c in costless)) or ["models"]
    return tuple(found)


def unpriced(facts: Facts, contender: ContenderResult) -> str:
    """What the cost of a measured contender lacks: `models.<name>.price`, or `tokens of <id>`."""
    return f"models.{contender.model}.price" if contender.id in facts.mixes else f"tokens of {contender.id}"


def _notes(ground: _Ground) -> tuple[str, ...]:
    economics, notes = ground.economics, []
    for c in ground.found:
        if not c.ways and c.contender.split == "test":
            notes.append(f"{c.contender.id} is not among the rivals: {unpriced(ground.facts, c.contender)} is unknown.")
    short = labels_to_buy(ground.facts)
    if short and economics.label_cost_each is None and not ground.sunk:
        notes.append(f"{short:,} labels are still to be bought at an undeclared price; the build is counted without.")
    if (economics.retrain_cost is None) != (economics.retrains_per_year is None):
        notes.append("No retraining is counted: retrain_cost and retrains_per_year are needed both.")
    if economics.operations_per_month is None and ground.facts.economics is not None:
        notes.append(
            "The people who keep a fine-tune running (economics.operations_per_month) are not declared, so not counted."
        )
    if ground.tuned is not None and ground.tuned.measured and ground.tuned.source.startswith("declared"):
        notes.append("The measured endpoint has no known price; the declared running cost stands for it.")
    return tuple(notes)


def _endpoint(contenders: Sequence[ContenderResult], built: str | None) -> ContenderResult | None:
    """The measured fine-tune: the one that is asked for, else the most accurate."""
    found = [c for c in contenders if c.role == "fine_tuned" and c.split == "test" and c.skipped is None and c.n]
    if built is not None:
        found = [c for c in found if c.id == built]
        if not found:
            raise ValueError(f"{built} was not measured on test as a fine-tuned endpoint")
    return max(found, key=lambda c: accuracy_of(c) or 0.0, default=None)


def _measured_accuracy(contender: ContenderResult) -> Input | None:
    estimate: Estimate | None = (contender.metrics or {}).get("accuracy")
    return Input.measured(f"{MEASURED}{contender.id}", estimate)


def _hidden(ground: _Ground) -> Span:
    """How much of the prompted accuracy wrong labels may hide from an expected one; two measured ones are alike."""
    measured = ground.endpoint is not None and _measured_accuracy(ground.endpoint) is not None
    wrong = wrong_labels(ground.facts)
    return ZERO if measured or wrong is None else Span(0.0, min(wrong.high, _MOST_WRONG))


def _tuned_accuracy(ground: _Ground) -> Input | None:
    """The endpoint's own where it was measured, else what is declared."""
    measured = None if ground.endpoint is None else _measured_accuracy(ground.endpoint)
    declared = ground.economics.tuned_accuracy
    if measured is not None or declared is None:
        return measured
    return Input.of(TUNED_ACCURACY, declared)
