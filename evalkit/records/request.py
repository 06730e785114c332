"""What is sent to a model: a cacheable prefix, a per-sample suffix, and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

CacheTtl = Literal["5m", "1h", "off"]
Reasoning = Literal["off", "low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One worked example: what the user would send and the answer that is wanted."""

    user: str
    assistant: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """The part that all samples of a contender share, and that a provider can cache.

    `digest` is the SHA-256 (hex) of the canonical JSON of the other two fields.
    """

    system: str
    examples: tuple[Turn, ...]
    digest: str

    @property
    def n_chars(self) -> int:
        """Length of the prefix in characters, the base of every token estimate."""
        return len(self.system) + sum(len(t.user) + len(t.assistant) for t in self.examples)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything about a request that does not differ between the samples of a contender.

    `schema` is set only where the form is enforced by the provider (`enforce: native`);
    `None` for temperature, seed and reasoning means "not sent". Of `cache_ttl` only whether it is
    off belongs to the request key: it changes the bill, never the answer. `stop` holds the texts that end a raw
    completion, and `labels` the closed vocabulary where there is one: hosted chat models ignore both.
    """

    max_tokens: int
    temperature: float | None = None
    seed: int | None = None
    reasoning: Reasoning | None = None
    schema: Mapping[str, Any] | None = None
    labels: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    cache_ttl: CacheTtl = "5m"


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one model. `epoch` counts repeated asks of the same sample, from 0."""

    prefix: Prefix
    suffix: str
    parameters: Parameters
    sample_id: str
    epoch: int = 0
