"""JSON without mercy: one value, no duplicate keys, no NaN, no trailing text; and its canonical text."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from evalkit.errors import NotJson
from evalkit.forms.parsing.notes import shown

MAX_DEPTH = 100
_FENCE = "```"


def decode(text: str) -> Any:
    """The value of a text that is exactly one JSON value (RFC 8259; white space around it is part of the
    form).

    Raises NotJson for anything else, and for what a store could not hold: duplicate keys, numbers beyond a
    double, lone surrogates, more than 100 levels.
    """
    try:
        value = _DECODER.decode(text)
        # Only escapes and raw characters beyond ASCII can bring a lone surrogate.
        if "\\u" in text or not text.isascii():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise NotJson(_reason(text, error)) from None
    except UnicodeEncodeError:
        raise NotJson("lone surrogate in the JSON") from None
    except RecursionError:
        raise NotJson(_TOO_DEEP) from None
    except NotJson:
        raise
    except ValueError:  # an integer of more digits than Python converts
        raise NotJson("number out of range in the JSON") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and too_deep(value):
        raise NotJson(_TOO_DEEP)
    return value


def canonical(value: Any) -> str:
    """A JSON value as text: a string as it is, all else as JSON with sorted keys and no white space.

    Numbers stand by their value: 2.0, 2 and 2e0 are "2".
    """
    if isinstance(value, str):
        return value
    return json.dumps(_by_value(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _by_value(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _by_value(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_by_value(inner) for inner in value]
    return value


_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise NotJson(f"duplicate key {shown(key, 40)}")
        seen.add(key)
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise NotJson("number out of range in the JSON")
    return number


def _constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_constant)


def too_deep(value: Any) -> bool:
    """Whether a JSON value has more than 100 levels."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if inner and isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _reason(text: str, error: json.JSONDecodeError) -> str:
    head = text.lstrip()
    if not head:
        return "empty answer"
    if head.startswith(_FENCE):
        return "code fence around the JSON"
    if error.msg == "Extra data":
        return "trailing text after the JSON"
    if head[0] not in '{["':
        return "text before the JSON" if "{" in head else f"not JSON: {shown(head, 40)}"
    if error.pos >= len(text.rstrip()):
        return "the JSON is cut short"
    return f"broken JSON at character {error.pos}: {shown(text[error.pos : error.pos + 20], 30)}"
