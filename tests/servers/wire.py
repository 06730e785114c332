"""The seam between the shared server and one vendor's wire format."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import msgspec

from evalkit.records.completion import Usage
from tests.servers.config import Config, Kind, Then
from tests.servers.counters import Bucket

Body = dict[str, Any]
Stop = Literal["end", "max_tokens", "refusal"]

# One token by the rule below; thinking of n tokens is this text n times.
THOUGHT = "hmm "


def tokens(n_bytes: int) -> int:
    """Tokens of so many UTF-8 bytes: a quarter, rounded up."""
    return -(-n_bytes // 4)


# A throughput benchmark's server must cost little beside its client; the standard library's JSON does not.
encode = msgspec.json.encode
decode = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in the vendor's terms. `code` is OpenAI's `code` and Anthropic's `error_code`."""

    status: int
    type: str
    message: str
    code: str | None = None
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What the answer depends on.

    `texts` are readings of the last user message: all of it, then its last block. `thinks` tells whether the
    model would think, `with_usage` whether the answer tells its usage.
    """

    body: Body
    model: str
    texts: tuple[str, ...]
    stream: bool
    max_tokens: int | None
    thinks: bool
    schema: Mapping[str, Any] | None
    with_usage: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: visible text, thinking in tokens, the raw stop reason, tokens by bucket.

    `usage` is what was spent; it is told only where `with_usage`.
    """

    number: int
    model: str
    text: str
    thinking: int
    stop: str
    refused: bool
    usage: Usage
    with_usage: bool


class Api(ABC):
    """One vendor's wire format; the server sets `config` whenever it changes."""

    path: ClassVar[str]
    stops: ClassVar[Mapping[Stop, str]]
    request_id_header: ClassVar[str]
    limits_cache_reads: ClassVar[bool]

    config: Config = Config()

    @abstractmethod
    def batches(self, answer: Callable[[Body, Mapping[str, str]], Any]) -> Any:
        """The vendor's batch endpoints, a `tests.servers.batches.BatchApi`."""

    @abstractmethod
    def key(self, headers: Mapping[str, str]) -> str | None:
        """The key that a request carries."""

    @abstractmethod
    def check(self, body: Body, headers: Mapping[str, str]) -> Problem | None:
        """What the vendor would refuse, if anything."""

    @abstractmethod
    def read(self, body: Body) -> Ask:
        """Read a checked body."""

    @abstractmethod
    def look_up(self, body: Body, now: float) -> tuple[Usage, Callable[[], None]]:
        """Prompt tokens by bucket; the callable makes what was written readable to later requests."""

    @abstractmethod
    def forget(self) -> None:
        """Empty the prompt cache."""

    @abstractmethod
    def problem(self, kind: Kind | int, body: Body, then: Then) -> Problem:
        """The vendor's error of a fault kind, or its usual one for a status."""

    @abstractmethod
    def error(self, problem: Problem, request_id: str) -> Body:
        """The error body."""

    @abstractmethod
    def rate_headers(self, requests: Bucket | None, tokens: Bucket | None, now: float) -> dict[str, str]:
        """The limits as the vendor's headers."""

    @abstractmethod
    def whole(self, answer: Answer) -> Body:
        """The answer to a request without stream."""

    @abstractmethod
    def opening(self, answer: Answer) -> bytes:
        """The events before the first visible text, thinking included."""

    @abstractmethod
    def delta(self, answer: Answer, piece: str) -> bytes:
        """The event with a piece of the text."""

    @abstractmethod
    def closing(self, answer: Answer) -> bytes:
        """The events after the last text."""

    @abstractmethod
    def midstream_error(self) -> bytes:
        """The event that tells of an overload inside a stream."""


def last_user_texts(messages: list[Body]) -> tuple[str, ...]:
    """Readings of the last user message: its text blocks joined, then the last block alone."""
    content = next((m.get("content") for m in reversed(messages) if m.get("role") == "user"), "")
    if isinstance(content, str):
        return (content,)
    parts = [b.get("text", "") for b in content or () if b.get("type") == "text"]
    return ("".join(parts), parts[-1]) if parts else ("",)


def wrap(schema: Mapping[str, Any], text: str) -> str:
    """The text as `{"name": text}` where the schema requires just one property and that is an enum."""
    required = schema.get("required") or []
    properties = schema.get("properties") or {}
    if len(required) == 1 and "enum" in properties.get(required[0], {}):
        return json.dumps({required[0]: text}, ensure_ascii=False)
    return text


def open_objects(schema: object) -> bool:
    """Whether any object in the schema allows additional properties, which both vendors refuse."""
    if isinstance(schema, list):
        return any(open_objects(item) for item in schema)
    if not isinstance(schema, dict):
        return False
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return True
    return any(open_objects(value) for name, value in schema.items() if name not in ("enum", "const"))
