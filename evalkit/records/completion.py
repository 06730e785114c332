"""What a model gave back: a Completion with its usage and timing, or a Failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# `other` stands only in what earlier versions kept: an ending that they did not know, which is no answer.
StopReason = Literal["end", "max_tokens", "refusal", "other"]
FailureKind = Literal["rejected", "infra", "ambiguous", "fatal"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in disjoint buckets: their sum is what passed through the model, nothing is counted twice.

    `output` includes `thinking`, which is given apart for information and is not a bucket of its own. `cache_read` is
    None where the server has no counter for it: such tokens are inside `input`, and how many they are is unknown.
    """

    input: int = 0
    cache_read: int | None = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    thinking: int = 0

    @property
    def prompt(self) -> int:
        """All prompt tokens, cached or not."""
        return self.input + (self.cache_read or 0) + self.cache_write_5m + self.cache_write_1h

    def __add__(self, other: Usage) -> Usage:
        reads = [usage.cache_read for usage in (self, other) if usage.cache_read is not None]
        return Usage(
            self.input + other.input,
            # A server that counts in some of its answers read nothing in those where it is silent.
            sum(reads) if reads else None,
            self.cache_write_5m + other.cache_write_5m,
            self.cache_write_1h + other.cache_write_1h,
            self.output + other.output,
            self.thinking + other.thinking,
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds from sending to the last byte, and to the first answer token where it was streamed.

    Queueing and the sleeps between retries are never inside. `latency_ms` is None where it is unknown: a batch
    answers some time within a day.
    """

    latency_ms: float | None
    ttft_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """The text that a model answered. `usage` is None where the server reported none.

    `text` is the visible answer, thinking apart; `served_model` is the id that the server named.
    `dropped` names request parameters that this model does not take and that were left out; `left_out` those of them
    that were sent and refused first, so that the answer belongs to a request without them. `batch` tells that it
    came by a batch API, at its price.
    """

    text: str
    stop: StopReason
    timing: Timing
    usage: Usage | None = None
    served_model: str | None = None
    dropped: tuple[str, ...] = ()
    batch: bool = False
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer. `kind` says whose doing it is:

    - `rejected`: the provider will not take this sample (too long, content filter); an outcome, cached.
    - `infra`: transport, load or limits; `retryable` says whether to try again.
    - `ambiguous`: a 4xx that may come from the sample or from the set-up; the engine's judge settles it by evidence.
    - `fatal`: the set-up is wrong for every sample (key, model id, quota); asking on is useless.

    `retry_after_s` is the provider's own wish in seconds. `cause` names what is behind it, where the provider's words
    or code are known. `blames` names the parameters that a refusal is about.
    """

    kind: FailureKind
    reason: str
    retryable: bool = False
    retry_after_s: float | None = None
    http_status: int | None = None
    cause: str | None = None
    blames: tuple[str, ...] = ()
