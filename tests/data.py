"""Where the shared labelled sets live; tests that need one skip where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared(name: str) -> Path:
    """The folder of a shared data set, or a skip that says where it was looked for."""
    base = Path(os.environ.get("EVALKIT_TEST_DATA") or ROOT.parent / "shared" / "data")
    folder = base / name
    if not folder.is_dir():
        pytest.skip(f"no data set {name!r} under {base} (set EVALKIT_TEST_DATA)")
    return folder
