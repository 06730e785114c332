"""An answer and its score as a row of samples.parquet."""

from __future__ import annotations

from typing import Any

import msgspec

from evalkit.engine.answer import Answer
from evalkit.records.completion import Completion, Usage
from evalkit.records.sample import Sample
from evalkit.records.sample_row import SampleRow
from evalkit.records.score import Score
from evalkit.scoring.tasks.fields import fields_text


def sample_row(contender: str, split: str, answer: Answer[Sample], score: Score, cost: float | None) -> SampleRow:
    """The row of one answer; what did not come to be is null."""
    sample, outcome = answer.context, answer.outcome
    row = SampleRow(
        contender=contender,
        split=split,
        sample_id=sample.id,
        index=sample.index,
        epoch=answer.request.epoch,
        group=sample.group,
        input=answer.request.suffix,
        target=_text(sample.target),
        status=str(score.status),
        answer=score.answer,
        correct=score.correct,
        grade=score.grade,
        lenient_answer=score.lenient_answer,
        lenient_correct=score.lenient_correct,
        lenient_grade=score.lenient_grade,
        in_vocabulary=score.in_vocabulary,
        note=score.note,
        fields=fields_text(score.fields),
        from_cache=answer.from_cache,
        retries=answer.retries,
        cost_usd=cost,
        key=answer.key,
    )
    if isinstance(outcome, Completion):
        _add_completion(row, outcome)
    else:
        row.error = outcome.reason
    return row


def _add_completion(row: SampleRow, completion: Completion) -> None:
    row.text = completion.text
    row.stop = completion.stop
    row.served_model = completion.served_model
    row.latency_ms = completion.timing.latency_ms
    row.ttft_ms = completion.timing.ttft_ms
    if completion.usage is not None:
        _add_usage(row, completion.usage)


def _add_usage(row: SampleRow, usage: Usage) -> None:
    row.input_tokens = usage.input
    row.cache_read_tokens = usage.cache_read
    row.cache_write_5m_tokens = usage.cache_write_5m
    row.cache_write_1h_tokens = usage.cache_write_1h
    row.output_tokens = usage.output
    row.thinking_tokens = usage.thinking


def _text(target: Any) -> str:
    return target if isinstance(target, str) else msgspec.json.encode(target, enc_hook=str).decode()
