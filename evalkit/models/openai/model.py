"""`openai/…`: chat completions through the official SDK, and every server that speaks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.models.access import access_of, strip_password
from evalkit.models.base import ModelContext
from evalkit.models.fields import WRONG_SHAPE, count, name_of, text_of
from evalkit.models.request_parts import chat_turns
from evalkit.models.sdk import Droppable, SdkModel, Wire, client_arguments, url_of
from evalkit.records.completion import Completion, StopReason, Timing, Usage
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Reasoning

# Room for thinking on top of the visible answer, in tokens. Unused room costs nothing.
_HEADROOM: dict[Reasoning | None, int] = {None: 8192, "off": 0, "low": 4096, "medium": 8192, "high": 32768}
_EFFORT: dict[Reasoning, str] = {"off": "none", "low": "low", "medium": "medium", "high": "high"}
_REASONS = re.compile(r"^(o\d|gpt-([5-9]|\d\d))")  # these think by default and refuse sampling parameters

# What a compatible server may refuse and the job can do without, and the name that replaces it.
_DROPPABLE: dict[str, str | None] = {
    "temperature": None,
    "seed": None,
    "reasoning_effort": None,
    "prompt_cache_key": None,
    "stream_options": None,
    "max_completion_tokens": "max_tokens",
    "max_tokens": "max_completion_tokens",
}

_STOP: dict[str | None, StopReason] = {
    "stop": "end",
    "length": "max_tokens",
    "content_filter": "refusal",
}


def open_model(spec: ModelSpec, context: ModelContext) -> OpenAIModel:
    """Open a model behind chat completions.

    A suite's own `base_url` is a compatible server: it gets the key of `api_key_env` or none at all, never
    OPENAI_API_KEY by default. Raises ModelUnavailable where the key's variable is unset, and where key or URL
    cannot be used.
    """
    access = access_of(spec)
    import openai

    with access.environment("OPENAI_"):
        client = openai.AsyncOpenAI(**client_arguments(openai, context, access))
    wire = Wire(
        sdk=openai,
        client=client,
        url=url_of(client, "/chat/completions"),
        reader=ChatReader(),
        access=access,
        timeout_s=context.timeout_s,
        stream=context.stream,
        on_headers=context.on_headers,
    )
    base_url = strip_password(str(client.base_url)).rstrip("/")
    return OpenAIModel(spec, wire, base_url, Droppable(_DROPPABLE), own_server=access.own_server)


@dataclass
class OpenAIModel(SdkModel):
    """Answers requests by chat completions; caching is automatic, the prefix goes first and is keyed.

    `own_server` marks a compatible server that the suite names by its URL.
    """

    own_server: bool = False

    @property
    def identity(self) -> Mapping[str, str | None]:
        """The parts of the request key that belong to the model."""
        return {
            "provider": self.spec.provider,
            "base_url": self.base_url,
            "model": self.spec.model,
            "revision": self.spec.revision,
            "api_version": "chat/completions",
        }

    def encode(self, prefix: Prefix, parameters: Parameters) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The body without its messages, and the messages of the prefix."""
        turns = chat_turns(prefix)
        limit = "max_tokens" if self.own_server else "max_completion_tokens"
        body: dict[str, Any] = {"model": self.spec.model, limit: self._max_tokens(parameters)}
        if parameters.cache_ttl != "off":
            # One route per prefix, so that its cached copy is found again.
            body["prompt_cache_key"] = f"evalkit-{prefix.digest[:16]}"
        if parameters.temperature is not None and not self._refuses_sampling:
            body["temperature"] = parameters.temperature
        if parameters.seed is not None:
            body["seed"] = parameters.seed
        if parameters.reasoning is not None:
            body["reasoning_effort"] = _EFFORT[parameters.reasoning]
        if parameters.schema is not None:
            form = {"name": "answer", "strict": True, "schema": parameters.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        if self.wire.stream:
            body["stream_options"] = {"include_usage": True}
        return body, turns

    @property
    def _refuses_sampling(self) -> bool:
        return not self.own_server and bool(_REASONS.search(self.spec.model))

    def _max_tokens(self, parameters: Parameters) -> int:
        thinks = parameters.reasoning is not None or bool(_REASONS.search(self.spec.model))
        return parameters.max_tokens + (_HEADROOM[parameters.reasoning] if thinks else 0)

    def not_sent(self, parameters: Parameters) -> set[str]:
        """Names of sampling parameters that the suite sets and this model does not take."""
        return {"temperature"} if parameters.temperature is not None and self._refuses_sampling else set()


class ChatReader:
    """Reads chat completions: the first choice's text, a refusal as such, usage in disjoint buckets."""

    def whole(self, data: Any, timing: Timing) -> Completion | None:
        """Read a complete answer; None if the body is not one."""
        choice = data["choices"][0]
        message = choice["message"]
        stop: StopReason = "refusal" if message.get("refusal") else _STOP.get(choice.get("finish_reason"), "other")
        text = text_of(message.get("content") or message.get("refusal") or "")
        return Completion(text, stop, timing, usage_of(data.get("usage")), name_of(data.get("model")))

    def stream(self) -> ChatStream:
        """A reader of one streamed answer."""
        return ChatStream()


@dataclass
class ChatStream:
    """Collects a streamed chat completion; the last chunk carries the usage and no choice."""

    pieces: list[str] = field(default_factory=list)
    usage: Any = None
    model: str | None = None
    stop: str | None = None
    refused: bool = False

    def feed(self, event: Any) -> bool:
        """Take one chunk; True when it carried answer text (reasoning does not count)."""
        self.model = name_of(event.get("model")) or self.model
        self.usage = event.get("usage") or self.usage
        if not event["choices"]:
            return False
        choice = event["choices"][0]
        self.stop = choice.get("finish_reason") or self.stop
        delta = choice.get("delta") or {}
        self.refused = self.refused or bool(delta.get("refusal"))
        piece = delta.get("content") or delta.get("refusal")
        if piece:
            self.pieces.append(piece)
        return bool(piece)

    def completion(self, timing: Timing) -> Completion | None:
        """The whole answer, or None where the stream broke off."""
        if self.stop is None:
            return None
        stop: StopReason = "refusal" if self.refused else _STOP.get(self.stop, "other")
        return Completion(text_of("".join(self.pieces)), stop, timing, usage_of(self.usage), self.model)


def usage_of(data: Any) -> Usage | None:
    """Chat completions' own counting, where `prompt_tokens` contains the cached ones, as disjoint buckets.

    OpenAI names one kind of cache write; it is kept in the 5-minute bucket, whose rate the price list gives.
    None where it is absent or makes no sense.
    """
    try:
        if data["prompt_tokens"] is None or data["completion_tokens"] is None:
            return None
        prompt = data.get("prompt_tokens_details") or {}
        read, written = count(prompt, "cached_tokens"), count(prompt, "cache_write_tokens")
        return Usage(
            input=max(0, count(data, "prompt_tokens") - read - written),
            cache_read=read,
            cache_write_5m=written,
            output=count(data, "completion_tokens"),
            thinking=count(data.get("completion_tokens_details") or {}, "reasoning_tokens"),
        )
    except WRONG_SHAPE:
        return None
