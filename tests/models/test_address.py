"""URLs and keys from variables: what is taken away, and what is told."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.models.address import clean, holds_password, shown, url_problem

AROUND = ["\n", "\r\n", "\t", " ", "\u00a0", "\u200b", "\u200d", "\ufeff", "\u2060", "\u2028", "\x00"]


@pytest.mark.parametrize("hidden", AROUND)
def test_what_shells_and_editors_leave_goes_at_the_ends_only(hidden: str) -> None:
    url = "http://127.0.0.1:8000/v1"
    assert clean(f"{hidden}{url}{hidden}") == url
    assert clean(hidden * 3) == ""
    assert clean(f"a{hidden}b") == f"a{hidden}b"
    assert "character 10 is" in str(url_problem(f"http://ho{hidden}st/v1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        "https://api.example.com",
        "http://[::1]:80/v1/",
        "http://my_server.local/v1",
        "https://bücher.example/v1",
        "http://h/a%20b",
    ],
)
def test_a_url_is_one(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "http://"),
        ("localhost:8000", "http://"),
        ("ftp://h", "http://"),
        ('"http://h/v1"', "http://"),
        ("http://", "no host"),
        ("http:///v1", "no host"),
        ("http://h:0", "port"),
        ("http://h:70000", "port"),
        ("http://h:port", "port"),
        ("http://[::1", "host"),
        ("http://a b/v1", "a space"),
        ("http://h/v1?key=1", "after the path"),
        ("http://h/v1#x", "after the path"),
        ("http://${HOST}/v1", "host"),
        ("http://<host>/v1", "host"),
    ],
)
def test_why_a_url_is_none(url: str, words: str) -> None:
    assert words in str(url_problem(url))


@pytest.mark.parametrize("url", ["http://u:p@h", "http://u:p#q@h/v1", "https://u@h:1", "http://u:p?q@h"])
def test_a_password_is_seen_and_not_shown(url: str) -> None:
    assert holds_password(url)
    assert "p" not in shown(url).replace("http", "") and shown(url).endswith(url.rpartition("@")[2])


@given(st.text(max_size=40).map(lambda text: f"http://{text}"))
def test_what_passes_is_taken_by_the_http_library(url: str) -> None:
    if url_problem(url) is None and not holds_password(url) and urlsplit(url).hostname.isascii():  # type: ignore[union-attr]
        assert httpx2.URL(url).host
