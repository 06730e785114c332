"""Samples that were answered wrongly."""

from __future__ import annotations

from evalkit.records.memo import Memo, WorstExample
from evalkit.report.memo.blocks import Block, Example, Examples, Section, Text, absent
from evalkit.wording.names import status
from evalkit.wording.text import block, cut

_LONGEST = 1500


_MOST_EXAMPLES = 30


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
