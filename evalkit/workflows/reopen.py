"""A finished run, opened again with its verdict; also with other answers to the scoping questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evalkit.decision.verdict import decide
from evalkit.errors import RunError
from evalkit.records.evidence import Facts, Vouch
from evalkit.records.run import RunResult
from evalkit.store.read import StoredRun as StoredRun
from evalkit.store.read import load_run as load_run
from evalkit.store.read import read_run


def open_run(folder: Path) -> tuple[StoredRun, RunResult]:
    """A run from its folder, or the newest run of a suite's folder.

    Raises RunError with what is wrong; a run of an older evalkit comes without a verdict.
    """
    stored = read_run(folder)
    result = stored.result
    return stored, result if result.facts is None else decided(result, result.facts)


def decided(result: RunResult, facts: Facts) -> RunResult:
    """The run decided on these facts."""
    return replace(result, facts=facts, verdict=decide(result, facts))


def stand_for(result: RunResult, vouched: tuple[Vouch, ...]) -> RunResult:
    """The run decided again, where the user stands for some evidence. Raises RunError for a run without facts."""
    if result.facts is None:
        raise RunError(f"{result.run}: written by an older evalkit; run the suite again (answers are kept)")
    stood = tuple(dict.fromkeys((*result.facts.vouched, *vouched)))
    return decided(result, replace(result.facts, vouched=stood))
