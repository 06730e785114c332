"""The one table that decides what a provider's error means and whether to ask again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import isnan
from time import time
from typing import Any

from evalkit.records.completion import Failure, FailureKind

_MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: it applies when every given condition holds (codes and words: any one of them)."""

    kind: FailureKind
    retry: bool = False
    statuses: frozenset[int | None] = frozenset()
    codes: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def applies(self, status: int | None, codes: set[str], message: str) -> bool:
        """Whether this line speaks of the given error."""
        if self.statuses and status not in self.statuses:
            return False
        if not self.codes and not self.words:
            return True
        return bool(self.codes & codes) or any(word in message for word in self.words)


# An error inside a stream comes with status 200 (Anthropic) or with none (OpenAI).
_INSIDE_A_STREAM = frozenset({None, 200})

# First match wins. `codes` are the machine-readable names in the error body (`type`, `code`); `words` are
# looked for in the lower-cased message, for servers that give no code.
TABLE: tuple[Row, ...] = (
    Row(
        "fatal",
        codes=frozenset(
            {
                "insufficient_quota",
                "billing_error",
                "billing_hard_limit_reached",
                "enforced_spend_limit_reached",
                "contract_spend_limit_reached",
            }
        ),
    ),
    Row("fatal", statuses=frozenset({400}), words=("credit balance is too low",)),
    Row("fatal", statuses=frozenset({401, 402, 403, 404, 405, 410, 415})),
    Row(
        "rejected",
        statuses=frozenset({400, 413, 422}) | _INSIDE_A_STREAM,
        codes=frozenset(
            {
                "context_length_exceeded",
                "exceed_context_size_error",
                "string_above_max_length",
                "request_too_large",
            }
        ),
        words=("prompt is too long", "maximum context length", "exceeds the context", "context window"),
    ),
    Row("rejected", statuses=frozenset({413})),
    Row(
        "rejected",
        statuses=frozenset({400, 422}) | _INSIDE_A_STREAM,
        codes=frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation"}),
        words=("content filter", "content management policy", "usage policy"),
    ),
    Row("infra", retry=True, statuses=frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})),
    Row("ambiguous", statuses=frozenset({400, 422})),
    # The provider's trouble in the middle of an answer.
    Row("infra", retry=True, statuses=_INSIDE_A_STREAM),
)


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error as the wire gave it: status, decoded body (or text), headers."""

    status: int | None
    body: object
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


def classify(error: ApiError) -> Failure:
    """Turn a provider's error into a Failure by the table; unlisted 5xx are retried, other 4xx are fatal."""
    codes, message = _codes(error.body), error.message.lower()
    row = next((r for r in TABLE if r.applies(error.status, codes, message)), None)
    if row is None:
        transient = error.status is None or error.status >= 500
        row = Row("infra", retry=True) if transient else Row("fatal")
    return Failure(
        kind=row.kind,
        reason=_reason(error),
        retryable=_should_retry(row, error.headers),
        retry_after_s=retry_after(error.headers),
        http_status=error.status,
    )


def transport_failure(error: BaseException) -> Failure:
    """Connection, read and time-out trouble: nobody's answer, worth another try.

    The class name is left out: the SDKs call a refused connection a time-out.
    """
    cause = error.__cause__ or error
    text = str(cause).strip() or type(cause).__name__
    return Failure(kind="infra", reason=_shorten(f"connection failed: {text}"), retryable=True)


def not_the_api(status: int, content_type: str | None) -> Failure:
    """A 200 whose body is not the API's JSON: a proxy or captive page in between."""
    what = content_type or "no content type"
    return Failure("infra", f"HTTP {status} with a body that is not the API's JSON ({what})", True, None, status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date.

    None where it asks for nothing: no header, no number, nothing above zero, a date that has passed.
    """
    ms, text = _float(headers.get("retry-after-ms")), headers.get("retry-after")
    seconds = ms / 1000 if ms is not None else _float(text)
    if seconds is None and text:
        try:
            date = parsedate_to_datetime(text)
            # A date without a zone is meant as Greenwich time.
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - time()
        except (TypeError, ValueError, OverflowError):
            return None
    return seconds if seconds is not None and seconds > 0 else None


def _should_retry(row: Row, headers: Mapping[str, str]) -> bool:
    wish = headers.get("x-should-retry")
    if row.kind == "infra" and wish in ("true", "false"):
        return wish == "true"
    return row.retry


def _codes(body: object) -> set[str]:
    """Every `type` and `code` at the top of the body and inside its `error` object, lower-cased."""
    found: set[str] = set()
    todo: list[object] = [body]
    while todo:
        part = todo.pop()
        if isinstance(part, Mapping):
            found.update(str(part[k]).lower() for k in ("type", "code", "error_code") if isinstance(part.get(k), str))
            todo.extend(part[k] for k in ("error", "innererror", "details") if k in part)
    return found - {"error"}


def _reason(error: ApiError) -> str:
    body: Any = error.body
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    message = inner.get("message") if isinstance(inner, Mapping) else inner if isinstance(inner, str) else None
    text = message if isinstance(message, str) and message else error.message or json.dumps(body, default=str)
    return _shorten(text if error.status is None else f"HTTP {error.status}: {text}")


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MAX_REASON else flat[: _MAX_REASON - 1] + "…"


def _float(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return None if number is None or isnan(number) else number
