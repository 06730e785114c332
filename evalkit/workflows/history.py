"""A suite's nights, read from its runs' folder."""

from __future__ import annotations

from pathlib import Path

from evalkit.errors import RunError
from evalkit.records.history import ContenderHistory, History, Night
from evalkit.records.run import ContenderResult
from evalkit.regression.history import changes_of
from evalkit.store.read import StoredRun, read_run
from evalkit.store.runs import run_folders
from evalkit.suite.file.load import load_suite

_SPLIT = "test"


def history(suite: str, runs: Path = Path("runs"), last: int = 60) -> History:
    """The newest `last` runs of a suite, oldest first. `suite` is its file, its name, or its folder under `runs`.

    Raises SuiteError for a suite file that cannot be read, and RunError where there are no runs.
    """
    folder = _folder(suite, runs)
    folders = run_folders(folder)
    if not folders:
        raise RunError(f"{folder}: no runs yet; make one with: python -m evalkit check {suite}")
    nights: dict[str, list[Night]] = {}
    notes: list[str] = []
    for path in folders[-last:]:
        try:
            stored = read_run(path)
        except RunError as error:
            notes.append(f"left out: {error}")
            continue
        for contender in stored.result.contenders:
            if contender.split == _SPLIT and contender.skipped is None:
                nights.setdefault(contender.id, []).append(_night(stored, contender))
    contenders = tuple(ContenderHistory(name, tuple(n), changes_of(n)) for name, n in nights.items())
    return History(folder.name, contenders, tuple(notes))


def _folder(suite: str, runs: Path) -> Path:
    path = Path(suite)
    if path.is_file():
        return runs / load_suite(path).suite.name
    return path if path.is_dir() else runs / suite


def _night(stored: StoredRun, contender: ContenderResult) -> Night:
    about, metrics = stored.about, contender.metrics or {}
    asked = sum((contender.status or {}).values())
    return Night(
        run=str(stored.folder),
        when=about.created or stored.folder.name,
        n=contender.n,
        complete=stored.result.complete,
        cached=bool(asked) and contender.from_cache >= asked,
        accuracy=metrics.get("accuracy"),
        format_validity=metrics.get("format_validity"),
        cost_per_1000_calls=contender.cost.per_1000_calls if contender.cost else None,
        latency_p50_ms=contender.latency_ms.p50 if contender.latency_ms else None,
        served_model=contender.served_model,
        data=about.digest_of_data(_SPLIT),
        prompt=about.digest_of_prompt(contender.id, contender.prompt),
        scoring=about.evalkit,  # the suite's own part of the scoring stands in its output and target
    )
