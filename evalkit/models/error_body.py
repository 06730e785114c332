"""The body of an error, of whatever shape: its own message, its machine-readable codes, the words to look for.

Shapes that are out there: `{"error": {"message", "type", "code"}}`, `{"error": "text"}`, a list of the first (Gemini),
`{"detail": "text"}` or `{"detail": [{"loc", "msg"}]}` (FastAPI), `{"message"}`, plain text, and an error of somebody
behind a gateway inside `metadata.raw` (OpenRouter).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_DEEPEST = 6
_LONGEST = 4000  # characters that are looked at
_MESSAGES = ("message", "msg", "detail", "error", "errors", "error_message", "error_msg", "reason", "title")
_CODES = ("type", "code", "error_code", "error_type", "status", "limit_source")
_INSIDE = ("error", "errors", "innererror", "inner_error", "details", "detail", "metadata", "provider_specific_fields")
_FACTS = ("quotaId", "quotaMetric", "retryDelay", "reason")

# Text in quotation marks of more than two words: a provider's quotation of what it was sent.
_QUOTED = re.compile(
    r"""(?:(?<=[\s(:=,\[])|^)(["'`])(?=\S)([^\n]{1,2000}?)(?<=\S)\1(?=[\s).,:;!?\]]|$)|“([^”]{1,2000})”"""
)
_PAGE = re.compile(r"<(!doctype|html|head|body)\b", re.IGNORECASE)
_TAG = re.compile(r"(?is)<(script|style)\b.{0,20000}?</\1>|<[^>]{0,500}>")
_SPACES = re.compile(r"\s+")


def message_of(body: object) -> str:
    """The body's own message; what a gateway quotes of another's error follows it. Empty where there is none."""
    found = _message(body, 0)
    raw = _raw(body)
    behind = _message(raw, 0) if raw is not None else ""
    return f"{found}: {behind}" if found and behind and behind not in found else found or behind


def codes_of(body: object) -> set[str]:
    """Every code in the body, in small letters."""
    found: set[str] = set()
    for part in _parts(body, 0):
        found.update(str(part[k]).lower() for k in _CODES if isinstance(part.get(k), str | int))
        if "flagged_input" in part:
            found.add("flagged_input")
    return found - {"error"}


def words_of(body: object, message: str) -> str:
    """The message in small letters, without longer quotations, and what the body tells besides it."""
    told = message_of(body) or message
    facts = [f"{k} {part[k]}" for part in _parts(body, 0) for k in _FACTS if isinstance(part.get(k), str)]
    return " ".join([_unquoted(told[:_LONGEST]), *facts]).lower()


def _unquoted(text: str) -> str:
    flat = _SPACES.sub(" ", text)
    return _QUOTED.sub(lambda found: found[0] if len((found[2] or found[3]).split()) <= 2 else '""', flat).strip()


def _message(body: object, depth: int) -> str:
    if isinstance(body, str):
        return _text(body, depth)
    if depth > _DEEPEST:
        return ""
    if isinstance(body, Mapping):
        return next((text for name in _MESSAGES if (text := _message(body.get(name), depth + 1))), "")
    if isinstance(body, list):
        return "; ".join(dict.fromkeys(text for part in body[:3] if (text := _message(part, depth + 1))))
    return ""


def _text(text: str, depth: int) -> str:
    """A text; the message inside it where it is JSON, as gateways send it."""
    flat = text.strip()
    if flat[:1] in ("{", "[") and depth <= _DEEPEST and (inner := _decoded(flat)) is not None:
        return _message(inner, depth + 1) or flat
    return " ".join(_TAG.sub(" ", flat).split()) if _PAGE.match(flat) else flat


def _parts(body: object, depth: int) -> Iterator[Mapping[str, Any]]:
    if isinstance(body, str) and body.strip()[:1] in ("{", "["):
        body = _decoded(body)
    if depth > _DEEPEST:
        return
    if isinstance(body, list):
        for part in body[:8]:
            yield from _parts(part, depth + 1)
    elif isinstance(body, Mapping):
        yield body
        for name in (*_INSIDE, "raw", "message", "violations"):
            if (inner := body.get(name)) is not None:
                yield from _parts(inner, depth + 1)


def _raw(body: object) -> object:
    """What somebody behind a gateway said."""
    return next((part["raw"] for part in _parts(body, 0) if part.get("raw")), None)


def _decoded(text: str) -> object:
    try:
        return json.loads(text[:65_536])
    except (ValueError, RecursionError):
        return None
