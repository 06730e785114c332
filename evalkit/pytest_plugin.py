"""pytest plugin: `pytest --evalkit suites/` makes every need of every model a test; `evalkit` is a fixture.

Nothing but pytest and the standard library is imported until a suite is collected or the fixture is used.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import pytest

if TYPE_CHECKING:
    from evalkit.records.estimate import Estimate, Need, Requirement
    from evalkit.records.run import ContenderResult, RunResult
    from evalkit.suite.config_models import ModelConfig

_SESSION = pytest.StashKey[str]()
_ASKED = pytest.StashKey[dict[Path, dict[str, None]]]()
_RESULTS = pytest.StashKey[dict[str, "RunResult"]]()
_PROPERTY = "evalkit_run"
_SUITE = re.compile(r"^(?:dataset|models|good_enough)\s*:", re.MULTILINE)
_MARK = "evalkit(suite, model, metric, role): a need of a model, collected from a suite file by --evalkit"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("evalkit", "evalkit suites as tests")
    group.addoption("--evalkit", action="store_true", help="collect suite files: a test per suite, model and need")
    group.addoption(
        "--evalkit-require-all", action="store_true", help="a model that cannot be asked fails, instead of skipping"
    )
    group.addoption("--evalkit-strict", action="store_true", help="an undecided need fails, instead of skipping")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and name the session: all workers of pytest-xdist have one name."""
    config.addinivalue_line("markers", _MARK)
    given = getattr(config, "workerinput", {}).get("evalkit_session")
    config.stash[_SESSION] = given or secrets.token_hex(16)
    config.stash[_ASKED] = {}
    config.stash[_RESULTS] = {}


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the session's name."""
    node.workerinput["evalkit_session"] = node.config.stash[_SESSION]


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that started the session cleans up after all."""
    if _SESSION in config.stash and not hasattr(config, "workerinput"):
        from evalkit.store.sessions import forget_session

        forget_session(config.stash[_SESSION])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Suite files, when asked for: those named, and in folders the YAML files that declare what a suite must."""
    if not parent.config.getoption("--evalkit") or file_path.suffix not in (".yaml", ".yml"):
        return None
    named = parent.session.isinitpath(file_path)
    return SuiteFile.from_parent(parent, path=file_path) if named or _looks_like_suite(file_path) else None


