"""What the Messages API refuses: the checks of a body, in the vendor's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from tests.servers.wire import Body, Problem, open_objects

TTL_S = {"5m": 300, "1h": 3600}

_SINCE_NO_SAMPLING = "2026-10-21"  # from this API version on there is no temperature, top_p and top_k
_NO_SAMPLING = re.compile(r"claude-\w+-5-5$")
_NO_FORCED_TOOL = re.compile(r"claude-(opus|sonnet)-5-5$")
_NO_PREFILL = re.compile(r"claude-\w+-5(-\d)?$")

_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "model": (str, "string"),
    "max_tokens": (int, "integer"),
    "messages": (list, "array"),
    "system": ((str, list), "string or array"),
    "temperature": ((int, float), "number"),
    "top_p": ((int, float), "number"),
    "top_k": (int, "integer"),
    "stop_sequences": (list, "array"),
    "stream": (bool, "boolean"),
    "metadata": (dict, "object"),
    "thinking": (dict, "object"),
    "output_config": (dict, "object"),
    "tools": (list, "array"),
    "tool_choice": (dict, "object"),
    "cache_control": (dict, "object"),
    "service_tier": (str, "string"),
    "container": ((str, dict), "string or object"),
    "inference_geo": (str, "string"),
    "speed": (str, "string"),
    "diagnostics": (dict, "object"),
    "user_profile_id": (str, "string"),
    "workspace_id": (str, "string"),
}
_NULLABLE = frozenset({"cache_control", "container", "diagnostics", "inference_geo", "speed"})


def bad(message: str) -> Problem:
    """A 400 in the vendor's form."""
    return Problem(400, "invalid_request_error", message)


def refusal(body: Body, version: str | None, strict: bool) -> Problem | None:
    """The first thing that is wrong with a body, if anything; without `strict` only what is missing."""
    if strict and version is None:
        return bad("anthropic-version: header is required")
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            return bad(f"{name}: Field required")
    if not strict:
        return None
    for name, value in body.items():
        if name not in _TYPES:
            return bad(f"{name}: Extra inputs are not permitted")
        types, called = _TYPES[name]
        right = isinstance(value, types) and (types is bool or not isinstance(value, bool))
        if not right and not (value is None and name in _NULLABLE):
            return bad(f"{name}: Input should be a valid {called}")
    if (problem := _sampling(body, version or "")) is not None:
        return problem
    problems = (check(body) for check in (_messages, _breakpoints, _thinking, _output, _prewarm))
    return next((problem for problem in problems if problem), None)


def _controls(body: Body) -> Iterator[Mapping[str, Any] | None]:
    """Every cache_control in the order of the prompt."""
    for block in (*(body.get("tools") or ()), *_blocks(body.get("system") or [])):
        yield block.get("cache_control")
    for message in body["messages"]:
        if isinstance(message["content"], list):
            for block in message["content"]:
                yield block.get("cache_control")
    yield body.get("cache_control")


def parts_of(body: Body) -> Iterator[tuple[str, bytes, Mapping[str, Any] | None]]:
    """(role, content, cache_control) of every block in the order in which the prompt is built."""
    for tool in body.get("tools") or ():
        yield "tool", json.dumps(_bare(tool), sort_keys=True).encode(), tool.get("cache_control")
    contents = [("system", body.get("system") or [])]
    contents += [(message["role"], message["content"]) for message in body["messages"]]
    blocks = [(role, block) for role, content in contents for block in _blocks(content)]
    for i, (role, block) in enumerate(blocks, 1):
        text = block["text"] if block.get("type") == "text" else json.dumps(_bare(block), sort_keys=True)
        last = body.get("cache_control") if i == len(blocks) else None
        yield role, text.encode(), block.get("cache_control") or last


def _blocks(content: str | list[Body]) -> list[Body]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _bare(block: Body) -> Body:
    return {name: value for name, value in block.items() if name != "cache_control"}


