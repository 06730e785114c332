"""Two sides on the same samples: what goes into a comparison, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from evalkit.records.estimate import Estimate
from evalkit.records.run import Percentiles

What = Literal["data", "prompt", "scoring", "form", "parameters", "model", "version", "epochs", "needs"]


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """`margin` (a share) asks for a non-inferiority reading; `flips` is how many are kept in each direction."""

    margin: float | None = None
    flips: int = 0


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a side's figures come from. Digests are SHA-256 (hex); None is unknown, and then nothing is said.

    `data` is over the rows of the split, `prompt` over the rendered prefix and the user template, `scoring` over
    task, output and target of the suite, `needs` over its `good_enough`. `parameters` are those that were sent.
    `version` is that of evalkit, `created` an ISO time.
    """

    data: str | None = None
    prompt: str | None = None
    scoring: str | None = None
    needs: str | None = None
    prompt_name: str | None = None
    enforce: str | None = None
    provider_model: str | None = None
    served_model: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None
    created: str | None = None


@dataclass(frozen=True, slots=True)
class SampleText:
    """What was asked, what is right, what one side sent, and what was read in it. None is unknown.

    `read` is None too where the answer missed the form.
    """

    input: str | None
    target: str | None
    answer: str | None
    read: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One contender of one run or baseline on one split, sample by sample.

    `source` is the run's folder or the baseline's file. `ids`, `correct`, `targets` and `groups` (None without
    groups) have one entry per sample, ids are unique. `correct` is the mean over the epochs that were answered,
    None where infrastructure lost all; `targets` are digests of the right answer (`target_digest`). `texts` are
    by sample id, empty where they are not known or not needed. `status` counts completions.
    """

    source: str
    suite: str
    contender: str
    model: str
    split: str
    ids: tuple[str, ...]
    correct: tuple[float | None, ...]
    targets: tuple[str, ...]
    groups: tuple[str | None, ...] | None
    epochs: int
    status: Mapping[str, int]
    cost_per_1000_calls: float | None
    latency_ms: Percentiles | None
    provenance: Provenance
    texts: Mapping[str, SampleText] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something besides the model that is not the same on both sides, as a sentence without its full stop."""

    what: What
    text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Samples that are not compared: on one side only, with another right answer, or lost to infrastructure."""

    only_in_a: int
    only_in_b: int
    other_target: int
    no_answer: int


@dataclass(frozen=True, slots=True)
class SideFigures:
    """One side for the table. `accuracy` is over the compared samples; cost and latency over all of its own."""

    accuracy: float | None
    infra_errors: int
    cost_per_1000_calls: float | None
    latency_ms: Percentiles | None
    epochs: int


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Whether b is at most `margin` (a share) worse: `lower` and `upper` are one-sided 95 % bounds of b minus a.

    `shown` is None where nothing is decided; False means not shown, not shown to be worse.
    """

    margin: float
    lower: float | None
    upper: float | None
    shown: bool | None


@dataclass(frozen=True, slots=True)
class Flip:
    """A sample on which one side is right (more often) and the other is not."""

    sample_id: str
    right: Literal["a", "b"]
    difference: float
    input: str | None
    target: str | None
    answer_a: str | None
    answer_b: str | None
    read_a: str | None
    read_b: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Side b against side a. `difference` is b minus a; `a` and `b` are labels.

    `only_a` and `only_b` count samples that one side gets right (more often). `p_corrected` is after Holm over
    all pairs of the comparison. `clusters` is None where samples are independent; `undecided` says why nothing is
    decided where samples were compared and clusters are too few. `visible` is the smallest true
    difference that would have been seen with 80 % power, at 0.05 over the number of pairs. `flips` are the
    largest ones, at most as many in each direction as were asked for.
    """

    a: str
    b: str
    split: str
    n: int
    difference: Estimate
    p: float | None
    p_corrected: float | None
    test: str
    only_a: int
    only_b: int
    clusters: int | None
    undecided: str | None = field(default=None, kw_only=True)
    visible: float | None
    noninferiority: NonInferiority | None
    figures_a: SideFigures
    figures_b: SideFigures
    left_out: LeftOut
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All pairs that were asked for. `tested` pairs have a p value; `notes` are sentences on what was left out."""

    pairs: tuple[Pair, ...]
    tested: int
    notes: tuple[str, ...] = ()
