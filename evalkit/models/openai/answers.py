"""Chat completions as they are answered: whole or streamed, by OpenAI or by a server that speaks like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.models.content import Text
from evalkit.models.endings import stop_of, unfinished
from evalkit.models.fields import WRONG_SHAPE, count, first_counter, name_of
from evalkit.models.inside import error_inside
from evalkit.records.completion import Completion, Failure, StopReason, Timing, Usage

_FIELD = "finish_reason"

# Where servers tell how many tokens were read from their cache: OpenAI, DeepSeek, Kimi, gateways to Anthropic.
CACHE_READ = (
    ("prompt_tokens_details", "cached_tokens"),
    ("prompt_cache_hit_tokens",),
    ("cached_tokens",),
    ("prompt_tokens_details", "cache_read_tokens"),
    ("prompt_tokens_details", "cache_read_input_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("cache_read_input_tokens",),
)
# And how many were written to it: OpenAI, LiteLLM, other gateways.
CACHE_WRITTEN = (
    ("prompt_tokens_details", "cache_write_tokens"),
    ("prompt_tokens_details", "cache_creation_tokens"),
    ("prompt_tokens_details", "cache_creation_input_tokens"),
    ("cache_creation_input_tokens",),
)


class ChatReader:
    """Reads chat completions: the first choice's text, a refusal as such, usage in disjoint buckets."""

    def whole(self, data: Any, timing: Timing) -> Completion | Failure | None:
        """Read a complete answer; None if the body is not one."""
        choices = data["choices"]
        if choices is None or choices == []:
            return unfinished("the answer has no choices")
        choice = choices[0]
        if (failure := _choice_error(choice)) is not None:
            return failure
        stop, text = _stop(choice, choice.get(_FIELD)), Text()
        if (message := choice.get("message")) is not None:
            text.add_message(message)
        elif not isinstance(stop, Failure) and stop != "refusal":
            return unfinished("the answer has a choice without a message")
        usage = usage_of(data.get("usage") or choice.get("usage"))
        return text.completion(stop, timing, usage, name_of(data.get("model")))

    def stream(self) -> ChatStream:
        """A reader of one streamed answer."""
        return ChatStream()


@dataclass
class ChatStream:
    """Collects a streamed chat completion; the last chunk carries the usage and no choice."""

    text: Text = field(default_factory=Text)
    usage: Any = None
    model: str | None = None
    last: Any = None
    reason: Any = None
    failure: Failure | None = None

    def feed(self, event: Any) -> bool:
        """Take one chunk; True when it carried answer text (reasoning does not count)."""
        if not isinstance(event, Mapping):
            return False  # a gateway's sign of life
        self.failure = self.failure or error_inside(event, whole=False)
        self.model = name_of(event.get("model")) or self.model
        self.usage = event.get("usage") or self.usage
        choices = event.get("choices")
        if not choices:
            return False
        choice = choices[0]
        self.failure = self.failure or _choice_error(choice)
        self.usage = choice.get("usage") or self.usage
        if choice.get(_FIELD):
            self.reason = choice[_FIELD]
        if _is_filtered(choice):
            self.last = choice
        return self.text.add_message(choice.get("delta") or {})

    def completion(self, timing: Timing) -> Completion | Failure | None:
        """The whole answer, or None where the stream broke off."""
        if self.failure is not None:
            return self.failure
        if self.reason is None and self.last is None:
            return None
        return self.text.completion(_stop(self.last or {}, self.reason), timing, usage_of(self.usage), self.model)


def _choice_error(choice: Any) -> Failure | None:
    """The error that a choice holds in the place of an answer, or beside a part of one."""
    error = choice.get("error")
    return error_inside({"error": error}) if error else None


def _stop(choice: Mapping[str, Any], reason: Any) -> StopReason | Failure:
    """The ending. A filter that struck is told by Azure beside the choice, with or without an ending."""
    if _is_filtered(choice):
        return "refusal"
    return stop_of(reason, _FIELD)


def _is_filtered(choice: Mapping[str, Any]) -> bool:
    found = choice.get("content_filter_results")
    if not isinstance(found, Mapping):
        return False
    return any(isinstance(each, Mapping) and each.get("filtered") is True for each in found.values())


def usage_of(data: Any) -> Usage | None:
    """Chat completions' own counting, where `prompt_tokens` contains the cached ones, as disjoint buckets.

    One kind of cache write is told; it is kept in the 5-minute bucket, whose rate the price list gives. What was read
    from cache is unknown where no counter tells it. None where the counts are absent or make no sense: no prompt has 0.
    """
    try:
        if data["prompt_tokens"] is None or data["completion_tokens"] is None:
            return None
        prompt, output = count(data, "prompt_tokens"), count(data, "completion_tokens")
    except WRONG_SHAPE:
        return None
    if prompt == 0:
        return None
    read, written = first_counter(data, CACHE_READ), first_counter(data, CACHE_WRITTEN) or 0
    missed = first_counter(data, (("prompt_cache_miss_tokens",),))
    if read is None and missed is not None:
        read = max(0, prompt - missed)
    cached = (read or 0) + written
    thinking = first_counter(data, (("completion_tokens_details", "reasoning_tokens"),)) or 0
    total = first_counter(data, (("total_tokens",),)) or 0
    # Some count thinking beside the completion (xAI, Gemini): only the total, which is what is billed, has it.
    if cached <= prompt and total > prompt + output:
        output, thinking = total - prompt, max(thinking, total - prompt - output)
    return Usage(
        # More of them than the prompt has: this server counts what is cached apart.
        input=prompt - cached if cached <= prompt else prompt,
        cache_read=read,
        cache_write_5m=written,
        output=output,
        thinking=thinking,
    )
