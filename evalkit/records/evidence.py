"""What the verdict rests on besides figures: labels, headroom, pairs. Facts, not judgements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evalkit.records.economics import CallMix, Economics, Span
from evalkit.records.estimate import Estimate
from evalkit.records.price import Price

Case = Literal["volume", "domain", "latency", "format", "quality", "brand_voice", "knowledge_base"]
Vouch = Literal["prompt", "labels", "format"]


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """The labelled examples of train, as a fine-tune could use them.

    `rows` are those read from train (dev where it is cut from train included), `exact` and `near` the duplicates among
    them, `in_test` those whose question is in test too; `usable` is what is left. `per_class` counts usable rows by
    target, empty where targets are no classes. `near_method` names how near duplicates were found, with its threshold;
    None where that was not looked at (too many rows), with the reason in `near_skipped`.
    """

    rows: int
    exact: int
    near: int
    in_test: int
    usable: int
    per_class: Mapping[str, int] = field(default_factory=dict)
    near_method: str | None = None
    near_skipped: str | None = None

    def rare(self, least: int) -> dict[str, int]:
        """The classes with fewer than `least` usable rows, the rarest first."""
        found = {name: n for name, n in self.per_class.items() if n < least}
        return dict(sorted(found.items(), key=lambda item: item[1]))


@dataclass(frozen=True, slots=True)
class Rung:
    """One prompt on dev, compared with the best prompt before it on the same samples.

    `gain` is the paired difference in accuracy (None for the first), `upper` its upper 95 % bound. `distinct` is
    False where the prompt differs from an earlier one in white space only.
    """

    prompt: str
    accuracy: Estimate
    gain: Estimate | None = None
    upper: float | None = None
    distinct: bool = True


@dataclass(frozen=True, slots=True)
class Ladder:
    """The prompts that one model was asked with on dev, in the order of the suite.

    Where ready-made prompts were tried besides the suite's own, `best` is the one with the highest accuracy and
    `behind` the upper 95 % bound of what it gains over the suite's prompt that goes to test; both None where that
    prompt is the best, or was not tried against others.
    """

    model: str
    rungs: tuple[Rung, ...]
    best: str | None = None
    behind: float | None = None


@dataclass(frozen=True, slots=True)
class PairedGap:
    """Accuracy of contender `a` minus that of `b` on the same samples, with one-sided bounds.

    The bounds are at 95 %; `upper_corrected` is at 1 − 0.05 / k where k pairs were looked at (Bonferroni).
    """

    a: str
    b: str
    difference: Estimate
    lower: float | None
    upper: float | None
    upper_corrected: float | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as enough labels, and as enough test rows for money to hang on them."""

    min_labels: int = 1000
    min_per_class: int = 10
    min_test_rows: int = 200


@dataclass(frozen=True, slots=True)
class LabelConflicts:
    """Rows that show the same text as another row and carry another label.

    Test alone: `rows` of its `of` rows, in `groups` of equal texts. `ceiling` is the best share of test that any answer
    to equal texts can reach: of each group the most frequent label counts. `least_wrong` is the rest, the share of test
    labels that must be wrong if each text has one right label. `examples` name such rows by id with their labels, a
    group each. Train apart: `train_rows` of its `train_of` rows contradict another row of train, `train_least_wrong` is
    the least share of its labels that are wrong, and `against_test` rows have a label that their text has not in test.
    """

    rows: int
    of: int
    ceiling: float
    least_wrong: float = 0.0
    examples: tuple[str, ...] = ()
    groups: int = 0
    train_rows: int = 0
    train_of: int = 0
    train_least_wrong: float = 0.0
    against_test: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision takes besides the run's figures; stored with the run, so that it can be decided again.

    `mixes`, `prices`, `cache_ttl` (what was asked for) and `gpu_hours` are by contender id. `has_native` says whether
    a provider can enforce the declared form. `label_conflicts` is None where nobody looked for any. `listed_frontier`
    are the frontier models of the suite by name. `suite` is the path of the suite file and `command` what started the
    run, for next steps. `missing_env` names the variables that a skipped model lacks. `diagnosed` is the case that
    the diagnosis found where the suite's case is `quality`, with its reason in `diagnosis`. `assumed` names economics
    that were taken by default, not declared.
    """

    suite: str
    command: str
    case: Case | None = None
    economics: Economics | None = None
    rules: Rules = Rules()
    labels: LabelFacts | None = None
    label_error_share: Span | None = None
    label_conflicts: LabelConflicts | None = None
    ladders: tuple[Ladder, ...] = ()
    pairs: tuple[PairedGap, ...] = ()
    mixes: Mapping[str, CallMix] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    cache_ttl: Mapping[str, str] = field(default_factory=dict)
    gpu_hours: Mapping[str, float] = field(default_factory=dict)
    has_native: bool = False
    listed_frontier: tuple[str, ...] = ()
    missing_env: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    diagnosed: Case | None = None
    diagnosis: str = ""
    chosen_on_test: bool = False
    vouched: tuple[Vouch, ...] = ()
    assumed: tuple[str, ...] = ()