def _looks_like_suite(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return len(set(_SUITE.findall(text))) == 3


def pytest_collection_finish(session: pytest.Session) -> None:
    """Only models with a selected test are asked."""
    asked = session.config.stash[_ASKED]
    for item in session.items:
        if isinstance(item, NeedItem) and item.unset is None:
            asked.setdefault(item.path, {})[item.model] = None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Where each suite's answers are, and the verdict, whichever worker ran it."""
    reports = [report for each in terminalreporter.stats.values() for report in each]
    found = [pair for report in reports for pair in getattr(report, "user_properties", ())]
    told = dict(str(value).split("\n", 1) for name, value in found if name == _PROPERTY)
    if told:
        terminalreporter.section("evalkit")
    for suite, where in told.items():
        terminalreporter.write_line(f"{suite}: {where}")


class SuiteFile(pytest.File):
    """A suite file: a test per model and need. A mistake in it is a collection error with its place."""

    def collect(self) -> Iterator[NeedItem]:
        """Reads the declaration only; no row, no request."""
        from evalkit.suite.load import load_suite

        suite = load_suite(self.path).suite
        self.extra_keyword_matches.add(suite.name)
        for model, declared in suite.models.items():
            for need in suite.good_enough.needs():
                item = NeedItem.from_parent(self, name=f"{model}[{need.metric}]")
                item.declare(suite.name, model, declared, need)
                yield item

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The mistake alone, with file, line and column."""
        from evalkit.suite.errors import SuiteError

        if isinstance(excinfo.value, SuiteError):
            return excinfo.value.render()
        return super().repr_failure(excinfo)


class NeedMissed(Exception):
    """Raised by a test whose need is not met; the text is all that is shown."""


class NeedItem(pytest.Item):
    """One need of one model. The suite is run once, by whichever test comes first."""

    suite: str
    model: str
    need: Need
    role: str
    unset: str | None

    def declare(self, suite: str, model: str, declared: ModelConfig, need: Need) -> None:
        """Take name, keywords and marks from the declaration."""
        self.suite, self.model, self.need, self.role = suite, model, need, str(declared.role)
        missing = declared.missing_env
        self.unset = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set" if missing else None
        self.extra_keyword_matches.update({suite, model, need.metric})
        self.add_marker(pytest.mark.evalkit(suite=suite, model=model, metric=need.metric, role=self.role))
        if self.config.pluginmanager.hasplugin("xdist"):
            self.add_marker(pytest.mark.xdist_group(f"evalkit:{self.path}"))

    def runtest(self) -> None:
        """Pass where the need is met; otherwise fail, or skip with the reason."""
        if self.unset is not None:
            self._cannot(self.unset)
        asked = tuple(self.config.stash[_ASKED].get(self.path, {self.model: None}))
        try:
            result = _run(self.config, self.path, asked)
        except _nobody_asked() as reason:
            self._cannot(str(reason))
        verdict = f" ({result.verdict.sentence})" if result.verdict else ""
        self.user_properties.append((_PROPERTY, f"{result.suite}\n{_relative(result.run)}{verdict}"))
        contender, requirement = _standing(result, self.model, self.need.metric)
        if contender.skipped is not None or requirement is None:
            self._cannot(contender.skipped or "not measured")
        self._judge(result, contender, requirement)

    def _judge(self, result: RunResult, contender: ContenderResult, requirement: Requirement) -> None:
        from evalkit.report.requirement import requirement_line

        if requirement.state == "met":
            return
        if not result.complete and (contender.status or {}).get("infra_error"):
            raise NeedMissed(_incomplete(result, contender))
        line = requirement_line(requirement, contender)
        if self.role == "floor":
            pytest.xfail(f"a reference, not evidence: {line}")
        if requirement.state == "undecided" and not self.config.getoption("--evalkit-strict"):
            pytest.skip(line)
        raise NeedMissed(_text(result, contender, requirement))

    def _cannot(self, reason: str) -> NoReturn:
        if self.config.getoption("--evalkit-require-all"):
            raise NeedMissed(f"{self.suite}, {self.model} cannot be asked: {reason}")
        pytest.skip(f"{self.model} cannot be asked: {reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is missed, without a traceback."""
        if isinstance(excinfo.value, (NeedMissed, _shared_error())):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Suite, model and need, for headings."""
        return self.path, None, f"{self.suite}: {self.model} {self.need.metric}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Samples held against a need. It is true where the need is met, and its repr says by how much."""

    state: Literal["met", "unmet", "undecided"]
    estimate: Estimate
    why: str

    @property
    def met(self) -> bool:
        """Whether the one-sided 95 % lower bound reaches the need."""
        return self.state == "met"

    def __bool__(self) -> bool:
        return self.met

    def __repr__(self) -> str:
        from evalkit.report.text import interval

        return f"<{self.state}: {interval(self.estimate)} at n {self.estimate.n:,}: {self.why}>"


class Evalkit:
    """What the fixture `evalkit` gives to evals written in Python."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def run(self, suite: str | os.PathLike[str], models: Sequence[str] = ()) -> RunResult:
        """Run a suite, once in a session with these models, on however many workers.

        The test is skipped where no model can be asked, or fails with --evalkit-require-all. Not inside an event loop.
        """
        try:
            return _run(self._config, Path(suite), tuple(models))
        except _nobody_asked() as reason:
            if self._config.getoption("--evalkit-require-all"):
                pytest.fail(str(reason), pytrace=False)
            pytest.skip(str(reason))
        except _shared_error() as error:
            pytest.fail(str(error), pytrace=False)

    def assert_met(self, result: RunResult, model: str, metric: str | None = None) -> None:
        """Fail unless the model meets the need (all of them where `metric` is None), saying by how much it is missed.

        An undecided need is not met. A model that was skipped skips the test. Raises ValueError for an unknown name.
        """
        known = [r.need.metric for r in result.requirements]
        metrics = list(dict.fromkeys(known)) if metric is None else [metric]
        missed = []
        for name in metrics:
            contender, requirement = _standing(result, model, name)
            if contender.skipped is not None:
                pytest.skip(f"{model} cannot be asked: {contender.skipped}")
            if requirement is None:
                raise ValueError(f"no need of {model} on {name!r}; needs are {', '.join(dict.fromkeys(known))}")
            if requirement.state != "met":
                missed.append(_text(result, contender, requirement))
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
        import numpy as np

        from evalkit.records.estimate import Need
        from evalkit.stats.measured import measured_share
        from evalkit.stats.requirement import judge

        values = [None if value is None else float(value) for value in correct]
        if not values:
            raise ValueError("there are no samples to judge")
        if not 0 < at_least < 1 or any(v is not None and not 0 <= v <= 1 for v in values):
            raise ValueError("values lie in [0, 1], and the need between 0 and 1: at 1 no number of samples decides")
        lost = np.array([value is None for value in values])
        right = np.array([value or 0.0 for value in values])
        found = measured_share(right, ~lost, lost, groups)
        requirement = judge("samples", Need("accuracy", at_least, margin), found)
        return Judgement(requirement.state, found.estimate, requirement.why)


@pytest.fixture(scope="session")
def evalkit(pytestconfig: pytest.Config) -> Evalkit:
    """Evals written in Python: `run` a suite, `assert_met` its needs, `judge` results of your own."""
    return Evalkit(pytestconfig)


def _run(config: pytest.Config, suite: Path, models: tuple[str, ...]) -> RunResult:
    from evalkit.workflows.run import RunOptions
    from evalkit.workflows.shared_run import shared_run

    key = f"{suite}\n{models}"
    kept = config.stash[_RESULTS]
    if key not in kept:
        kept[key] = shared_run(RunOptions(Path(_relative(suite)), models), config.stash[_SESSION])
    return kept[key]


def _standing(result: RunResult, model: str, metric: str) -> tuple[ContenderResult, Requirement | None]:
    """The model's line on test and how it stands; of several prompts on test the one that stands best."""
    order = {"met": 0, "undecided": 1, "unmet": 2}
    mine = [c for c in result.contenders if c.model == model]
    if not mine:
        names = ", ".join(dict.fromkeys(c.model for c in result.contenders))
        raise ValueError(f"no model {model!r} in this run; models are {names}")
    on_test = [c for c in mine if c.split == "test"] or mine
    found = [(c, r) for c in on_test for r in result.requirements if (r.contender, r.need.metric) == (c.id, metric)]
    return min(found, key=lambda pair: order[pair[1].state]) if found else (on_test[0], None)


def _text(result: RunResult, contender: ContenderResult, requirement: Requirement) -> str:
    from evalkit.regression.baseline_file import BaselineError
    from evalkit.regression.baselines import ROOT, find_baseline
    from evalkit.report.requirement import requirement_text

    try:
        found = find_baseline(ROOT, result.suite, contender.id)
    except BaselineError:
        found = None  # `check` tells what is wrong with it
    return requirement_text(requirement, contender, result, found[1] if found else None)


def _incomplete(result: RunResult, contender: ContenderResult) -> str:
    lost = (contender.status or {}).get("infra_error", 0)
    reasons = "; ".join(f"{reason} ({n:,})" for reason, n in contender.errors.items())
    return (
        f"INCOMPLETE: {result.suite}, {contender.id}: {lost:,} answers are lost to infrastructure: {reasons}\n"
        f"start again: only these are asked\nrun: {result.run}"
    )


def _relative(path: str | Path) -> str:
    """From the working directory where that is shorter, for commands that can be pasted."""
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _nobody_asked() -> type[Exception]:
    from evalkit.workflows.shared_run import NobodyAsked

    return NobodyAsked


def _shared_error() -> type[Exception]:
    from evalkit.workflows.shared_run import SharedRunError

    return SharedRunError
