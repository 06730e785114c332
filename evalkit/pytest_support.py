"""What the pytest plugin does once it is used: run suites, hold results against needs, and say what is missed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from evalkit.errors import NobodyAsked, SharedRunError
from evalkit.records.estimate import Estimate, Need, Requirement, State
from evalkit.records.run import ContenderResult, RunResult
from evalkit.report.requirement import requirement_text
from evalkit.wording.numbers import interval
from evalkit.workflows.own_results import accepted_baseline, judge_results
from evalkit.workflows.run import RunSettings
from evalkit.workflows.shared_run import shared_run


@dataclass(frozen=True, slots=True)
class Judgement:
    """Samples held against a need. It is true where the need is met, and its repr says by how much."""

    state: State
    estimate: Estimate
    why: str

    @property
    def met(self) -> bool:
        """Whether the one-sided 95 % lower bound reaches the need."""
        return self.state == "met"

    def __bool__(self) -> bool:
        return self.met

    def __repr__(self) -> str:
        return f"<{self.state}: {interval(self.estimate)} at n {self.estimate.n:,}: {self.why}>"


class RunOnce:
    """The runs of one session of pytest: each suite is run once, on however many workers. `session` names it."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._kept: dict[tuple[Path, tuple[str, ...]], RunResult] = {}

    def run(self, suite: Path, models: tuple[str, ...]) -> RunResult:
        """The run of a suite with these models. Raises SharedRunError, or NobodyAsked."""
        key = (suite, models)
        if key not in self._kept:
            self._kept[key] = shared_run(RunSettings(Path(relative(suite)), models), self._session)
        return self._kept[key]


class Evalkit:
    """What the fixture `evalkit` gives to evals written in Python."""

    def __init__(self, config: pytest.Config, once: RunOnce) -> None:
        self._config, self._once = config, once

    def run(self, suite: str | os.PathLike[str], models: Sequence[str] = ()) -> RunResult:
        """Run a suite, once in a session with these models, on however many workers.

        The test is skipped where no model can be asked, or fails with --evalkit-require-all. Not inside an event loop.
        """
        try:
            return self._once.run(Path(suite), tuple(models))
        except NobodyAsked as reason:
            if self._config.getoption("--evalkit-require-all"):
                pytest.fail(str(reason), pytrace=False)
            pytest.skip(str(reason))
        except SharedRunError as error:
            pytest.fail(str(error), pytrace=False)

    def assert_met(self, result: RunResult, model: str, metric: str | None = None) -> None:
        """Fail unless the model meets the need (all of them where `metric` is None), saying by how much it is missed.

        An undecided need is not met. A model that was skipped skips the test. Raises ValueError for an unknown name.
        """
        known = [r.need.metric for r in result.requirements]
        metrics = list(dict.fromkeys(known)) if metric is None else [metric]
        missed = []
        for name in metrics:
            contender, requirement = standing(result, model, name)
            if contender.skipped is not None:
                pytest.skip(f"{model} cannot be asked: {contender.skipped}")
            if requirement is None:
                raise ValueError(f"no need of {model} on {name!r}; needs are {', '.join(dict.fromkeys(known))}")
            if requirement.state != "met":
                missed.append(missed_text(result, contender, requirement))
        if missed:
            pytest.fail("\n\n".join(missed), pytrace=False)

    def judge(
        self,
        correct: Iterable[bool | float | None],
        at_least: float,
        *,
        margin: float = 0.0,
        groups: Sequence[int] | None = None,
    ) -> Judgement:
        """Hold results of your own against a need: `assert evalkit.judge(results, at_least=0.9)`.

        `correct` has a value in [0, 1] per sample, None where infrastructure lost it. `groups` are codes of samples
        that belong together, negative for none. Raises ValueError for other values, and for no samples.
        """
        requirement, estimate = judge_results(correct, Need("accuracy", at_least, margin), groups)
        return Judgement(requirement.state, estimate, requirement.why)


def standing(result: RunResult, model: str, metric: str) -> tuple[ContenderResult, Requirement | None]:
    """The model's line on test and how it stands; of several prompts on test the one that stands best."""
    order = {"met": 0, "undecided": 1, "unmet": 2}
    mine = [c for c in result.contenders if c.model == model]
    if not mine:
        names = ", ".join(dict.fromkeys(c.model for c in result.contenders))
        raise ValueError(f"no model {model!r} in this run; models are {names}")
    on_test = [c for c in mine if c.split == "test"] or mine
    found = [(c, r) for c in on_test for r in result.requirements if (r.contender, r.need.metric) == (c.id, metric)]
    return min(found, key=lambda pair: order[pair[1].state]) if found else (on_test[0], None)


def missed_text(result: RunResult, contender: ContenderResult, requirement: Requirement) -> str:
    """What is missed and by how much, with what was accepted before."""
    before = accepted_baseline(result.suite, contender.id)
    return requirement_text(requirement, contender, result, before)


def incomplete_text(result: RunResult, contender: ContenderResult) -> str:
    """What infrastructure lost, and that it can be asked again."""
    lost = (contender.status or {}).get("infra_error", 0)
    reasons = "; ".join(f"{reason} ({n:,})" for reason, n in contender.errors.items())
    return (
        f"INCOMPLETE: {result.suite}, {contender.id}: {lost:,} answers are lost to infrastructure: {reasons}\n"
        f"start again: only these are asked\nrun: {result.run}"
    )


def relative(path: str | Path) -> str:
    """From the working directory where that is shorter, for commands that can be pasted."""
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
