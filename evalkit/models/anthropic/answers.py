"""Messages as they are answered: whole or streamed, by Anthropic or by a server that speaks like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.models.content import Text
from evalkit.models.endings import stop_of
from evalkit.models.fields import WRONG_SHAPE, count, first_counter, name_of
from evalkit.models.inside import error_inside
from evalkit.records.completion import Completion, Failure, Timing, Usage

_FIELD = "stop_reason"


class MessagesReader:
    """Reads Messages answers: text blocks joined, thinking apart, usage in disjoint buckets."""

    def whole(self, data: Any, timing: Timing) -> Completion | Failure | None:
        """Read a complete message; None if the body is not one."""
        if data["type"] != "message":
            return None
        text = Text()
        content = data.get("content")
        text.add(content)
        text.said = text.said or content == []  # a model that has nothing to say
        stop = stop_of(data.get(_FIELD), _FIELD)
        return text.completion(stop, timing, usage_of(data.get("usage")), name_of(data.get("model")))

    def stream(self) -> MessagesStream:
        """A reader of one streamed message."""
        return MessagesStream()


@dataclass
class MessagesStream:
    """Collects a streamed message. The 5 m / 1 h split of cache writes comes only in `message_start`."""

    text: Text = field(default_factory=lambda: Text(said=True))
    usage: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    reason: Any = None
    done: bool = False
    failure: Failure | None = None

    def feed(self, event: Any) -> bool:
        """Take one event; True when it carried answer text (thinking does not count)."""
        if not isinstance(event, Mapping):
            return False
        self.failure = self.failure or error_inside(event, whole=False)
        kind = event.get("type")
        if kind == "content_block_delta":
            return self._delta(event.get("delta") or {})
        if kind == "content_block_start":
            block = event.get("content_block") or {}
            # A text block opens empty, and some servers leave that out.
            return self.text.add_block({"text": "", **block} if block.get("type") == "text" else block)
        if kind == "message_start":
            message = event.get("message") or {}
            self.model = name_of(message.get("model"))
            self._count(message.get("usage"))
        elif kind == "message_delta":
            self.reason = (event.get("delta") or {}).get(_FIELD) or self.reason
            self._count(event.get("usage"))
        elif kind == "message_stop":
            self.done = True
        return False

    def _delta(self, delta: Mapping[str, Any]) -> bool:
        if delta.get("type") == "text_delta":
            return self.text.add(delta["text"])
        if delta.get("type") == "thinking_delta":
            self.text.thought = True
        return False

    def _count(self, usage: Any) -> None:
        if isinstance(usage, Mapping):
            self.usage |= {name: value for name, value in usage.items() if value is not None}

    def completion(self, timing: Timing) -> Completion | Failure | None:
        """The whole message, or None where the stream broke off."""
        if self.failure is not None:
            return self.failure
        if not self.done:
            return None
        return self.text.completion(stop_of(self.reason, _FIELD), timing, usage_of(self.usage), self.model)


def usage_of(data: Any) -> Usage | None:
    """Messages' own counting, where `input_tokens` already leaves cached tokens out, as disjoint buckets.

    What was read from cache is unknown where no counter tells it. None where the counts are absent or make no sense: no
    prompt has 0 tokens.
    """
    try:
        if data["input_tokens"] is None or data["output_tokens"] is None:
            return None
        fresh, output = count(data, "input_tokens"), count(data, "output_tokens")
    except WRONG_SHAPE:
        return None
    long = first_counter(data, (("cache_creation", "ephemeral_1h_input_tokens"),)) or 0
    short = first_counter(data, (("cache_creation", "ephemeral_5m_input_tokens"),)) or 0
    written = first_counter(data, (("cache_creation_input_tokens",),))
    read = first_counter(data, (("cache_read_input_tokens",),))
    if not (fresh or read or written or short or long):
        return None
    return Usage(
        input=fresh,
        cache_read=read,
        cache_write_5m=short if written is None else max(0, written - long),
        cache_write_1h=long,
        output=output,
        thinking=first_counter(data, (("output_tokens_details", "thinking_tokens"),)) or 0,
    )
