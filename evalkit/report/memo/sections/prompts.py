"""The prompts that were tried on dev."""

from __future__ import annotations

from evalkit.records.evidence import Ladder
from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Cell, Section, Table, absent
from evalkit.wording.numbers import difference, interval, points


def prompts_section(memo: Memo) -> Section:
    """The rungs of each ladder on dev."""
    title, short = "Prompts tried on dev", "Prompts"
    ladders = [ladder for ladder in memo.facts.ladders if ladder.rungs]
    if not ladders:
        why = "Only one prompt was measured, so nothing is known of what a better prompt would bring."
        return Section("prompts", title, short, absent(why))
    return Section("prompts", title, short, tuple(_rungs(ladder) for ladder in ladders))


def _rungs(ladder: Ladder) -> Table:
    rows = []
    for rung in ladder.rungs:
        name = rung.prompt if rung.distinct else Cell(rung.prompt, "differs in white space only", "muted")
        gain, upper = difference(rung.gain), points(rung.upper, signed=True)
        rows.append((name, f"{rung.accuracy.n:,}", interval(rung.accuracy), gain, upper))
    note = "Gain: paired difference to the best prompt before it on the same rows, with its 95 % interval, in points."
    columns = ("prompt", "n", "accuracy on dev", "gain, points", "at most (95 %)")
    return Table(f"Ladder of {ladder.model}", columns, tuple(rows), frozenset({1, 2, 3, 4}), note)
