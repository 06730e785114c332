"""What a run must remember to be understood and repeated."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from evalkit.engine.key import RequestKey
from evalkit.models.registry import facts
from evalkit.records.run import RunResult
from evalkit.running.prepare import Prepared
from evalkit.suite.data.dataset import Split

_FORMAT = 1
_MOST_TARGETS = 1000  # more distinct targets than this are answers, not classes
_PACKAGES = ("evalkit", "datasets", "numpy", "scipy")


def manifest(prepared: Prepared, keys: Mapping[str, RequestKey], result: RunResult) -> dict[str, Any]:
    """The manifest of a finished run. Variables stand in the suite's text by name, so no secret gets in."""
    suite = prepared.suite
    return {
        "format": _FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": result.facts.command if result.facts else prepared.command,
        "description": suite.config.description,
        "suite": {"path": str(prepared.path), "text": suite.loaded.text},
        "prompts": {
            name: {"system": texts.system, "user": texts.user} for name, texts in suite.loaded.prompt_texts.items()
        },
        "data": {
            "fingerprint": suite.dataset.fingerprint,
            "labels": suite.dataset.labels,
            "splits": {name: _split(split) for name, split in suite.dataset.splits.items()},
        },
        "contenders": {name: key.parts for name, key in keys.items()},
        "prices": {
            c.id: {"as_of": price.as_of, "source": price.source}
            for c in prepared.contenders
            if (price := prepared.prices.price(c.spec)) is not None
        },
        "versions": {"python": platform.python_version(), **_versions(prepared)},
        "git": _git(suite.loaded.directory),
        "complete": result.complete,
    }


def _split(split: Split) -> dict[str, Any]:
    by_target = split.counts if len(split.counts) <= _MOST_TARGETS else None
    return {"n": split.n, "dropped": split.dropped, "sha256": split.digest, "by_target": by_target}


def _versions(prepared: Prepared) -> dict[str, str]:
    """Those of the packages that every run works with, and of what the providers of this one need."""
    found: dict[str, str] = {}
    needed = (name for c in prepared.contenders for name in facts(c.spec.provider).packages)
    for name in dict.fromkeys((*_PACKAGES, *needed)):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git(directory: Path) -> dict[str, Any] | None:
    """The commit that the suite's folder stands at, and whether it has changes; None outside a checkout."""
    try:
        commit = _ask_git(directory, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_ask_git(directory, "status", "--porcelain", "--", "."))}
    except (OSError, subprocess.SubprocessError):
        return None


def _ask_git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments], capture_output=True, text=True, timeout=5, check=True
    )
    return done.stdout.strip()
