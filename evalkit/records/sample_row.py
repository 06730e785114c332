"""One row of samples.parquet: the one place where its columns and their types are said."""

from __future__ import annotations

from typing import Annotated

import msgspec

Small = Annotated[int, msgspec.Meta(extra={"arrow": "int32"})]  # epochs and retries take half the room


class SampleRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One answer of one contender to one sample in one epoch, with its score.

    Columns stand in this order. Those without a default are in every file; the others may be missing in files from
    before they were kept, and are read as null there. Null is unknown, or does not apply: `in_vocabulary` and
    `fields` (JSON text) by the task, tokens and times by the provider. `input` is the rendered prompt of the sample,
    `target` the right answer as text, `key` the request key.
    """

    contender: str
    split: str
    sample_id: str
    index: int
    epoch: Small
    group: str | None
    input: str
    target: str
    text: str | None = None
    status: str
    answer: str | None
    correct: bool
    grade: float | None = None
    lenient_answer: str | None
    lenient_correct: bool
    lenient_grade: float | None = None
    in_vocabulary: bool | None = None
    note: str | None = None
    fields: str | None = None
    error: str | None = None
    stop: str | None = None
    served_model: str | None = None
    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    cost_usd: float | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    from_cache: bool
    retries: Small
    key: str
