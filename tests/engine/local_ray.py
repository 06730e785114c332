"""A Ray of this machine for tests; a module that imports this is skipped where Ray is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from evalkit.engine.cluster.ray_connection import import_ray, start_local
from tests.conftest import TEST_KEY, TEST_KEY_ENV

if find_spec("ray") is None:
    pytest.skip("ray is not installed: pip install 'evalkit[ray]'", allow_module_level=True)
ray = import_ray(local=True)


@pytest.fixture(scope="module")
def local_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Ray on 127.0.0.1, started once; gives its session's folder, where it writes its logs."""
    patch = pytest.MonkeyPatch()
    patch.setenv(TEST_KEY_ENV, TEST_KEY)  # workers inherit what is set here
    patch.setenv("RAY_AUTH_TOKEN", "e5" * 32)  # else Ray writes one to the user's home
    started = start_local(ray, 8)  # room for the workers of several tests
    try:
        yield Path(started.address_info["session_dir"])
    finally:
        ray.shutdown()
        patch.undo()
