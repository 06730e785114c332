"""`anthropic/…`: the Messages API through the official SDK."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.models.access import access_of, strip_password
from evalkit.models.anthropic.answers import MessagesReader
from evalkit.models.base import ModelContext
from evalkit.models.droppable import Droppable
from evalkit.models.request_parts import example_turns
from evalkit.models.sdk import SdkModel, Wire, client_arguments, url_of
from evalkit.records.model import ModelSpec
from evalkit.records.request import Parameters, Prefix, Reasoning

# Room for thinking on top of the visible answer, in tokens. Unused room costs nothing.
_HEADROOM: dict[Reasoning | None, int] = {None: 8192, "off": 0, "low": 4096, "medium": 8192, "high": 32768}
_BUDGET: dict[Reasoning, int] = {"low": 2048, "medium": 4096, "high": 16384}

# Claude 3 and 4.x take temperature under this API version and think only when asked to; up to 4.5 thinking
# is asked for by a token budget, later by effort.
_LEGACY_VERSION = "2023-06-01"
_TAKES_TEMPERATURE = re.compile(r"claude-(3|(opus|sonnet|haiku)-4)\b")
_BUDGET_THINKING = re.compile(r"claude-(3|(opus|sonnet|haiku)-4(-[0-5])?(-\d{8})?$)")


def is_legacy(name: str) -> bool:
    """Whether a model takes a temperature, under an older version of the API, and thinks only when asked to."""
    return bool(_TAKES_TEMPERATURE.search(name))


def open_model(spec: ModelSpec, context: ModelContext) -> AnthropicModel:
    """Open a model of the Messages API.

    A suite's own `base_url` gets the key of `api_key_env` or none at all, never ANTHROPIC_API_KEY by default.
    Raises ModelUnavailable where the key's variable is unset, and where key or URL cannot be used.
    """
    access = access_of(spec)
    import anthropic

    with access.environment("ANTHROPIC_"):
        client = anthropic.AsyncAnthropic(
            **client_arguments(context, access),
            open_telemetry=False,
        )
    legacy = is_legacy(spec.model)
    version = _LEGACY_VERSION if legacy else str(client.default_headers.get("anthropic-version"))
    wire = Wire(
        sdk=anthropic,
        client=client,
        url=url_of(client, "/v1/messages"),
        reader=MessagesReader(),
        access=access,
        timeout_s=context.timeout_s,
        stream=context.stream,
        on_headers=context.on_headers,
        headers={"anthropic-version": version} if legacy else {},
    )
    return AnthropicModel(
        spec,
        wire,
        strip_password(str(client.base_url)).rstrip("/"),
        Droppable({"temperature": None, "thinking": None}),
        api_version=version,
        legacy=legacy,
    )


@dataclass
class AnthropicModel(SdkModel):
    """Answers requests by Messages; the prefix ends in an explicit cache breakpoint.

    `legacy` models take a temperature and think only when asked to.
    """

    api_version: str = ""
    legacy: bool = False

    @property
    def identity(self) -> Mapping[str, str | None]:
        """The parts of the request key that belong to the model."""
        return {
            "provider": self.spec.provider,
            "base_url": self.base_url,
            "model": self.spec.model,
            "revision": self.spec.revision,
            "api_version": self.api_version,
        }

    @property
    def known_as(self) -> str:
        """The vendor's name of the model, from which follows what it takes."""
        return self.spec.model

    def cache_mark(self, parameters: Parameters) -> dict[str, Any]:
        """What stands on the block that ends the cached prefix."""
        if parameters.cache_ttl == "off":
            return {}
        return {"cache_control": {"type": "ephemeral", "ttl": parameters.cache_ttl}}

    def encode(self, prefix: Prefix, parameters: Parameters) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The body without its messages, and the messages of the prefix."""
        mark = self.cache_mark(parameters)
        turns = example_turns(prefix)
        body: dict[str, Any] = {"model": self.spec.model, "max_tokens": self._max_tokens(parameters)}
        if turns:
            last = turns[-1]
            last["content"] = [{"type": "text", "text": last["content"], **mark}]
        if prefix.system:
            # The breakpoint ends the prefix: it is on the system text only where no example follows.
            body["system"] = [{"type": "text", "text": prefix.system, **({} if turns else mark)}]
        body |= self._reasoning(parameters)
        if parameters.schema is not None:
            output_config = body.setdefault("output_config", {})
            output_config["format"] = {"type": "json_schema", "schema": self.sent_schema(parameters.schema)}
        if parameters.temperature is not None and self._takes_temperature(parameters):
            body["temperature"] = parameters.temperature
        return body, turns

    def _max_tokens(self, parameters: Parameters) -> int:
        thinks = parameters.reasoning is not None or not self.legacy
        return parameters.max_tokens + (_HEADROOM[parameters.reasoning] if thinks else 0)

    def _reasoning(self, parameters: Parameters) -> dict[str, Any]:
        level = parameters.reasoning
        if level is None or (level == "off" and self.legacy):
            return {}
        if level == "off":
            return {"thinking": {"type": "disabled"}}
        if _BUDGET_THINKING.search(self.known_as):
            return {"thinking": {"type": "enabled", "budget_tokens": _BUDGET[level]}}
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": level}}

    def not_sent(self, parameters: Parameters) -> set[str]:
        """Names of sampling parameters that the suite sets and this model does not take."""
        seed = {"seed"} if parameters.seed is not None else set()
        dropped = parameters.temperature is not None and not self._takes_temperature(parameters)
        return seed | ({"temperature"} if dropped else set())

    def _takes_temperature(self, parameters: Parameters) -> bool:
        """Older models take one, but not while they think."""
        return self.legacy and parameters.reasoning in (None, "off")
