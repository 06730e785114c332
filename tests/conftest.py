"""For all tests: the fake providers, and a user's folders and variables that are nobody's."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Examples have no time limit: a busy machine is no fault of the code.
settings.register_profile("evalkit", deadline=None)
settings.load_profile("evalkit")

pytest_plugins = ("tests.servers.fixtures",)

TEST_KEY_ENV = "EVALKIT_TEST_KEY"
TEST_KEY = "sk-test-7f3a9c51d2e84b60"

# How a skip begins, and what it means for the one who reads the last line.
_NEEDS = (
    (r"no data set ", "need ../shared/data (or EVALKIT_TEST_DATA)"),
    (r"no tickets in ", "need suites/data"),
    (r"no chromium ", "need chromium"),
    (r"could not import '([\w-]+)", r"need \1"),
    (r"needs (.+)", r"need \1"),
    (r"(\w+) is not installed", r"need \1"),
)
_VENDORS = ("ANTHROPIC_", "OPENAI_")


@pytest.fixture(autouse=True)
def isolated_user(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cache and config folders of this test alone, no vendor's variable, and no API key but TEST_KEY for fakes.

    Returns the folder that holds `cache` and `config`.
    """
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    for name in list(os.environ):
        if name.startswith(_VENDORS) or name.endswith("_API_KEY") or name == "EVALKIT_PRICES":
            monkeypatch.delenv(name)
    monkeypatch.setenv(TEST_KEY_ENV, TEST_KEY)
    return home


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was skipped and why, in one line: a clone without the shared sets must not look as if all was tested."""
    if line := skipped_line(report.longrepr for report in terminalreporter.stats.get("skipped", ())):
        terminalreporter.write_line(line)


def skipped_line(told: Iterable[object]) -> str:
    """How many tests were skipped, for each reason; nothing where none was. `told` is what pytest says of each."""
    why = Counter(_reason(str(each[2] if isinstance(each, tuple) else each)) for each in told)
    reasons = ", ".join(f"{n} {reason}" for reason, n in why.most_common())
    return f"skipped: {why.total()} {'test' if why.total() == 1 else 'tests'}: {reasons}" if why else ""


def _reason(told: str) -> str:
    """What was missing; reasons that differ in a file's name alone are one."""
    text = told.removeprefix("Skipped: ").partition("\n")[0]
    for pattern, reason in _NEEDS:
        if found := re.match(pattern, text):
            return found.expand(reason)
    return text or "without a reason"
