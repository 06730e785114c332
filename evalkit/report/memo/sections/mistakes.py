"""What is mistaken for what, and the worst examples."""

from __future__ import annotations

from evalkit.records.memo import Memo, WorstExample
from evalkit.records.run import Confusion, ContenderResult
from evalkit.report.memo.blocks import Block, Example, Examples, Heat, Section, Table, Text, absent
from evalkit.report.memo.sections.who import asked
from evalkit.wording.names import status
from evalkit.wording.numbers import percent
from evalkit.wording.text import block, cut

MOST_CLASSES = 25
_MOST_MATRICES = 4
_PAIRS = 15
_LONGEST = 1500
_MOST_EXAMPLES = 30


def confusion_section(memo: Memo) -> Section:
    """A matrix per measured contender; beyond 25 classes its most confused pairs."""
    title, short = "What is mistaken for what", "Confusion"
    found = [c for c in asked(memo.result) if c.role != "floor" and c.confusion and c.confusion.labels]
    if not found:
        why = "No confusion matrix: no measured contender but a reference answers with classes."
        return Section("confusion", title, short, absent(why))
    shown = sorted(found, key=lambda c: -c.n)[:_MOST_MATRICES]
    blocks: list[Block] = []
    if len(found) > len(shown):
        blocks.append(Text((f"The {len(shown)} of {len(found)} contenders with most rows are shown.",), "muted"))
    blocks += [_matrix(c) for c in shown]
    if any(isinstance(b, Heat) for b in blocks):
        note = "Rows are the truth, columns the answers in the same order; the last column holds invalid answers."
        blocks.append(Text((note,), "muted"))
    return Section("confusion", title, short, blocks)


def _matrix(c: ContenderResult) -> Block:
    assert c.confusion is not None
    if len(c.confusion.labels) > MOST_CLASSES:
        return _pairs(c.id, c.confusion)
    cells = []
    for row in c.confusion.counts:
        total = sum(row)
        cells.append(tuple((n, n / total if total else 0.0) for n in row))
    return Heat(f"{c.id}, {c.n:,} rows", c.confusion.labels, tuple(cells))


def _pairs(name: str, confusion: Confusion) -> Table:
    """The most frequent mistakes as a list."""
    labels = (*confusion.labels, "(invalid answer)")
    found = [(n, i, j, sum(row)) for i, row in enumerate(confusion.counts) for j, n in enumerate(row) if n and i != j]
    worst = sorted(found, key=lambda f: (-f[0], f[1], f[2]))[:_PAIRS]
    rows = tuple((cut(labels[i], 80), cut(labels[j], 80), f"{n:,}", percent(n / total)) for n, i, j, total in worst)
    note = f"{len(confusion.labels):,} classes are too many for a matrix: the most confused pairs instead."
    if not rows:
        note = f"{len(confusion.labels):,} classes are too many for a matrix, and none was mistaken for another."
    columns = ("truth", "answered", "count", "of the truth")
    return Table(f"{name}: most confused pairs", columns, rows, frozenset({2, 3}), note)


def examples_section(memo: Memo) -> Section:
    """Samples that were answered wrongly, every text cut and its full length said."""
    title, short = "Worst examples", "Examples"
    if not memo.worst:
        return Section("examples", title, short, absent("No wrong answer is on record for this run."))
    shown = memo.worst[:_MOST_EXAMPLES]
    blocks: list[Block] = []
    if len(shown) < len(memo.worst):
        blocks.append(Text((f"The first {len(shown)} of {len(memo.worst):,}.",), "muted"))
    blocks.append(Examples(tuple(_example(w) for w in shown)))
    return Section("examples", title, short, blocks)


def _example(w: WorstExample) -> Example:
    tags = ["valid form, wrong answer" if w.status == "ok" else status(w.status)]
    if w.others:
        tags.append(f"{w.others_right} of {w.others} other{'' if w.others == 1 else 's'} right")
    parts = tuple(
        (name, *_shortened(text)) for name, text in (("Asked", w.input), ("Truth", w.target), ("Answer", w.text))
    )
    note = cut(w.note, 400) if w.note else ""
    return Example(f"{cut(w.contender, 80)} · sample {cut(w.sample_id, 80)}", tuple(tags), parts, note)


def _shortened(text: str) -> tuple[str, str]:
    """The beginning of a text, and what is missing."""
    if not text:
        return "", "empty"
    if len(text) <= _LONGEST:
        return block(text, _LONGEST), ""
    return block(text, _LONGEST), f"the first {_LONGEST:,} of {len(text):,} characters"
