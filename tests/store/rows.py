"""Rows of samples.parquet made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from evalkit.records.sample_row import SampleRow
from evalkit.store.samples import NAME, SampleFile, SampleWriter

ROW = SampleRow(
    contender="m/default/prompt",
    split="test",
    sample_id="s",
    index=0,
    epoch=0,
    group=None,
    input="<i>",
    target="t",
    text="<b>\x1b[31m\x00 é‮",
    status="ok",
    answer=None,
    correct=True,
    lenient_answer=None,
    lenient_correct=False,
    cost_usd=0.25,
    from_cache=False,
    retries=0,
    key="k",
)


def row(**changes: Any) -> SampleRow:
    """A right answer with some columns changed."""
    return msgspec.structs.replace(ROW, **changes)


def stored(folder: Path, rows: Iterable[SampleRow]) -> SampleFile:
    """The rows as a file."""
    writer = SampleWriter(folder / NAME)
    for each in rows:
        writer.add(each)
    writer.close()
    return SampleFile(folder / NAME)
