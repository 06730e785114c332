"""Which kept ladders speak for a run: those of the same data, prompt, parameters, model and scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evalkit.engine.key import RequestKey
from evalkit.records.evidence import Facts, Ladder
from evalkit.records.run import RunResult
from evalkit.running.manifest import question
from evalkit.running.prepare import Prepared
from evalkit.store.ladders import read_ladders


def marks_of_run(prepared: Prepared, keys: Mapping[str, RequestKey]) -> dict[str, str]:
    """The mark of each contender of a run under way, by contender id."""
    return question(prepared, keys).marks


def with_ladders(facts: Facts, result: RunResult, marks: Mapping[str, str], folder: Path) -> Facts:
    """The facts with the ladders that `folder`, a suite's under `runs/`, keeps for the contenders on test.

    `marks` is by contender id. Such a ladder holds the suite's own prompts too, so it goes before what the run itself
    saw on dev. Raises RunError for a damaged file.
    """
    on_test = [c for c in result.contenders if c.split == "test" and c.skipped is None]
    wanted = {(c.model, marks.get(c.id)) for c in on_test}
    found: dict[str, Ladder] = {}
    for kept in read_ladders(folder):
        if (kept.ladder.model, kept.mark) in wanted:
            found.setdefault(kept.ladder.model, kept.ladder)
    others = tuple(ladder for ladder in facts.ladders if ladder.model not in found)
    return replace(facts, ladders=(*found.values(), *others)) if found else facts
