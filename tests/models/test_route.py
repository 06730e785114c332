"""The proxy and the certificates of the environment: which apply to a URL, and which are told as wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import WrongVariable
from evalkit.models.route import Proxy, route_to

PROXY = "http://proxy.example:3128"
SETTINGS = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def proxy_of(url: str) -> str | None:
    proxy = route_to(url).proxy
    return proxy.url if proxy else None


def test_no_variable_no_proxy() -> None:
    assert route_to("https://api.example.com/v1").proxy is None


@pytest.mark.parametrize(
    ("name", "http", "https"),
    [
        ("HTTP_PROXY", True, False),
        ("https_proxy", False, True),
        ("ALL_PROXY", True, True),
    ],
)
def test_a_proxy_is_for_its_scheme(monkeypatch: pytest.MonkeyPatch, name: str, http: bool, https: bool) -> None:
    monkeypatch.setenv(name, f"{PROXY}\n")
    assert (proxy_of("http://api.example.com") == PROXY) is http
    assert (proxy_of("https://api.example.com") == PROXY) is https


def test_a_schemes_own_proxy_goes_before_the_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1080/")  # as a desktop sets it
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    assert proxy_of("https://api.example.com") == PROXY
    with pytest.raises(WrongVariable, match="ALL_PROXY names a SOCKS proxy"):
        proxy_of("http://api.example.com")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.0/8,::1")
    assert proxy_of("http://127.0.0.1:8000/v1") is None


def test_user_and_password_are_unquoted_and_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:p%23ss%40@[::1]:80")
    assert route_to("https://h").proxy == Proxy("http://[::1]:80", "me", "p#ss@", "HTTPS_PROXY")


@pytest.mark.parametrize(
    ("entry", "url", "direct"),
    [
        ("*", "https://api.example.com", True),
        ("example.com", "https://api.example.com", True),
        (".example.com", "https://api.example.com", True),
        ("*.example.com", "https://api.example.com", True),
        ("ample.com", "https://api.example.com", False),
        ("10.0.0.0/8", "http://10.2.3.4:80", True),
        ("10.0.0.0/8", "http://11.2.3.4:80", False),
        ("10.0.0.0/8", "http://ten.example", False),
        ("fd00::/8", "http://[fd00::1]/v1", True),
        ("[::1]", "http://[::1]:8000/v1", True),
        ("localhost:8000", "http://localhost:8000/v1", True),
        ("localhost:8000", "http://localhost:8001/v1", False),
        ("api.example.com:443", "https://api.example.com/v1", True),
        ("a.example  localhost", "http://LOCALHOST/v1", True),
        ("https://api.example.com/", "https://api.example.com/v1", True),
        ("", "https://api.example.com", False),
    ],
)
def test_no_proxy_names_hosts(monkeypatch: pytest.MonkeyPatch, entry: str, url: str, direct: bool) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", f"other.example,{entry}" if entry else "")
    assert (proxy_of(url) is None) is direct


@pytest.mark.parametrize("entry", ["10.0.0.0/99", "[::1", "a/b"])
def test_a_no_proxy_that_names_no_host(monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", f"localhost,{entry}")
    with pytest.raises(WrongVariable, match="NO_PROXY holds what is no host"):
        route_to("http://localhost")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value",
    [
        "http://proxy:port",
        "http://[::1",
        "http://me:s3cret#1@proxy:80",
        "http://me:s3cret/1@proxy:80",
        "http://",
        "ftp://h",
    ],
)
def test_a_proxy_that_is_none_is_told_by_name_alone(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    for url in ("http://h", "https://h", None):
        with pytest.raises(WrongVariable) as caught:
            route_to(url)
        told = caught.value.render()
        assert name in told and "s3cret" not in told and "\n" in told


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30))
def test_no_value_of_a_variable_raises_anything_else(text: str) -> None:
    for name in ("HTTP_PROXY", "NO_PROXY"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ALL_PROXY", PROXY)
            patch.setenv(name, text)
            try:
                route_to("http://h:1/v1")
            except WrongVariable as error:
                assert name in str(error)


def test_certificates_are_read_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate", encoding="utf-8")
    for value, words in (
        (str(tmp_path / "absent.pem"), "cannot be read"),
        (str(empty), "no certificates in"),
        (str(tmp_path), "this is a folder"),
    ):
        monkeypatch.setenv("SSL_CERT_FILE", value)
        with pytest.raises(WrongVariable, match=f"SSL_CERT_FILE: {words}"):
            route_to("http://h")
    monkeypatch.setenv("SSL_CERT_FILE", "")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "absent"))
    with pytest.raises(WrongVariable, match="SSL_CERT_DIR: no such folder"):
        route_to("http://h")
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'absent'}:{tmp_path}")
    assert route_to("http://h").proxy is None
