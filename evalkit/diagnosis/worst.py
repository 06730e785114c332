"""Wrong answers that teach something: what the best contender missed and others had right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.records.memo import WorstExample
from evalkit.records.model import ASIDE
from evalkit.records.score import Status

_MOST = 12


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """The completions of a run on test as columns of equal length, in any order.

    `contender` is an id, `correct` the strict reading; several rows of one contender and sample are epochs. Texts are
    hostile data: they are passed on as they are.
    """

    contender: Sequence[str]
    role: Sequence[str]
    sample_id: Sequence[str]
    input: Sequence[str]
    target: Sequence[str]
    text: Sequence[str | None]
    status: Sequence[str]
    correct: Sequence[bool]
    note: Sequence[str | None]


def worst_examples(rows: AnswerColumns, most: int = _MOST) -> tuple[WorstExample, ...]:
    """Up to `most` wrong answers of the most accurate contender (the first by id among equals).

    Floors are looked at only where nothing else was asked. First come samples that other contenders had right, then
    the others; within both, targets take turns, those missed most often first, and in a target the sample that most
    others had right leads. An answer counts as right where at least half of its epochs are; infra errors are no
    answers. The choice does not depend on the order of rows. Raises ValueError where the columns differ in length.
    """
    sizes = {len(getattr(rows, name)) for name in AnswerColumns.__slots__}
    if len(sizes) != 1:
        raise ValueError(f"columns of equal length are needed, not of {sorted(sizes)}")
    right: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    floors: set[str] = set()
    for i, contender in enumerate(rows.contender):
        if rows.role[i] in ASIDE:
            floors.add(contender)
        if rows.status[i] != Status.INFRA_ERROR:
            right[contender][rows.sample_id[i]].append(bool(rows.correct[i]))
    asked = sorted(set(right) - floors) or sorted(right)
    if not asked:
        return ()
    best = max(asked, key=lambda name: _accuracy(right[name]))
    others = [right[name] for name in sorted(right) if name != best]
    wrong = [_example(rows, i, others) for i in _wrong_rows(rows, best)]
    ordered = _in_turns([w for w in wrong if w.others_right]) + _in_turns([w for w in wrong if not w.others_right])
    return tuple(ordered[:most])


def _accuracy(samples: dict[str, list[bool]]) -> float:
    return sum(sum(epochs) / len(epochs) for epochs in samples.values()) / len(samples)


def _wrong_rows(rows: AnswerColumns, contender: str) -> list[int]:
    """One wrong row for each sample that the contender missed at least once: the first by its text."""
    found: dict[str, int] = {}
    for i, name in enumerate(rows.contender):
        if name != contender or rows.correct[i] or rows.status[i] == Status.INFRA_ERROR:
            continue
        known = found.get(rows.sample_id[i])
        if known is None or _said(rows, i) < _said(rows, known):
            found[rows.sample_id[i]] = i
    return list(found.values())


def _said(rows: AnswerColumns, i: int) -> tuple[str, str]:
    return rows.text[i] or "", str(rows.status[i])


def _example(rows: AnswerColumns, i: int, others: Sequence[dict[str, list[bool]]]) -> WorstExample:
    sample = rows.sample_id[i]
    answered = [samples[sample] for samples in others if sample in samples]
    return WorstExample(
        contender=rows.contender[i],
        sample_id=sample,
        input=rows.input[i],
        target=rows.target[i],
        text=rows.text[i] or "",
        status=str(rows.status[i]),
        note=rows.note[i],
        others_right=sum(2 * sum(epochs) >= len(epochs) for epochs in answered),
        others=len(answered),
    )


def _in_turns(examples: Sequence[WorstExample]) -> list[WorstExample]:
    """One of each target, then the second of each, and so on."""
    by_target: dict[str, list[WorstExample]] = defaultdict(list)
    for example in examples:
        by_target[example.target].append(example)
    for some in by_target.values():
        some.sort(key=lambda each: (-each.others_right, each.sample_id))
    order = sorted(by_target, key=lambda target: (-len(by_target[target]), target))
    longest = max((len(some) for some in by_target.values()), default=0)
    return [by_target[target][turn] for turn in range(longest) for target in order if turn < len(by_target[target])]
