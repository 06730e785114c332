"""What the chat completions API refuses: the checks of a body, in the vendor's words."""

from __future__ import annotations

import re

from tests.servers.wire import Body, Problem, open_objects

_REASONING = re.compile(r"(gpt-[56]|o[134](-|$))")
_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs")

_NUMBER = ((int, float), "a decimal")
_INTEGER = (int, "an integer")
_STRING = (str, "a string")
_BOOLEAN = (bool, "a boolean")
_ARRAY = (list, "an array")
_OBJECT = (dict, "an object")
_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "model": _STRING,
    "messages": _ARRAY,
    "max_tokens": _INTEGER,
    "max_completion_tokens": _INTEGER,
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "presence_penalty": _NUMBER,
    "frequency_penalty": _NUMBER,
    "seed": _INTEGER,
    "n": _INTEGER,
    "stop": ((str, list), "a string or an array"),
    "stream": _BOOLEAN,
    "stream_options": _OBJECT,
    "response_format": _OBJECT,
    "reasoning_effort": _STRING,
    "verbosity": _STRING,
    "logprobs": _BOOLEAN,
    "top_logprobs": _INTEGER,
    "logit_bias": _OBJECT,
    "metadata": _OBJECT,
    "prompt_cache_key": _STRING,
    "prompt_cache_options": _OBJECT,
    "prompt_cache_retention": _STRING,
    "safety_identifier": _STRING,
    "service_tier": _STRING,
    "store": _BOOLEAN,
    "user": _STRING,
    "tools": _ARRAY,
    "tool_choice": ((str, dict), "a string or an object"),
    "parallel_tool_calls": _BOOLEAN,
    "modalities": _ARRAY,
    "prediction": _OBJECT,
}
_ROLES = ("developer", "system", "user", "assistant", "tool")
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def bad(message: str, code: str | None = None, param: str | None = None) -> Problem:
    """A 400 in the vendor's form."""
    return Problem(400, "invalid_request_error", message, code, param)


def refusal(body: Body, strict: bool) -> Problem | None:
    """The first thing that is wrong with a body, if anything; without `strict` only what is missing."""
    for name in ("model", "messages"):
        if name not in body:
            return bad(f"Missing required parameter: '{name}'.", "missing_required_parameter", name)
    if not strict:
        return None
    for name, value in body.items():
        if name not in _TYPES:
            return bad(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
        types, called = _TYPES[name]
        right = isinstance(value, types) and (types is bool or not isinstance(value, bool))
        if not right and (value is not None or name in ("model", "messages")):
            return bad(f"Invalid type for '{name}': expected {called}.", "invalid_type", name)
    problems = (check(body) for check in (_limits, _reasoning, _messages, _stream, _output))
    return next((problem for problem in problems if problem), None)


def _limits(body: Body) -> Problem | None:
    if "max_tokens" in body and "max_completion_tokens" in body:
        return bad(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "invalid_parameter_combination",
            "max_tokens",
        )
    for name in ("max_tokens", "max_completion_tokens"):
        if (value := body.get(name)) is not None and value < 1:
            return bad(f"Invalid '{name}': expected a value >= 1.", "integer_below_min_value", name)
    if not 0 <= (body.get("temperature") or 0) <= 2:
        return bad("Invalid 'temperature': expected 0 to 2.", "decimal_above_max_value", "temperature")
    return None


def _reasoning(body: Body) -> Problem | None:
    reasons = _REASONING.match(body["model"])
    for name in (*_SAMPLING, "max_tokens") if reasons else ("reasoning_effort",):
        if body.get(name) is not None:
            hint = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
            message = f"Unsupported parameter: '{name}' is not supported with this model.{hint}"
            return bad(message, "unsupported_parameter", name)
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in _EFFORTS:
        return bad(f"Invalid value: '{effort}'.", "invalid_value", "reasoning_effort")
    return None


def _messages(body: Body) -> Problem | None:
    if not body["messages"]:
        return bad("Invalid 'messages': empty array.", "empty_array", "messages")
    for i, message in enumerate(body["messages"]):
        where = f"messages[{i}]"
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return bad(f"Invalid value for '{where}.role'.", "invalid_value", f"{where}.role")
        content = message.get("content")
        blocks = content if isinstance(content, list) else []
        wrong = any(not isinstance(b, dict) or not isinstance(b.get("type"), str) for b in blocks)
        if wrong or not isinstance(content, str | list):
            return bad(f"Invalid type for '{where}.content'.", "invalid_type", f"{where}.content")
    return None


def _stream(body: Body) -> Problem | None:
    if body.get("stream_options") is not None and not body.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        return bad(message, None, "stream_options")
    return None


def _output(body: Body) -> Problem | None:
    wanted = body.get("response_format") or {"type": "text"}
    if wanted.get("type") not in ("text", "json_object", "json_schema"):
        return bad("Invalid value for 'response_format.type'.", "invalid_value", "response_format.type")
    if wanted["type"] != "json_schema":
        return None
    declared = wanted.get("json_schema")
    if not isinstance(declared, dict) or not re.fullmatch(r"[\w-]{1,64}", str(declared.get("name", ""))):
        param = "response_format.json_schema.name"
        return bad(f"Missing or invalid '{param}'.", "missing_required_parameter", param)
    schema = declared.get("schema")
    if declared.get("strict") and (open_objects(schema) or _optional(schema)):
        message = (
            f"Invalid schema for response_format '{declared['name']}': 'additionalProperties' must be false "
            "and 'required' must name every property."
        )
        return bad(message, "invalid_json_schema", "response_format")
    return None


def _optional(schema: object) -> bool:
    """Whether any object in the schema has a property that is not required."""
    if isinstance(schema, list):
        return any(_optional(item) for item in schema)
    if not isinstance(schema, dict):
        return False
    properties = schema.get("properties")
    if schema.get("type") == "object" and isinstance(properties, dict):
        missing = set(properties) - set(schema.get("required") or ())
        return bool(missing) or any(_optional(part) for part in properties.values())
    return any(_optional(value) for name, value in schema.items() if name not in ("enum", "const"))
