"""What the ladder of ready-made prompts found out on dev, and what of it is kept for the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.records.estimate import Estimate
from evalkit.records.evidence import Ladder
from evalkit.records.model import Role


@dataclass(frozen=True, slots=True)
class RungFigures:
    """One rung of one model. `skipped` holds the reason where it was not asked; then there are no figures.

    `own` marks a prompt of the suite itself. `gain` is the paired difference to the best before it, `upper` its
    one-sided 95 % upper bound; `on` is the rung whose prompt a rung of reasoning is asked with. `prefix_tokens` is
    the cacheable prefix, estimated from its length. Costs in dollars.
    """

    prompt: str
    own: bool = False
    n: int = 0
    accuracy: Estimate | None = None
    gain: Estimate | None = None
    upper: float | None = None
    on: str | None = None
    cost_per_1000_calls: float | None = None
    prefix_tokens: float | None = None
    skipped: str | None = None


@dataclass(frozen=True, slots=True)
class ModelLadder:
    """The rungs of one model, in the order of climbing.

    `used_up` is the rule of headroom with its sentence `why`; `gap` is what the suite's prompt lacks on dev of the
    accuracy that is needed, None where no accuracy is needed. `best` is the rung with the highest accuracy. `chosen`
    is the suite's prompt that goes to test; `over_chosen` what the best rung gains over it, None where it is the best.
    """

    model: str
    provider_model: str
    role: Role
    chosen: str
    rungs: tuple[RungFigures, ...]
    best: str | None
    used_up: bool | None
    why: str
    gap: float | None = None
    over_chosen: Estimate | None = None


@dataclass(frozen=True, slots=True)
class LadderReport:
    """The whole climb. `run` is the folder with every answer, `evidence` the file that the next verdict reads.

    `skipped` is `{model: reason}`. `spent` and `cold` are dollars, None where a price is unknown; `sent` counts the
    answers that did not come from the response cache. `next_step` is one command.
    """

    suite: str
    run: str
    evidence: str
    complete: bool
    n: int
    models: tuple[ModelLadder, ...]
    skipped: dict[str, str]
    spent: float | None
    cold: float | None
    sent: int
    warnings: tuple[str, ...]
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class KeptLadder:
    """A ladder as evidence for later runs of the same question.

    `mark` is a digest of data, prompt, parameters, model and scoring of the suite's own contender: evidence counts
    only for a run whose contender has the same. `written` is ISO time, `run` the folder with the answers.
    """

    mark: str
    written: str
    run: str
    ladder: Ladder
    bases: Mapping[str, str] = field(default_factory=dict)
