"""A stored run as sides of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evalkit.records.comparison import SampleText, Side
from evalkit.records.run import ContenderResult
from evalkit.regression.answers import ContenderAnswers, RunAnswers
from evalkit.store.read import StoredRun, read_run


def sides_of_run(path: Path, texts: bool = False) -> list[Side]:
    """One side per contender and split, in the order of the run; `texts` gives inputs and answers too.

    Raises RunError for a folder that is no run or is damaged.
    """
    stored = read_run(path)
    answers = RunAnswers(stored.answers)
    sides = []
    for contender in stored.result.contenders:
        there = answers.of(contender.id, contender.split) if contender.skipped is None else None
        if there is not None:
            sides.append(side_of(stored, contender, there, texts))
    return sides


def side_of(stored: StoredRun, contender: ContenderResult, answers: ContenderAnswers, texts: bool = False) -> Side:
    """One contender on one split as a side."""
    return Side(
        source=str(stored.folder),
        suite=stored.result.suite,
        contender=contender.id,
        model=contender.model,
        split=contender.split,
        ids=answers.ids,
        correct=answers.correct,
        targets=answers.targets,
        groups=answers.groups,
        epochs=answers.epochs,
        status=dict(contender.status or {}),
        cost_per_1000_calls=contender.cost.per_1000_calls if contender.cost else None,
        latency_ms=contender.latency_ms,
        provenance=stored.about.provenance(contender),
        texts=_Texts(stored, answers) if texts else {},
    )


class _Texts(Mapping[str, SampleText]):
    """The texts of a side's samples, of their first epochs; only those that are asked for become objects."""

    def __init__(self, stored: StoredRun, answers: ContenderAnswers) -> None:
        self._table: Any = stored.answers.table(("input", "target", "text", "error", "answer"))
        self._rows = dict(zip(answers.ids, answers.rows.tolist(), strict=True))

    def __getitem__(self, sample: str) -> SampleText:
        row = self._rows[sample]
        said = {name: self._table[name][row].as_py() for name in self._table.column_names}
        answer = said["text"] if said["text"] is not None else said["error"]
        return SampleText(said["input"], said["target"], answer, said["answer"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
