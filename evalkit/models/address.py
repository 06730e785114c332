"""Texts that come from variables: what editors and shells leave around them, and why a URL is none.

A URL in a variable was pasted, read by `$(cat file)` or set by a CI system. What can never be part of it goes where it
stands at an end; in the middle it is told, for nobody knows what was meant.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import SplitResult, urlsplit

_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})  # control, format (zero width, BOM), line ends, spaces
_SCHEMES = ("http", "https")
EXPECTED = "http://… or https://…"


def clean(text: str) -> str:
    """The text without white space and hidden characters at its ends; empty where there is nothing else."""
    start, end = 0, len(text)
    while start < end and _hidden(text[start]):
        start += 1
    while end > start and _hidden(text[end - 1]):
        end -= 1
    return text[start:end]


def url_problem(url: str) -> str | None:
    """Why this is no URL that an API can be asked at, in words that follow `is not a URL:`; None where it is one."""
    for place, character in enumerate(url, 1):
        if _hidden(character):
            return f"character {place} is {_name(character)}"
    try:
        parts = urlsplit(url)
        port_is_good = parts.port != 0
    except ValueError as error:
        return "the port is no number from 1 to 65535" if "ort" in str(error) else "the host is none"
    if parts.scheme not in _SCHEMES:
        return "it does not begin with http:// or https://"
    if not port_is_good:
        return "the port is no number from 1 to 65535"
    return _host_problem(parts)


def holds_password(url: str) -> bool:
    """Whether there is a user or a password before the host, be the rest a URL or not."""
    return "@" in url.partition("://")[2].partition("/")[0]


def shown(url: str) -> str:
    """A text that was meant to be a URL, without what may be a password in it."""
    before, at, after = url.rpartition("@")
    if not at:
        return url
    scheme, slashes, _ = before.partition("://")
    return f"{scheme}{slashes}[hidden]@{after}" if slashes else f"[hidden]@{after}"


def _host_problem(parts: SplitResult) -> str | None:
    host = parts.hostname
    if not host or host.strip(".") == "":
        return "it names no host"
    if parts.query or parts.fragment or parts.path.endswith("?"):
        return "it goes on after the path, with ? or #"
    if not host.isascii():
        try:
            host.encode("idna")
        except UnicodeError:
            return "the host is none"
    elif any(c in host for c in "\"'<>\\^`{|}%$,;=()*+!&~"):
        return "the host is none"
    return None


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE


def _name(character: str) -> str:
    known = {" ": "a space", "\n": "the end of a line", "\r": "a carriage return", "\t": "a tab"}
    if character in known:
        return known[character]
    return f"hidden (U+{ord(character):04X} {unicodedata.name(character, '').lower()}".rstrip() + ")"
