"""How a hosted model is reached: its key, its URL, and what of both may be written down."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from evalkit.errors import ModelUnavailable
from evalkit.models.registry import facts
from evalkit.records.model import ModelSpec

_NO_KEY = "no-key-needed"
_SHORTEST_SECRET = 6  # shorter texts occur in plain words


@dataclass(frozen=True, slots=True)
class Access:
    """Key and URL of one model; without a URL its SDK knows where to ask.

    `own_server` marks a compatible server that the suite names by its URL. `env_prefix` begins the names of the
    provider's own variables.
    """

    key: str
    url: str | None
    own_server: bool
    env_prefix: str | None

    @contextmanager
    def environment(self, sdk_prefix: str) -> Iterator[None]:
        """Hide the variables that an SDK reads while a client for somebody else's server is made.

        The SDKs send some of them along (organisation, project, custom headers with a gateway's token).
        """
        foreign = self.own_server or self.env_prefix != sdk_prefix
        names = [name for name in os.environ if name.startswith(sdk_prefix)] if foreign else []
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


def access_of(spec: ModelSpec) -> Access:
    """The access to a hosted model, by what its provider declares.

    A suite's own `base_url` gets the key of `api_key_env` or none at all, never the vendor's by default.
    Raises ModelUnavailable where the key's variable is unset or holds no key, or where the URL is none.
    """
    known, own_server = facts(spec.provider), spec.base_url is not None
    key_env = spec.api_key_env or (None if own_server else known.key_env)
    key = _read_key(key_env) if key_env else _NO_KEY
    where = "base_url" if own_server else known.url_env
    url = spec.base_url if own_server else os.environ.get(known.url_env or "", known.url)
    if url is not None:
        _check_url(url, where or spec.provider)
    return Access(key, url, own_server, known.env_prefix)


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
