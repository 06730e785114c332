"""The vendor that the tests of running ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running.desks import in_folder
from tests.servers.launch import FakeProvider


@pytest.fixture
def vendor(fake_anthropic: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    """The fake in the place of Anthropic; the working folder is the test's own."""
    return in_folder(tmp_path, fake_anthropic, monkeypatch)
