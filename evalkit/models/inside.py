"""An error where an answer should be: inside a 200, inside a stream, inside a line of a batch.

Gateways and compatible servers report errors in a body with status 200, each in its own shape. What is found is judged
by the one table of failures, as if it had come with its own status.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evalkit.models.endings import unfinished
from evalkit.models.failures import ApiError, classify
from evalkit.records.completion import Failure

# The status that an error has by its name, where it tells none.
NAMED_STATUS: Mapping[str, int] = {
    "invalid_request_error": 400,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "resource_exhausted": 429,
    "api_error": 500,
    "server_error": 500,
    "internal_server_error": 500,
    "internal": 500,
    "service_unavailable": 503,
    "unavailable": 503,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_STATUS_KEYS = ("code", "status", "status_code", "http_status", "http_code")
_NAME_KEYS = ("type", "code", "status")
_MESSAGE_KEYS = ("message", "msg", "detail", "status_msg", "error_msg", "reason")
_SHOWN = 200


def error_inside(data: Any, whole: bool = True) -> Failure | None:
    """The failure that a body reports instead of an answer, or beside one; None where it reports none.

    A `whole` body that has no answer but some words is an error too; an event of a stream is not for that alone.
    """
    error = _reported(data, whole)
    if error is None:
        return None
    outer = data if isinstance(data, Mapping) else {}
    status = _status(error) or _status(outer) or _named(error)
    message = message_of(error) or message_of(outer)
    # The table reads codes and words in the one shape that it knows.
    inner = error if isinstance(error, Mapping) else {}
    body = {"error": {**inner, "message": message or _excerpt(error)}}
    failure = classify(ApiError(status, body, message or _excerpt(error)))
    told = re.sub(r"^HTTP \d+: ", "", failure.reason)
    number = "" if status is None else f" {status}"
    return replace(failure, reason=f"error{number} inside an HTTP 200: {told}", http_status=status or 200)


def no_answer_in(data: Any, what: str) -> Failure:
    """A body without an answer, with what it holds instead."""
    return error_inside(data) or unfinished(f"{what}: {_excerpt(data)}")


def _reported(data: Any, whole: bool) -> Any:
    """The part of a body that is an error."""
    if isinstance(data, list):
        return next((found for each in data[:3] if (found := _reported(each, whole)) is not None), None)
    if not isinstance(data, Mapping):
        return None
    error = data.get("error")
    if isinstance(error, list):
        error = next((each for each in error if isinstance(each, Mapping)), None)
    if _is_error(error):
        return error
    if data.get("type") == "error" or data.get("object") == "error":
        return data
    base = data.get("base_resp")
    if isinstance(base, Mapping) and base.get("status_code"):
        return base
    if whole and not data.get("choices") and data.get("type") != "message" and message_of(data):
        return data
    return None


def _is_error(error: Any) -> bool:
    if isinstance(error, Mapping):
        return any(error.get(name) for name in (*_MESSAGE_KEYS, *_STATUS_KEYS, *_NAME_KEYS))
    return error is True or (isinstance(error, str) and bool(error.strip()))


def _status(part: Any) -> int | None:
    """A number between 400 and 599 where a status may stand, also as text."""
    if not isinstance(part, Mapping):
        return None
    for name in _STATUS_KEYS:
        value = part.get(name)
        if isinstance(value, str) and re.fullmatch(r"[45]\d\d", value.strip()):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:
            return value
    return None


def _named(part: Any) -> int | None:
    if not isinstance(part, Mapping):
        return None
    names = [str(part.get(name)).lower() for name in _NAME_KEYS]
    return next((NAMED_STATUS[name] for name in names if name in NAMED_STATUS), None)


def message_of(part: Any) -> str | None:
    """What an error says in words, where it says anything."""
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        return None
    for name in _MESSAGE_KEYS:
        value = part.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return None


def _excerpt(data: Any) -> str:
    """The beginning of a body, for a person to recognise it."""
    try:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=True, default=str)
    except (ValueError, TypeError, RecursionError):
        text = type(data).__name__
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"
