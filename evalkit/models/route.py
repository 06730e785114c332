"""The way to a server: the proxy and the certificates that the environment names.

Both are looked at before anything is asked. What is set and cannot be used is an error that names the variable; it
never shows the value of a proxy, which may hold a password.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from evalkit.errors import WrongVariable
from evalkit.models.address import clean, shown

_SPOKEN = ("http", "https")
_EXPECTED = "such as http://proxy.example:3128, or nothing at all"


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy: its URL without user and password, and these two apart, as they were meant.

    `variable` is the one of the environment that names it.
    """

    url: str
    user: str | None = None
    password: str | None = None
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """How a URL is reached: by a proxy, or directly."""

    proxy: Proxy | None = None


def route_to(url: str | None) -> Route:
    """The way to a URL; None stands for one that is not known yet, and is then taken to need no proxy.

    Raises WrongVariable where a proxy's variable holds no URL, where the proxy that this URL needs speaks another
    protocol than HTTP, and where the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read.
    """
    check_certificates()
    named = {scheme: found for scheme in ("http", "https", "all") if (found := _named(scheme))}
    proxies = {scheme: _parsed(name, text) for scheme, (name, text) in named.items()}
    if url is None or not proxies:
        return Route()
    asked = urlsplit(url)
    scheme = asked.scheme if asked.scheme in proxies else "all"
    if scheme not in proxies or _bypassed(asked):
        return Route()
    parts = proxies[scheme]
    if parts.scheme not in _SPOKEN:
        name = named[scheme][0]
        problem = f"{name} names a {parts.scheme.upper()} proxy, and evalkit speaks to HTTP proxies only"
        better = f"set {asked.scheme.upper()}_PROXY to an HTTP proxy, or name {asked.hostname} in NO_PROXY"
        raise WrongVariable(problem, expected=better)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    user = None if parts.username is None else unquote(parts.username)
    password = unquote(parts.password or "") if user else None
    return Route(Proxy(f"{parts.scheme}://{host}{port}", user, password, named[scheme][0]))


def check_certificates() -> None:
    """Read the certificates that the environment names once. Raises WrongVariable where that fails.

    SSL_CERT_FILE goes before SSL_CERT_DIR, as with the HTTP library.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        check_certificate_file("SSL_CERT_FILE")
    elif folder and not any(_is_readable_folder(part) for part in folder.split(os.pathsep)):
        raise WrongVariable(f"SSL_CERT_DIR: {_why_not(folder)}: {folder}", expected="a folder of certificates")


def check_certificate_file(name: str) -> None:
    """The file that a variable names, where it is set. Raises WrongVariable."""
    path = os.environ.get(name)
    if not path:
        return
    import ssl

    try:
        if os.path.isdir(path):
            raise WrongVariable(f"{name}: this is a folder: {path}", expected="a file of certificates (PEM)")
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise WrongVariable(f"{name}: no certificates in {path}", expected="a file of certificates (PEM)") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise WrongVariable(f"{name}: cannot be read: {path}: {why}", expected="a file of certificates") from None


def _why_not(folder: str) -> str:
    return "no such folder" if not os.path.exists(folder) else "not a folder that can be read"


def _is_readable_folder(path: str) -> bool:
    try:
        os.listdir(path)
    except (OSError, ValueError):
        return False
    return True


def _named(scheme: str) -> tuple[str, str] | None:
    """The variable, or where there is none the system's settings, that names a scheme's proxy, and the text."""
    from urllib.request import getproxies

    text = clean(getproxies().get(scheme) or "")
    if not text:
        return None
    # Lower case goes first, as everywhere.
    names = [name for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY") if os.environ.get(name)]
    return (names[0] if names else f"the system's {scheme} proxy"), text


def _parsed(name: str, text: str) -> SplitResult:
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    # A # or / in a password that was not written as %23 or %2F ends the host there.
    if not usable or "@" in f"{parts.path}{parts.query}{parts.fragment}" or any(c.isspace() for c in url):
        problem = f"{name} is not the URL of a proxy"
        hint = "; in a user or password write % followed by the code, such as %23 for #" if "@" in text else ""
        raise WrongVariable(problem, expected=_EXPECTED + hint)
    if parts.scheme not in _SPOKEN and not parts.scheme.startswith("socks"):
        raise WrongVariable(f"{name} is not the URL of an HTTP proxy", expected=_EXPECTED)
    return parts


def _bypassed(asked: SplitResult) -> bool:
    """Whether NO_PROXY names a host: itself, a domain above it, its address, a network of addresses, or `*`."""
    from urllib.request import getproxies, proxy_bypass

    host = (asked.hostname or "").rstrip(".")
    port = asked.port or {"http": 80, "https": 443}.get(asked.scheme)
    entries = re.split(r"[\s,]+", clean(getproxies().get("no") or "").lower())
    named = [_names(entry, host, port) for entry in entries if entry]  # all are read: a wrong one is told
    if any(named):
        return True
    return not any(entries) and bool(proxy_bypass(host))  # the settings of macOS and Windows


def _names(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    bare = entry.partition("://")[2].rstrip("/") or entry
    address = _address(host)
    if "/" in bare:
        try:
            network = ip_network(bare.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            raise _no_host(entry) from None
        return address is not None and address in network
    if ("[" in bare) != ("]" in bare):
        raise _no_host(entry)
    name, colon, number = bare.rpartition(":")
    if colon and number.isdecimal() and (bare.startswith("[") or ":" not in name):
        if int(number) != port:
            return False
        bare = name
    if address is not None:
        return _address(bare.strip("[]")) == address
    if bare.startswith((".", "*.")):
        return host.endswith("." + bare.lstrip("*."))
    return host == bare or host.endswith("." + bare)


def _no_host(entry: str) -> WrongVariable:
    name = next((name for name in ("no_proxy", "NO_PROXY") if os.environ.get(name)), "NO_PROXY")
    expected = "hosts, domains, addresses or networks, such as localhost,.example.com,10.0.0.0/8"
    return WrongVariable(f"{name} holds what is no host: {shown(entry)!r}", expected=expected)


def _address(text: str) -> object:
    try:
        return ip_address(text)
    except ValueError:
        return None
