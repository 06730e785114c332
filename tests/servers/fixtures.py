"""pytest fixtures: one fake of each vendor for the session, clean for every test.

Use them by `pytest_plugins = ("tests.servers.fixtures",)` in a test module; `configure` lasts for one test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.launch import FakeProvider, serve


@pytest.fixture(scope="session")
def _anthropic_process() -> Iterator[FakeProvider]:
    with serve("anthropic") as fake:
        yield fake


@pytest.fixture(scope="session")
def _openai_process() -> Iterator[FakeProvider]:
    with serve("openai") as fake:
        yield fake


@pytest.fixture
def fake_anthropic(_anthropic_process: FakeProvider) -> FakeProvider:
    """A fake Messages API with default settings and empty counters."""
    return _clean(_anthropic_process)


@pytest.fixture
def fake_openai(_openai_process: FakeProvider) -> FakeProvider:
    """A fake chat completions API with default settings and empty counters."""
    return _clean(_openai_process)


def _clean(fake: FakeProvider) -> FakeProvider:
    fake.reset(config=True)
    return fake
