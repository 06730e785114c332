"""A suite's nights, read from its runs' folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalkit.errors import RunError
from evalkit.records.history import ContenderHistory, History, Night
from evalkit.records.run import ContenderResult
from evalkit.regression.history import changes_of
from evalkit.regression.sides import digest
from evalkit.store.read import read_run
from evalkit.store.runs import StoredRun
from evalkit.suite.file.load import load_suite

_SPLIT = "test"


def history(suite: str, runs: Path = Path("runs"), last: int = 60) -> History:
    """The newest `last` runs of a suite, oldest first. `suite` is its file, its name, or its folder under `runs`.

    Raises SuiteError for a suite file that cannot be read, and RunError where there are no runs.
    """
    folder = _folder(suite, runs)
    runs_found = sorted(p.parent for p in folder.glob("*/manifest.json") if not p.parent.name.startswith("."))
    if not runs_found:
        raise RunError(f"{folder}: no runs yet; make one with: python -m evalkit check {suite}")
    nights: dict[str, list[Night]] = {}
    notes: list[str] = []
    for path in runs_found[-last:]:
        try:
            stored, result = read_run(path)
        except RunError as error:
            notes.append(f"left out: {error}")
            continue
        for contender in result.contenders:
            if contender.split == _SPLIT and contender.skipped is None:
                nights.setdefault(contender.id, []).append(_night(stored, contender, result.complete))
    found = tuple(ContenderHistory(name, tuple(n), changes_of(n)) for name, n in nights.items())
    return History(folder.name, found, tuple(notes))


def _folder(suite: str, runs: Path) -> Path:
    path = Path(suite)
    if path.is_file():
        return runs / load_suite(path).suite.name
    return path if path.is_dir() else runs / suite


def _night(stored: StoredRun, contender: ContenderResult, complete: bool) -> Night:
    manifest, metrics = stored.manifest, contender.metrics or {}
    data = _mapping(manifest.get("data"))
    split = _mapping(_mapping(data.get("splits")).get(_SPLIT))
    key = _mapping(_mapping(manifest.get("contenders")).get(contender.id))
    user = _mapping(_mapping(manifest.get("prompts")).get(contender.prompt)).get("user")
    asked = sum((contender.status or {}).values())
    return Night(
        run=str(stored.folder),
        when=str(manifest.get("created") or stored.folder.name),
        n=contender.n,
        complete=complete,
        cached=bool(asked) and contender.from_cache >= asked,
        accuracy=metrics.get("accuracy"),
        format_validity=metrics.get("format_validity"),
        cost_per_1000_calls=contender.cost.per_1000_calls if contender.cost else None,
        latency_p50_ms=contender.latency_ms.p50 if contender.latency_ms else None,
        served_model=contender.served_model,
        data=_text(split.get("sha256") or data.get("fingerprint")),
        prompt=digest([key.get("prefix"), user]) if key else None,
        scoring=_scoring(manifest),
    )


def _scoring(manifest: Mapping[str, Any]) -> str | None:
    """The version that scored; the suite's own part of the scoring stands in its output and target."""
    return _text(_mapping(manifest.get("versions")).get("evalkit"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
