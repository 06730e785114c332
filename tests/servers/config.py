"""What a fake provider server is told to do: answers, delays, limits and faults, all validated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")

Kind = Literal[
    # what breaks below the API: a proxy's page, someone else's JSON, a broken or a silent connection
    "html_200",
    "not_api_json",
    "drop",
    "drop_midway",
    "hang",
    # an error event inside a stream; on a request without stream the same error as a status
    "overloaded_midstream",
    # error statuses with the vendor's own body
    "context_too_long",
    "content_filter",
    "insufficient_quota",
    "spend_limit",
    "bad_key",
    "model_not_found",
    "unsupported_parameter",
    # answers with status 200
    "refusal",
    "max_tokens",
    "empty",
    "thinking",
    # in a batch only: the request was not answered in time
    "expired",
]


@dataclass(frozen=True, config=_STRICT)
class Then:
    """What a fault does; exactly one of `status`, `kind` and `stop_reason`.

    `status` answers with the vendor's error body for it, or with `body` (text is sent as it is).
    `stop_reason` gives the normal answer with this raw stop reason. `headers` are added in all cases.
    `parameter` belongs to `unsupported_parameter`, `tokens` (how much thinking) to `thinking`.
    """

    status: int | None = Field(default=None, ge=200, le=599)
    kind: Kind | None = None
    stop_reason: str | None = None
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Mapping[str, Any] | str | None = None
    parameter: str = "temperature"
    tokens: int = Field(default=64, ge=1)

    @model_validator(mode="after")
    def _one_effect(self) -> Then:
        if sum(x is not None for x in (self.status, self.kind, self.stop_reason)) != 1:
            raise ValueError("a fault needs exactly one of status, kind and stop_reason")
        if self.body is not None and self.status is None:
            raise ValueError("body needs a status")
        return self


@dataclass(frozen=True, config=_STRICT)
class Fault:
    """A rule; the first one that applies wins, and the rules after it do not count that request.

    `match` is a substring of the last user message (None: every request). Of the matching requests the rule
    takes: every `every`-th, only the `first` ones overall, only the `per_key_first` ones of each distinct
    body. Where several are given, all must hold; where none is given, it takes all.
    """

    then: Then
    match: str | None = None
    every: int | None = Field(default=None, ge=1)
    first: int | None = Field(default=None, ge=0)
    per_key_first: int | None = Field(default=None, ge=0)


@dataclass(frozen=True, config=_STRICT)
class Config:
    """Everything that a server can be told. Times in milliseconds, tokens as ceil(UTF-8 bytes / 4).

    Answers: `echo_label`, else `answers[last user message]` (of several text blocks: all joined, else the
    last one), else `default_answer`. `answers_file` is a JSON mapping, overridden by `answers`.

    Delays: a whole answer takes `latency_ms` plus up to `jitter_ms` (seeded). A stream sends its first event
    at half of `ttft_ms` and its first text at `ttft_ms`; `delta_ms` lies between deltas of `delta_chars`
    characters, and the last event comes no sooner than `latency_ms`. With `slots`, so many answers are worked on at
    a time, and other requests wait their turn: the server can do slots / latency and no more.

    Caching: `min_cacheable_tokens`; `clock_offset_s` puts the clock of the caches forward.

    Usage: `report_usage` false leaves usage out, `usage_details` false leaves `prompt_tokens_details` out,
    `cache_write_tokens` true adds them (all but the first: OpenAI only). `thinking_tokens` are spent by
    every request that does not turn thinking off, on models that think unasked (not gpt-4…, Claude 3 and 4).

    Rules: with `strict` false the server is a lenient self-hosted one, which checks no parameters and shows its
    thinking as `reasoning_content`; with `ignore_schema` it takes a schema and answers as without one. `models` is
    what exists (None: all). `reject_parameters` names those that this server does not take. `rate_limit_rps` with
    `rate_limit_burst`, and `rate_limit_tpm` (prompt tokens a minute, Anthropic's without cache reads), answer 429;
    `rate_headers` false tells nothing of them but Retry-After. `require_key` is the only key taken. A batch of at most
    `batch_most` requests ends after `batch_looks` looks at it, or at the next one with `batch_end`. With
    `batch_cancelled` somebody cancels it after its first request was answered. `batch_noise` are lines that stand
    between the results as they are.
    """

    answers: Mapping[str, str] = Field(default_factory=dict)
    answers_file: str | None = None
    default_answer: str = "unknown"
    echo_label: str | None = None

    latency_ms: float = Field(default=0, ge=0)
    jitter_ms: float = Field(default=0, ge=0)
    ttft_ms: float = Field(default=0, ge=0)
    delta_ms: float = Field(default=0, ge=0)
    delta_chars: int = Field(default=4, ge=1)
    slots: int | None = Field(default=None, ge=1)
    seed: int = 7

    min_cacheable_tokens: int = Field(default=1024, ge=0)
    clock_offset_s: float = 0

    report_usage: bool = True
    usage_details: bool = True
    cache_write_tokens: bool = False
    thinking_tokens: int = Field(default=0, ge=0)
    served_model: str | None = None

    strict: bool = True
    ignore_schema: bool = False
    models: tuple[str, ...] | None = None
    reject_parameters: tuple[str, ...] = ()
    require_key: str | None = None
    rate_limit_rps: float | None = Field(default=None, gt=0)
    rate_limit_burst: int | None = Field(default=None, ge=1)
    rate_limit_tpm: int | None = Field(default=None, ge=1)
    rate_headers: bool = True
    batch_looks: int = Field(default=1, ge=0)
    batch_cancelled: bool = False
    batch_noise: tuple[str, ...] = ()
    batch_end: bool = False
    batch_most: int = Field(default=50_000, ge=1)
    faults: tuple[Fault, ...] = ()

    record: bool = False
    record_last: int = Field(default=1000, ge=1)


_ADAPTER = TypeAdapter(Config)


def read_config(settings: Mapping[str, Any]) -> Config:
    """Validate settings and read `answers_file`; raises ValueError (bad setting) or OSError (file)."""
    config = _ADAPTER.validate_python(dict(settings))
    if config.answers_file is None:
        return config
    from_file = json.loads(Path(config.answers_file).read_text(encoding="utf-8"))
    if not isinstance(from_file, dict):
        raise ValueError(f"{config.answers_file}: expected one JSON object, last user message → answer")
    return _ADAPTER.validate_python({**settings, "answers": {**from_file, **config.answers}})
