"""How a hosted model is reached: its key, its URL, and what of both may be written down."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from evalkit.errors import ModelUnavailable
from evalkit.records.model import ModelSpec

_NO_KEY = "no-key-needed"
_SHORTEST_SECRET = 6  # shorter texts occur in plain words


@dataclass(frozen=True, slots=True)
class Access:
    """Key and URL of one model. `own_server` marks a compatible server that the suite names by its URL."""

    key: str
    own_server: bool
    vendor: str

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Hide the vendor's variables while a client for a suite's own server is made.

        The SDKs send some of them along (organisation, project, custom headers with a gateway's token).
        """
        names = [n for n in os.environ if n.startswith(f"{self.vendor}_")] if self.own_server else []
        hidden = {name: os.environ.pop(name) for name in names}
        try:
            yield
        finally:
            os.environ.update(hidden)

    def redact(self, text: str) -> str:
        """A text without the key and without a URL's password: servers and libraries quote both."""
        if len(self.key) >= _SHORTEST_SECRET and self.key != _NO_KEY:
            text = text.replace(self.key, "[key]")
        return strip_password(text)


def access_of(spec: ModelSpec, vendor: str) -> Access:
    """The access to a model of `vendor` (`OPENAI`, `ANTHROPIC`: how its variables begin).

    A suite's own `base_url` gets the key of `api_key_env` or none at all, never the vendor's by default.
    Raises ModelUnavailable where the key's variable is unset or holds no key, or where the URL is none.
    """
    own_server = spec.base_url is not None
    key_env = spec.api_key_env or (None if own_server else f"{vendor}_API_KEY")
    key = _read_key(key_env) if key_env else _NO_KEY
    variable = f"{vendor}_BASE_URL"
    url = spec.base_url if own_server else os.environ.get(variable)
    if url is not None:
        _check_url(url, "base_url" if own_server else variable)
    return Access(key, own_server, vendor)


def strip_password(text: str) -> str:
    """A URL, or a text that quotes some, without user and password."""
    return re.sub(r"(?<=://)[^/\s?#]*@", "", text)


def _read_key(name: str) -> str:
    """The key without the white space that `$(cat file)` and editors leave around it."""
    key = os.environ.get(name, "").strip()
    if not key:
        raise ModelUnavailable(f"{name} is not set")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ModelUnavailable(f"{name} holds no key: keys are printable ASCII without white space")
    return key


def _check_url(url: str, where: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ModelUnavailable(f"{where} is not a URL: {strip_password(url)!r}")
    if "@" in parts.netloc:
        raise ModelUnavailable(f"{where} holds a user or a password; name the key's variable as api_key_env")
