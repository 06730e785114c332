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
from evalkit.running.settings import RunSettings
from evalkit.store.manifest import DataRows, Manifest, PriceSource, PromptText, SplitRows, SuiteText
from evalkit.suite.data.dataset import Split

_MOST_TARGETS = 1000  # more distinct targets than this are answers, not classes
_PACKAGES = ("evalkit", "datasets", "numpy", "scipy")


def manifest(prepared: Prepared, keys: Mapping[str, RequestKey], result: RunResult) -> Manifest:
    """The manifest of a finished run."""
    made = question(prepared, keys)
    made.created = datetime.now(UTC).isoformat(timespec="seconds")
    made.command = result.facts.command if result.facts else RunSettings(prepared.path).command
    made.prices = {
        c.id: PriceSource(price.as_of, price.source)
        for c in prepared.contenders
        if (price := prepared.prices.price(c.spec)) is not None
    }
    made.versions = {"python": platform.python_version(), **_versions(prepared)}
    made.git = _git(prepared.suite.loaded.directory)
    made.complete = result.complete
    return made


def question(prepared: Prepared, keys: Mapping[str, RequestKey]) -> Manifest:
    """The part of a run's manifest that says what is asked of whom: known before there are figures."""
    loaded, data = prepared.suite.loaded, prepared.suite.dataset
    splits = {name: _split(split) for name, split in data.splits.items()}
    return Manifest(
        description=prepared.suite.config.description,
        suite=SuiteText(str(prepared.path), loaded.text),
        prompts={name: PromptText(texts.system, texts.user) for name, texts in loaded.prompt_texts.items()},
        data=DataRows(data.fingerprint, list(data.labels), splits),
        contenders={name: key.parts for name, key in keys.items()},
    )


def _split(split: Split) -> SplitRows:
    by_target = dict(split.counts) if len(split.counts) <= _MOST_TARGETS else None
    return SplitRows(split.n, split.dropped, split.digest, by_target)


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
