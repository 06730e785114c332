"""Why a server could not be reached, in plain words: what the HTTP library says names its own classes and sockets."""

from __future__ import annotations

import errno
import os
import re
import ssl
from collections.abc import Iterator

import aiohttp

_REFUSED = "{host} refuses the connection: nothing listens there"
# By the system's number of an error; a connection to several addresses tells the numbers of all of them.
_BY_NUMBER = {
    errno.ECONNREFUSED: _REFUSED,
    errno.ENETUNREACH: "there is no way to {host} from this network",
    errno.EHOSTUNREACH: "there is no way to {host} from this network",
    errno.ETIMEDOUT: "{host} does not take the connection in time",
    errno.ECONNRESET: "{host} broke off the connection",
    errno.EPIPE: "{host} broke off the connection",
    errno.EMFILE: "this process may open no more connections (see `ulimit -n`)",
}
# What other programs read for the same purpose, and what does not help here.
_FOREIGN_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def why(error: BaseException, host: str) -> str:
    """One line about what went wrong on the way to a host, such as `api.example` or `127.0.0.1:8000`."""
    causes = tuple(_causes(error))
    proxy = next((e for e in causes if isinstance(e, aiohttp.ClientProxyConnectionError)), None)
    if proxy is not None:
        host = f"the proxy {proxy.host}:{proxy.port}"
    for cause in causes:
        if words := _words(cause, host):
            return words
    return str(error).strip() or type(error).__name__


def was_cut_off(error: BaseException) -> bool:
    """Whether a connection ended before the request was written whole."""
    return isinstance(error, aiohttp.ClientOSError) and "write request body" in str(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it came from: its cause, and what aiohttp keeps beside."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__


def _words(error: BaseException, host: str) -> str | None:
    if isinstance(error, aiohttp.ClientSSLError):
        return None  # it stands for the library's own error, which comes next
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _refused_by_proxy(error.status, host)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"no server is known by the name {host.partition(':')[0]}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _not_trusted(error, host)
    if isinstance(error, ssl.SSLError):
        return _no_tls(error, host)
    if isinstance(error, aiohttp.ServerTimeoutError | TimeoutError):
        return f"{host} does not take the connection in time"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return f"{host} closed the connection without an answer"
    if isinstance(error, OSError) and not isinstance(error, aiohttp.ClientConnectorError):
        return _BY_NUMBER[errno.ECONNRESET].format(host=host) if was_cut_off(error) else _system_words(error, host)
    return None


def _system_words(error: OSError, host: str) -> str | None:
    numbers = {error.errno} if error.errno else {int(n) for n in re.findall(r"Errno (\d+)", str(error))}
    words = [_BY_NUMBER[number] for number in numbers if number in _BY_NUMBER]
    # A name that stands for several addresses: one that refuses is there, the others may not exist here.
    return (_REFUSED if _REFUSED in words else words[0]).format(host=host) if words else None


def _refused_by_proxy(status: int, host: str) -> str:
    if status == 407:
        return f"the proxy on the way to {host} wants a user and a password (HTTP 407)"
    return f"the proxy on the way to {host} refuses to go there (HTTP {status})"


def _not_trusted(error: ssl.SSLCertVerificationError, host: str) -> str:
    reason = error.verify_message or "it cannot be verified"
    if "mismatch" in reason.lower() or "doesn't match" in reason:
        return f"the certificate of {host} is made out to another name: {reason}"
    if "expired" in reason:
        return f"the certificate of {host} has expired"
    advice = "if its authority is your own, name the authority's certificate in SSL_CERT_FILE"
    others = [name for name in _FOREIGN_BUNDLES if os.environ.get(name)]
    if others and not os.environ.get("SSL_CERT_FILE"):
        advice += f" ({others[0]} is not read)"
    return f"the certificate of {host} is not trusted ({reason}); {advice}"


def _no_tls(error: ssl.SSLError, host: str) -> str:
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"):
        return f"{host} does not speak TLS: should its URL begin with http://?"
    return f"{host} and this machine do not agree on TLS ({(error.reason or 'no reason given').lower()})"
