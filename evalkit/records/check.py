"""What a nightly check holds its runs against, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from evalkit.records.estimate import Estimate

Then = Literal["fail", "note", "ignore"]
GateName = Literal[
    "baseline",
    "below_good_enough",
    "drop",
    "format_validity_drop",
    "cost_up",
    "latency_up",
    "infra_errors",
    "served_model_change",
]
Outcome = Literal["pass", "note", "fail", "undecided"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How much is tolerable (a share), and what follows where it is passed."""

    most: float
    then: Then


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates of one suite."""

    below_good_enough: Then = "note"
    drop: Limit = Limit(0.02, "fail")
    format_validity_drop: Limit = Limit(0.02, "fail")
    cost_up: Limit = Limit(0.2, "fail")
    latency_up: Limit = Limit(0.5, "note")
    infra_errors: Then = "note"
    served_model_change: Then = "note"


@dataclass(frozen=True, slots=True)
class DropTest:
    """One paired test against the baseline. Differences are tonight minus the baseline, in shares.

    `p` is the one-sided p of "not worse" of the first run, None where nothing can be decided. `p_corrected` is
    after Holm over all drop tests of the night: of `p` where there was no second run, else of the p over both
    runs. `visible` is the smallest drop that is seen with 80 % power. `second` is the difference of the fresh
    run that was asked to confirm, and `both` that of the two runs together. `night` is the sd of the share between
    nights, known from so many `nights` (1, the baseline's, where there are no others: then it is assumed); None where
    nothing was asked again.
    """

    n: int
    difference: Estimate
    p: float | None
    p_corrected: float | None
    visible: float | None
    second: float | None = None
    both: float | None = None
    night: float | None = None
    nights: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate says. `value` and `limit` are in the gate's own unit, None where there is no figure.

    `undecided` means that the data cannot judge; it never fails. `metric` names the need of `below_good_enough`.
    """

    gate: GateName
    outcome: Outcome
    text: str
    value: float | None = None
    limit: float | None = None
    test: DropTest | None = None
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class FlakyItem:
    """A sample whose answer changed while the request stayed the same.

    `asked` answers were seen over `nights` runs, `answers` of them different, `right` of them correct. `over` says
    whether they differ between epochs of one run or between nights only.
    """

    sample_id: str
    asked: int
    right: int
    answers: int
    over: Literal["epochs", "nights"]


@dataclass(frozen=True, slots=True)
class Flaky:
    """All flaky samples of a contender: their number, and the worst of them (closest to half right)."""

    samples: int
    of: int
    nights: int
    worst: tuple[FlakyItem, ...] = ()


@dataclass(frozen=True, slots=True)
class ContenderCheck:
    """One contender of one suite. `baseline` is the file, None where there is none yet."""

    id: str
    model: str
    n: int
    baseline: str | None
    accuracy: Estimate | None
    served_model: str | None
    findings: tuple[Finding, ...]
    differences: tuple[str, ...] = ()
    flaky: Flaky | None = None
    confirmed_by: str | None = None

    @property
    def failed(self) -> bool:
        """Whether any gate failed."""
        return any(f.outcome == "fail" for f in self.findings)


@dataclass(frozen=True, slots=True)
class SuiteCheck:
    """One suite of the night. `error` is why it could not be run, `wrong` whether the suite or its data are at fault.

    `notes` are sentences; `commands` bring what is missing.
    """

    path: str
    suite: str
    run: str | None
    complete: bool
    contenders: tuple[ContenderCheck, ...] = ()
    error: str | None = None
    wrong: bool = False
    notes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The exit code of this suite alone, by the contract."""
        if self.wrong:
            return 2
        if self.error is not None or not self.complete:
            return 3
        return 1 if any(c.failed for c in self.contenders) else 0


@dataclass(frozen=True, slots=True)
class Night:
    """All suites of a check. `level` is the chance of a false alarm in the night, held over all `tests` drop tests."""

    id: str
    fresh: bool
    level: float
    tests: int
    suites: tuple[SuiteCheck, ...] = field(default_factory=tuple)

    @property
    def code(self) -> int:
        """The exit code by the contract: 2 before 3 before 1."""
        codes = {suite.code for suite in self.suites}
        return next((code for code in (2, 3, 1) if code in codes), 0)
