"""For all tests: the fake providers, and a user's folders and variables that are nobody's."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ("tests.servers.fixtures",)

TEST_KEY_ENV = "EVALKIT_TEST_KEY"
TEST_KEY = "sk-test-7f3a9c51d2e84b60"

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
    why = Counter(_reason(report.longrepr) for report in terminalreporter.stats.get("skipped", ()))
    if why:
        reasons = "; ".join(f"{n} {reason}" for reason, n in why.most_common())
        terminalreporter.write_line(f"skipped tests: {why.total()} ({reasons})")


def _reason(told: object) -> str:
    """The reason of a skip; all that lack a shared data set are one."""
    text = str(told[2]) if isinstance(told, tuple) and len(told) == 3 else str(told)
    text = text.removeprefix("Skipped: ").splitlines()[0] if text else "without a reason"
    return "need labelled sets that are not here (EVALKIT_TEST_DATA)" if text.startswith("no data set") else text
