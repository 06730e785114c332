"""pytest plugin: `pytest --evalkit suites/` makes every need of every model a test; `evalkit` is a fixture.

Nothing but pytest and the standard library is imported until a suite is collected or the fixture is used.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from evalkit.pytest_support import Evalkit, RunOnce
    from evalkit.records.estimate import Requirement
    from evalkit.records.run import ContenderResult, RunResult
    from evalkit.workflows.own_results import DeclaredNeed

_SESSION = pytest.StashKey[str]()
_ASKED = pytest.StashKey[dict[Path, dict[str, None]]]()
_ONCE = pytest.StashKey["RunOnce"]()
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


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the session's name."""
    node.workerinput["evalkit_session"] = node.config.stash[_SESSION]


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that started the session cleans up after all."""
    if _SESSION in config.stash and not hasattr(config, "workerinput"):
        from evalkit.workflows.shared_run import forget_session

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
        from evalkit.workflows.own_results import declared_needs

        for declared in declared_needs(self.path):
            self.extra_keyword_matches.add(declared.suite)
            item = NeedItem.from_parent(self, name=f"{declared.model}[{declared.need.metric}]")
            item.declare(declared)
            yield item

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The mistake alone, with file, line and column."""
        from evalkit.errors import SuiteError

        if isinstance(excinfo.value, SuiteError):
            return excinfo.value.render()
        return super().repr_failure(excinfo)


def _run_once(config: pytest.Config) -> RunOnce:
    """The session's runs, shared by all tests and the fixture."""
    from evalkit.pytest_support import RunOnce

    if _ONCE not in config.stash:
        config.stash[_ONCE] = RunOnce(config.stash[_SESSION])
    return config.stash[_ONCE]


class NeedMissed(Exception):
    """Raised by a test whose need is not met; the text is all that is shown."""


def _skip(reason: str) -> BaseException:
    """A skip that is shown at the model's line in the suite file."""
    return pytest.skip.Exception(reason, _use_item_location=True)


class NeedItem(pytest.Item):
    """One need of one model. The suite is run once, by whichever test comes first."""

    declared: DeclaredNeed
    unset: str | None

    @property
    def model(self) -> str:
        """The name of the model in the suite."""
        return self.declared.model

    def declare(self, declared: DeclaredNeed) -> None:
        """Take name, keywords and marks from the declaration."""
        self.declared = declared
        missing = declared.missing_env
        self.unset = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set" if missing else None
        suite, model, metric = declared.suite, declared.model, declared.need.metric
        self.extra_keyword_matches.update({suite, model, metric})
        self.add_marker(pytest.mark.evalkit(suite=suite, model=model, metric=metric, role=declared.role))
        if self.config.pluginmanager.hasplugin("xdist"):
            self.add_marker(pytest.mark.xdist_group(f"evalkit:{self.path}"))

    def runtest(self) -> None:
        """Pass where the need is met; otherwise fail, or skip with the reason."""
        if self.unset is not None:
            self._cannot(self.unset)
        from evalkit import pytest_support as support
        from evalkit.errors import NobodyAsked

        asked = tuple(self.config.stash[_ASKED].get(self.path, {self.model: None}))
        try:
            result = _run_once(self.config).run(self.path, asked)
        except NobodyAsked as reason:
            self._cannot(str(reason))
        verdict = f" ({result.verdict.sentence})" if result.verdict else ""
        self.user_properties.append((_PROPERTY, f"{result.suite}\n{support.relative(result.run)}{verdict}"))
        contender, requirement = support.standing(result, self.model, self.declared.need.metric)
        if contender.skipped is not None or requirement is None:
            self._cannot(contender.skipped or "not measured")
        self._judge(result, contender, requirement)

    def _judge(self, result: RunResult, contender: ContenderResult, requirement: Requirement) -> None:
        from evalkit.pytest_support import incomplete_text, missed_text
        from evalkit.records.model import ASIDE
        from evalkit.report.requirement import requirement_line

        if requirement.state == "met":
            return
        if not result.complete and (contender.status or {}).get("infra_error"):
            raise NeedMissed(incomplete_text(result, contender))
        line = requirement_line(requirement, contender)
        if self.declared.role in ASIDE:
            pytest.xfail(f"a reference, not evidence: {line}")
        if requirement.state == "undecided" and not self.config.getoption("--evalkit-strict"):
            raise _skip(line)
        raise NeedMissed(missed_text(result, contender, requirement))

    def _cannot(self, reason: str) -> NoReturn:
        if self.config.getoption("--evalkit-require-all"):
            raise NeedMissed(f"{self.declared.suite}, {self.model} cannot be asked: {reason}")
        raise _skip(f"{self.model} cannot be asked: {reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is missed, without a traceback."""
        from evalkit.errors import SharedRunError

        if isinstance(excinfo.value, NeedMissed | SharedRunError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Suite, model and need, for headings."""
        return self.path, self.declared.line - 1, f"{self.declared.suite}: {self.model} {self.declared.need.metric}"


@pytest.fixture(scope="session")
def evalkit(pytestconfig: pytest.Config) -> Evalkit:
    """Evals written in Python: `run` a suite, `assert_met` its needs, `judge` results of your own."""
    from evalkit import pytest_support

    return pytest_support.Evalkit(pytestconfig, _run_once(pytestconfig))
