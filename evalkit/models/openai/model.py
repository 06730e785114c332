"""`openai/…`: chat completions through the official SDK, and every server that speaks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.models.access import access_of, strip_password
from evalkit.models.base import ModelContext
from evalkit.models.droppable import Droppable
from evalkit.models.openai.answers import ChatReader
from evalkit.models.request_parts import chat_turns
from evalkit.models.sdk import SdkModel, Wire, client_arguments, url_of
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Reasoning

# Room for thinking on top of the visible answer, in tokens. Unused room costs nothing.
_HEADROOM: dict[Reasoning | None, int] = {None: 8192, "off": 0, "low": 4096, "medium": 8192, "high": 32768}
_EFFORT: dict[Reasoning, str] = {"off": "none", "low": "low", "medium": "medium", "high": "high"}
_REASONS = re.compile(r"^(o\d|gpt-([5-9]|\d\d))")  # these think by default and refuse sampling parameters

# What a compatible server may refuse and the job can do without, and the name that replaces it.
DROPPABLE: dict[str, str | None] = {
    "temperature": None,
    "seed": None,
    "reasoning_effort": None,
    "prompt_cache_key": None,
    "stream_options": None,
    "max_completion_tokens": "max_tokens",
    "max_tokens": "max_completion_tokens",
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
        client = openai.AsyncOpenAI(**client_arguments(context, access))
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
    return OpenAIModel(spec, wire, base_url, Droppable(DROPPABLE), own_server=access.own_server)


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
            schema = self.sent_schema(parameters.schema)
            form = {"name": "answer", "strict": True, "schema": schema}
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