def _sampling(body: Body, version: str) -> Problem | None:
    for name in ("temperature", "top_p", "top_k"):
        if name in body and version >= _SINCE_NO_SAMPLING:
            return bad(f"{name}: Extra inputs are not permitted")
        if name in body and _NO_SAMPLING.match(body["model"]):
            return bad(f"`{name}` is not supported for this model.")
    return None


def _messages(body: Body) -> Problem | None:
    messages = body["messages"]
    if not messages:
        return bad("messages: at least one message is required")
    for i, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            return bad(f"messages.{i}.role: Input should be 'user' or 'assistant'")
        content = message.get("content")
        if not isinstance(content, str | list):
            return bad(f"messages.{i}.content: Input should be a valid string or array")
        if not content and message["role"] == "user":
            return bad(f"messages.{i}: user messages must have non-empty content")
        if isinstance(content, list) and (problem := _content(content)) is not None:
            return problem
    if (problem := _content(_blocks(body.get("system") or []))) is not None:
        return problem
    if messages[0]["role"] != "user":
        return bad('messages: first message must use the "user" role')
    if messages[-1]["role"] != "user" and _NO_PREFILL.match(body["model"]):
        return bad("This model does not support assistant message prefill.")
    return None


def _content(blocks: list[Body]) -> Problem | None:
    for block in blocks:
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            return bad("messages: content blocks must be objects with a type")
        if block["type"] == "text" and not isinstance(block.get("text"), str):
            return bad("messages: text content blocks must have a text")
        if block["type"] == "text" and not block["text"]:
            return bad("messages: text content blocks must be non-empty")
    return None


def _breakpoints(body: Body) -> Problem | None:
    controls = [control for control in _controls(body) if control]
    for control in controls:
        if control.get("type") != "ephemeral" or control.get("ttl", "5m") not in TTL_S:
            return bad("cache_control: type must be 'ephemeral' and ttl '5m' or '1h'")
    if len(controls) > 4:
        return bad(f"A maximum of 4 blocks with cache_control may be provided. Found {len(controls)}.")
    ttls = [TTL_S[control.get("ttl", "5m")] for control in controls]
    if any(later > earlier for earlier, later in pairwise(ttls)):
        return bad("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.")
    return None


def _thinking(body: Body) -> Problem | None:
    thinking = body.get("thinking")
    if thinking is None:
        return None
    if thinking.get("type") not in ("enabled", "disabled", "adaptive", "between_tools"):
        return bad("thinking.type: unknown value")
    budget = thinking.get("budget_tokens")
    if thinking["type"] != "enabled":
        return None if budget is None else bad("thinking.budget_tokens: Extra inputs are not permitted")
    if not isinstance(budget, int) or budget < 1024:
        return bad("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if budget >= body["max_tokens"]:
        return bad("`max_tokens` must be greater than `thinking.budget_tokens`.")
    return None


def _output(body: Body) -> Problem | None:
    config = body.get("output_config") or {}
    if unknown := set(config) - {"effort", "format"}:
        return bad(f"output_config.{min(unknown)}: Extra inputs are not permitted")
    if config.get("effort") not in (None, "low", "medium", "high", "xhigh", "max"):
        return bad("output_config.effort: unknown value")
    if (wanted := config.get("format")) is not None:
        if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
            return bad("output_config.format.type: Input should be 'json_schema'")
        if not isinstance(wanted.get("schema"), dict):
            return bad("output_config.format.schema: Input should be a valid object")
        if open_objects(wanted["schema"]):
            return bad(
                "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"
            )
    forced = (body.get("tool_choice") or {}).get("type") in ("any", "tool")
    if forced and _NO_FORCED_TOOL.match(body["model"]):
        return bad("tool_choice: forced tool use is not supported for this model.")
    return None


def _prewarm(body: Body) -> Problem | None:
    if body["max_tokens"] < 0:
        return bad("max_tokens: Input should be greater than or equal to 0")
    structured = (body.get("output_config") or {}).get("format")
    if body["max_tokens"] == 0 and (body.get("stream") or body.get("thinking") or structured):
        return bad("max_tokens: 0 cannot be combined with stream, thinking or output_config.format")
    return None
