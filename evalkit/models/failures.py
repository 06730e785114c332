"""What a provider's error means and whether to ask again, by the table `errors.toml`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from math import isfinite
from pathlib import Path
from time import time
from typing import Any, cast

from evalkit.models.error_body import codes_of, message_of, words_of
from evalkit.records.completion import Failure, FailureKind

Redact = Callable[[str], str]

_MAX_REASON = 300
_INSIDE_A_STREAM = 0  # how the table writes an error without a status

# A wait that is told in the message: "Please retry in 45.5s", "try again in 9m38.016s", `"retryDelay": "12s"`.
_UNIT = r"(?:ms|milliseconds?|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s|days?|d)"
_TOLD_WAIT = re.compile(
    r"(?:re)?try(?: again)?(?: in| after|delay\W{1,4})\s*"
    rf"((?:\d+(?:\.\d+)?\s*{_UNIT}\b[\s,]*)+|(?:\d+(?:\.\d+)?(?:ms|h|m|s))+)"
)
_NO_WORDS = re.compile(r"^Error code: \d+$")  # an SDK's own, where a server says nothing
_WAIT_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milli|d|h|m|s)")
_WAIT_SECONDS = {"ms": 0.001, "milli": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

# What stands for a place that is not there at all, by the name of the exception behind it.
_NOT_THERE = {
    "gaierror": "name",
    "ClientConnectorDNSError": "name",
    "SSLError": "tls",
    "SSLCertVerificationError": "tls",
    "ClientSSLError": "tls",
    "ClientConnectorSSLError": "tls",
    "ClientConnectorCertificateError": "tls",
    "ConnectionRefusedError": "unreachable",
    "ClientConnectorError": "unreachable",
}
NOT_THERE = frozenset(_NOT_THERE.values())


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table, see there. `who` are those whose words these are."""

    kind: FailureKind
    cause: str | None = None
    retry: bool = False
    statuses: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    words: tuple[re.Pattern[str], ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()
    who: tuple[str, ...] = ()

    def applies(self, status: int | None, codes: set[str], message: str) -> bool:
        """Whether this line speaks of the given error; `codes` and `message` are in small letters."""
        if self.statuses and (status or _INSIDE_A_STREAM) not in self.statuses:
            return False
        if any(words.search(message) for words in self.unless):
            return False
        if not self.codes and not self.words:
            return True
        return bool(self.codes & codes) or any(_says(words, message) for words in self.words)


def _says(words: re.Pattern[str], message: str) -> bool:
    found = words.search(message)
    if found is None or not words.groupindex:
        return found is not None
    return int(found["asked"]) >= int(found["most"])


@cache
def _file() -> Mapping[str, Any]:
    import tomllib

    return tomllib.loads((Path(__file__).parent / "errors.toml").read_text(encoding="utf-8"))


@cache
def table() -> tuple[Row, ...]:
    """The lines, in their order."""
    return tuple(
        Row(
            kind=cast("FailureKind", row["kind"]),
            cause=row.get("cause"),
            retry=row.get("retry", False),
            statuses=frozenset(row.get("statuses", ())),
            codes=frozenset(row.get("codes", ())),
            words=tuple(re.compile(words) for words in row.get("words", ())),
            unless=tuple(re.compile(words) for words in row.get("unless", ())),
            who=tuple(row["from"]),
        )
        for row in _file()["row"]
    )


def advice(cause: str | None) -> str:
    """What a user can do about a cause; empty where nothing is known."""
    found: str = _file()["advice"].get(cause, "") if cause else ""
    return found


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error as the wire gave it: status, decoded body (or text), headers."""

    status: int | None
    body: object
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


def classify(error: ApiError, redact: Redact = str) -> Failure:
    """Turn a provider's error into a Failure by the table; unlisted 5xx are retried, other 4xx are ambiguous.

    `redact` takes secrets out of the reason, before it is shortened.
    """
    codes, message = codes_of(error.body), words_of(error.body, error.message)
    row = next((r for r in table() if r.applies(error.status, codes, message)), None)
    if row is None:
        status = error.status or 0
        row = Row("ambiguous") if 400 <= status < 500 else Row("infra", retry=True) if status >= 500 else Row("fatal")
    wait = retry_after(error.headers)
    return Failure(
        kind=row.kind,
        reason=_reason(error, redact),
        retryable=_should_retry(row, error.headers),
        retry_after_s=_told_wait(message) if wait is None and row.kind == "infra" else wait,
        http_status=error.status,
        cause=row.cause,
    )


def transport_failure(error: BaseException, redact: Redact = str) -> Failure:
    """Connection, read and time-out trouble: nobody's answer, worth another try.

    The class name is left out: the SDKs call a refused connection a time-out. A place that is not there has a cause.
    """
    cause = error.__cause__ or error
    text = redact(str(cause).strip()) or type(cause).__name__
    found = next((c for name in _behind(error) if (c := _NOT_THERE.get(name))), None)
    return Failure(kind="infra", reason=_shorten(f"connection failed: {text}"), retryable=True, cause=found)


def _behind(error: BaseException | None) -> list[str]:
    """Names of the classes of an error and of those behind it, what is behind and more exact first."""
    names: list[str] = []
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        names = [*(kind.__name__ for kind in type(error).__mro__), *names]
        inner = getattr(error, "os_error", None)
        error = error.__cause__ or error.__context__ or (inner if isinstance(inner, BaseException) else None)
    return names


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


def _told_wait(message: str) -> float | None:
    """The wait that the message asks for, in seconds."""
    found = _TOLD_WAIT.search(message)
    if found is None:
        return None
    return sum(float(n) * _WAIT_SECONDS[unit] for n, unit in _WAIT_PART.findall(found[1])) or None


def _should_retry(row: Row, headers: Mapping[str, str]) -> bool:
    wish = headers.get("x-should-retry")
    if row.kind == "infra" and wish in ("true", "false"):
        return wish == "true"
    return row.retry


def _reason(error: ApiError, redact: Redact) -> str:
    text = redact(message_of(error.body) or _NO_WORDS.sub("", error.message) or "no reason given")
    return _shorten(text if error.status is None else f"HTTP {error.status}: {text}")


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MAX_REASON else flat[: _MAX_REASON - 1] + "…"


def _float(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) else None
