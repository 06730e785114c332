"""What is mistaken for what."""

from __future__ import annotations

from evalkit.records.memo import Memo
from evalkit.records.model import ASIDE
from evalkit.records.run import Confusion, ContenderResult
from evalkit.report.memo.blocks import Block, Heat, Section, Table, Text, absent
from evalkit.report.memo.sections.lookups import asked
from evalkit.wording.numbers import percent
from evalkit.wording.text import cut

MOST_CLASSES = 25
_MOST_MATRICES = 4
_PAIRS = 15


def confusion_section(memo: Memo) -> Section:
    """A matrix per measured contender; beyond 25 classes its most confused pairs."""
    title, short = "What is mistaken for what", "Confusion"
    found = [c for c in asked(memo.result) if c.role not in ASIDE and c.confusion and c.confusion.labels]
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
    rows = zip(c.confusion.counts, c.confusion.shares(), strict=True)
    cells = tuple(tuple(zip(counts, shares, strict=True)) for counts, shares in rows)
    return Heat(f"{c.id}, {c.n:,} rows", c.confusion.labels, cells)


def _pairs(name: str, confusion: Confusion) -> Table:
    """The most frequent mistakes as a list."""
    labels = (*confusion.labels, "(invalid answer)")
    counts, shares = confusion.counts, confusion.shares()
    rows = tuple(
        (cut(labels[i], 80), cut(labels[j], 80), f"{counts[i][j]:,}", percent(shares[i][j]))
        for i, j in confusion.worst_pairs(_PAIRS)
    )
    note = f"{len(confusion.labels):,} classes are too many for a matrix: the most confused pairs instead."
    if not rows:
        note = f"{len(confusion.labels):,} classes are too many for a matrix, and none was mistaken for another."
    columns = ("truth", "answered", "count", "of the truth")
    return Table(f"{name}: most confused pairs", columns, rows, frozenset({2, 3}), note)
