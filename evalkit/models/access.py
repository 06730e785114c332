"""How a hosted model is reached: its key, its URL, and what of both may be written down."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from evalkit.errors import ModelUnavailable, WrongVariable
from evalkit.models.address import EXPECTED, clean, holds_password, shown, url_problem
from evalkit.models.registry import facts, provider
from evalkit.records.model import ModelSpec

_NO_KEY = "no-key-needed"
_SHORTEST_SECRET = 6  # shorter texts occur in plain words
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_SHORTEST_OTHER = 12  # of a variable that only looks like one that holds a secret


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

        The SDKs send some of them along (organisation, project, custom headers with a gateway's token). For the
        vendor's own, key and URL are given to the client; the others lose what is hidden at their ends, which no
        header can hold, and an empty one is as good as none.
        """
        foreign = self.own_server or self.env_prefix != sdk_prefix
        before = {name: value for name, value in os.environ.items() if name.startswith(sdk_prefix)}
        for name, value in before.items():
            kept = "" if foreign or name.endswith(("_API_KEY", "_BASE_URL")) else clean(value)
            if kept:
                os.environ[name] = kept
            else:
                del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(before)

    def redact(self, text: str) -> str:
        """A text without the key and without a URL's password: servers and libraries quote both.

        A gateway may know the keys of others too: what a variable of this process holds that is named as keys are
        (`…_KEY`, `…_TOKEN`, `…_SECRET`, `…_PASSWORD`) is taken out as well.
        """
        if len(self.key) >= _SHORTEST_SECRET and self.key != _NO_KEY:
            text = text.replace(self.key, "[key]")
        for name, value in os.environ.items():
            secret = value.strip()
            if len(secret) >= _SHORTEST_OTHER and _SECRET_NAME.search(name):
                text = text.replace(secret, "[key]")
        return strip_password(text)


def access_of(spec: ModelSpec) -> Access:
    """The access to a hosted model, by what its provider declares.

    A suite's own `base_url` gets the key of `api_key_env` or none at all, never the vendor's by default.
    Raises ModelUnavailable where the key's variable is unset, and WrongVariable where it holds no key or where the
    URL is none.
    """
    known, own_server = facts(spec.provider), spec.base_url is not None
    key_env = spec.api_key_env or (None if own_server else known.key_env)
    key = read_key(key_env) if key_env else _NO_KEY
    where = "base_url" if own_server else known.url_env
    url = spec.base_url if own_server else read_url(known.url_env) or known.url
    if own_server:
        url = clean(url or "")
        check_url(url, where or spec.provider)
    return Access(key, url, own_server, known.env_prefix)


def check_access(spec: ModelSpec) -> None:
    """Look at all variables that stand between here and a model, before anything is spent.

    Raises WrongVariable where one of them is set to what cannot be used. A model whose key is not set is skipped, and
    passes.
    """
    from evalkit.models.route import route_to

    if not facts(spec.provider).hosted:
        return
    try:
        reached_at = provider(spec.provider).reached_at
        url = access_of(spec).url if reached_at is None else reached_at(spec)
    except ModelUnavailable:
        return
    route_to(url)


def strip_password(text: str) -> str:
    """A URL, or a text that quotes some, without user and password."""
    return re.sub(r"(?<=://)[^/\s?#]*@", "", text)


def read_variable(name: str | None) -> str | None:
    """A variable's text without what editors and shells leave around it; None where nothing is left of it."""
    return clean(os.environ.get(name, "")) or None if name else None


def read_key(name: str) -> str:
    """The key that a variable holds. Raises ModelUnavailable where it is unset, WrongVariable where it is no key."""
    key = read_variable(name)
    if key is None:
        raise ModelUnavailable(f"{name} is not set")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise WrongVariable(f"{name} holds no key", expected="printable ASCII without white space")
    return key


def read_url(name: str | None) -> str | None:
    """The URL that a variable holds, None where it is unset or empty. Raises WrongVariable where it is none."""
    url = read_variable(name)
    if url is not None:
        check_url(url, name or "")
    return url


def check_url(url: str, where: str) -> None:
    """Raises WrongVariable where this is no URL, or where it holds a password; `where` is its variable."""
    if holds_password(url):
        problem = f"{where} holds a user or a password"
        raise WrongVariable(problem, expected="a URL without; name the key's variable as api_key_env")
    problem_of_url = url_problem(url)
    if problem_of_url:
        raise WrongVariable(f"{where} is not a URL: {problem_of_url} ({shown(url)!r})", expected=EXPECTED)
